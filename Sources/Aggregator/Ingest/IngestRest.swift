// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Decides whether an event loop of the push port rests once it has taken what was there, so that the samples of the
/// next moment are taken in one turn.
///
/// With a turn for each sample, waking up, `epoll_wait(2)` and caches that others have filled meanwhile cost as much as the
/// sample itself. Network cards moderate their interrupts for the same reason. A rest costs age, half of its length on
/// average, and saves nothing when only one sample comes in it.
struct IngestRest {
    private let length: TimeAmount
    /// Between two samples, ns: the mean of some tens of them, the last ones most.
    private var gap: Int64
    private var last: NIODeadline?

    /// No gap counts for more: after a long silence only the next samples are of interest.
    private static let longestGap: Int64 = 1_000_000_000
    /// The part of the mean that the newest gap is.
    private static let weight: Int64 = 16

    /// - Parameter length: how long a rest is; zero: there is none.
    init(length: TimeAmount) {
        self.length = length
        gap = Self.longestGap
    }

    mutating func tookSample(at now: NIODeadline) {
        let newest = last.map { min((now - $0).nanoseconds, Self.longestGap) } ?? Self.longestGap
        last = now
        gap += (newest - gap) / Self.weight
    }

    /// Whether two samples or more are to be expected in one rest.
    var isWorthwhile: Bool { 2 * gap <= length.nanoseconds }
}
