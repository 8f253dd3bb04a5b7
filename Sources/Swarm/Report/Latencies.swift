// SPDX-License-Identifier: Apache-2.0

/// How long something took, again and again. Keeps every value, so that percentiles are exact.
struct Latencies: Sendable {
    /// More than a storm an hour of the largest swarm; what comes later is counted only in the memory that it saves.
    private static let most = 200_000

    private var microseconds: [UInt32] = []

    mutating func add(nanoseconds: Int64) {
        if microseconds.count < Self.most { microseconds.append(UInt32(clamping: nanoseconds / 1_000)) }
    }

    mutating func add(_ other: Latencies) {
        microseconds += other.microseconds.prefix(Self.most - microseconds.count)
    }

    var count: Int { microseconds.count }

    /// Nearest rank, µs; nil when there is no value.
    /// - Parameter percent: 1 to 100, in the order asked for.
    func percentiles(_ percents: [Int]) -> [UInt64?] {
        let sorted = microseconds.sorted()
        return percents.map { percent in
            sorted.isEmpty ? nil : UInt64(sorted[max(0, (sorted.count * percent + 99) / 100 - 1)])
        }
    }
}
