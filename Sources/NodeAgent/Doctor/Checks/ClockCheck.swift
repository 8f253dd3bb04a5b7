// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console

/// Whether the wall clock can be right: certificates are verified by it, and start times compared with it.
enum ClockCheck {
    /// 2025-01-01: nothing of this program is older.
    static let earliest: Int64 = 1_735_689_600_000_000_000
    /// As much as the aggregator takes for normal.
    private static let tolerance: Int64 = 10_000_000_000

    static func run(now: Int64, logs: NodeLogs) -> [Finding] {
        let newest = (try? logs.links())?.compactMap(\.entry.modificationTime).max()
        return [judge(now: now, newestLink: newest)]
    }

    /// ns since 1970.
    static func judge(now: Int64, newestLink: Int64?) -> Finding {
        let found = ExplainText.time(now)
        let fix = ["set the clock: is chronyd or systemd-timesyncd running on the node?"]
        guard now >= earliest else { return .fail("clock", "\(found) is in the past", fix: fix) }
        if let newestLink, newestLink - now > tolerance {
            return .warn("clock", "\(found), but a log link was made at \(ExplainText.time(newestLink))", fix: fix)
        }
        return .ok("clock", found)
    }
}
