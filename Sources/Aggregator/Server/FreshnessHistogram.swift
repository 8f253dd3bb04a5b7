// SPDX-License-Identifier: Apache-2.0
import Formats
import MetricsAPI
import Synchronization

/// How old served figures were when they were served. The bounds suit a push interval of 1 s to 60 s.
final class FreshnessHistogram: Sendable {
    static let boundsSeconds: [Double] = [0.5, 1, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 30, 60]

    private let counts = Mutex((buckets: [Int](repeating: 0, count: boundsSeconds.count + 1), sumNanoseconds: Int64(0)))

    private static let boundsNanoseconds = boundsSeconds.map { Int64($0 * 1e9) }

    /// Takes the lock once for all figures of an answer.
    func observe(_ served: FiguresList, nowUnixNanoseconds now: Int64) {
        var buckets = [Int](repeating: 0, count: Self.boundsSeconds.count + 1)
        var sum: Int64 = 0
        let bounds = Self.boundsNanoseconds
        for row in served.rows {
            // Negative when the node's clock is ahead.
            let age = now.subtractingSaturating(row.timestampUnixNanoseconds)
            buckets[bounds.firstIndex { age <= $0 } ?? bounds.count] += 1
            sum &+= age
        }
        counts.withLock { counts in
            for at in buckets.indices { counts.buckets[at] += buckets[at] }
            counts.sumNanoseconds &+= sum
        }
    }

    func write(as name: String, help: String, to text: inout PrometheusText) {
        let (buckets, sum) = counts.withLock { ($0.buckets, $0.sumNanoseconds) }
        text.histogram(name, help: help, bounds: Self.boundsSeconds, counts: buckets, sum: Double(sum) / 1e9)
    }
}

extension Int64 {
    fileprivate func subtractingSaturating(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (self > 0 ? .max : .min) : difference
    }
}
