// SPDX-License-Identifier: Apache-2.0
import Console

/// What `--dump` prints, and how.
package struct DumpOptions: Equatable, Sendable {
    package var format = DumpFormat.table
    /// Again and again, until a signal or until nobody reads.
    package var watches = false
    /// nil: by name.
    package var sort: DumpSort?
    /// So many pods at most, the first in order.
    package var top: Int?
    package var namespace: String?
    /// A POSIX extended regular expression that was tried already.
    package var podPattern: String?
    /// CPU figures are means since the start instead of over the pause between two readings.
    package var sinceStart = false

    package init() {}

    /// - Parameter action: what the run does.
    func validate(for action: AgentAction) throws(FlagError) {
        if action != .dump {
            let given = [
                ("--watch", watches), ("--sort", sort != nil), ("--top", top != nil),
                ("--namespace", namespace != nil), ("--pod", podPattern != nil), ("--since-start", sinceStart),
            ]
            if let (flag, _) = given.first(where: \.1) { throw FlagError("\(flag) goes with --dump, which is missing") }
        }
        if action == .doctor, format != .table, format != .json {
            throw FlagError("--output: --doctor prints table or json")
        }
        if watches, format == .openmetrics {
            throw FlagError(
                "--watch: OpenMetrics text ends with \"# EOF\" and cannot go on; leave it out, or choose another format"
            )
        }
    }
}

package enum DumpFormat: String, CaseIterable, Sendable {
    case table, wide, json, csv, openmetrics
}

/// What the pods, and the containers of each, are in order of: the largest first, names from a to z.
package enum DumpSort: String, CaseIterable, Sendable {
    case cpu, memory, throttle, pressure, age, name
}
