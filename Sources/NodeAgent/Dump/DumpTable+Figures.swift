// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// How figures are written for a person.
extension DumpTable {
    /// As kubectl top prints it, with a digit more where a container uses little.
    static func cpu(_ nanocores: UInt64?) -> String {
        guard let nanocores else { return unknown }
        let tenths = nanocores / 100_000
        return tenths < 100 ? "\(decimal(tenths))m" : "\(nanocores / 1_000_000)m"
    }

    static func memory(_ bytes: UInt64?) -> String {
        guard let bytes else { return unknown }
        return bytes < 10 << 20 ? "\(decimal(bytes / 1024 * 10 / 1024))Mi" : "\(bytes >> 20)Mi"
    }

    static func milliseconds(_ nanoseconds: UInt64) -> String { decimal(nanoseconds / 100_000) }

    static func decimal(_ tenths: UInt64) -> String { "\(tenths / 10).\(tenths % 10)" }

    /// Two units are never needed: below two of the next larger one the smaller is told.
    static func age(_ nanoseconds: UInt64?) -> String {
        guard let nanoseconds else { return unknown }
        let seconds = nanoseconds / 1_000_000_000
        if seconds < 120 { return "\(seconds)s" }
        if seconds < 120 * 60 { return "\(seconds / 60)m" }
        if seconds < 48 * 3600 { return "\(seconds / 3600)h" }
        return "\(seconds / 86_400)d"
    }

    /// What share of the last 10 s something waited for CPU, memory and disk, percent.
    static func pressure(_ details: CgroupDetails) -> String {
        let resources = [details.cpuPressure, details.memoryPressure, details.ioPressure]
        if resources.allSatisfy({ $0 == nil }) { return none }
        return resources.map { pressure in
            guard let hundredths = pressure?.some.average10 else { return none }
            // Rounded; a digit after the point where it tells something.
            let tenths = (UInt64(hundredths) + 5) / 10
            return hundredths == 0 || tenths >= 100 ? "\(tenths / 10)" : decimal(tenths)
        }.joined(separator: "/")
    }
}
