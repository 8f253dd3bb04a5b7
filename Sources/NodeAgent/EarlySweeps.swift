// SPDX-License-Identifier: Apache-2.0
import TLS

/// Whether a sweep comes before its tick because a pod or a container was made.
///
/// A pod shows itself first with its sandbox, then with its containers, and these are too young for a rate when they are seen
/// first, so one early sweep would often be two too few. More than a few would let a node that starts jobs all the time be
/// swept as if the interval were shorter.
struct EarlySweeps {
    /// Between two ticks; each begins with a new value.
    static let most = 3
    /// A container's link follows its cgroup by some hundred milliseconds, and its first rate should not be that of its
    /// start alone, over which the aggregator would not take one.
    static let settling: Duration = .seconds(1)

    private var left = most

    /// Whether to listen at all.
    var areLeft: Bool { left > 0 }

    /// When to sweep because of something that was made now; nil: the tick is soon enough.
    mutating func born(nextTick: Deadline) -> Deadline? {
        guard left > 0 else { return nil }
        left -= 1
        let early = Deadline.after(Self.settling)
        // A sweep right before the tick would only cost.
        return early.advanced(by: Self.settling) < nextTick ? early : nil
    }
}
