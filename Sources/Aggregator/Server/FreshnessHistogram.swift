// SPDX-License-Identifier: Apache-2.0
import Formats
import Synchronization

/// How old served figures were when they were served. The bounds suit a push interval of 1 s to 60 s.
final class FreshnessHistogram: Sendable {
    static let boundsSeconds: [Double] = [0.5, 1, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 30, 60]

    private let counts = Mutex((buckets: [Int](repeating: 0, count: boundsSeconds.count + 1), sumNanoseconds: Int64(0)))

    /// - Parameter ages: ns; one answer's worth, so that the lock is taken once for it.
    func observe(ageNanoseconds ages: [Int64]) {
        counts.withLock { counts in
            for age in ages {
                let seconds = Double(age) / 1e9
                let bucket = Self.boundsSeconds.firstIndex { seconds <= $0 } ?? Self.boundsSeconds.count
                counts.buckets[bucket] += 1
                counts.sumNanoseconds &+= age
            }
        }
    }

    func write(as name: String, help: String, to text: inout PrometheusText) {
        let (buckets, sum) = counts.withLock { ($0.buckets, $0.sumNanoseconds) }
        text.histogram(name, help: help, bounds: Self.boundsSeconds, counts: buckets, sum: Double(sum) / 1e9)
    }
}
