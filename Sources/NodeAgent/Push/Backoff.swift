// SPDX-License-Identifier: Apache-2.0

/// How long to wait before the next attempt: exponential, with full jitter, so that agents which lost the same
/// aggregator at the same moment do not come back at the same moment.
///
/// The first wait after a session that held is drawn from the whole span: whatever ended it has probably ended those of all
/// agents, and the aggregator may be there, so that all would be upon it within the shortest wait. It costs a sample at most.
package struct Backoff: Sendable {
    /// Upper bound of the first wait after a failure.
    package static let first: Duration = .milliseconds(250)
    /// With an interval of 5 s an agent is back within two of them, and 5,000 agents within 15 s.
    static let longest: Duration = .seconds(5)

    private let first: Duration
    private let cap: Duration
    private let span: Duration
    private var attempts = 0
    private var isSpreading = false

    /// - Parameters:
    ///   - interval: of sampling; a wait longer than that would cost samples for nothing.
    ///   - span: upper bound of a wait that all agents have in common; nil: that of the longest wait.
    package init(interval: Duration, first: Duration = Backoff.first, span: Duration? = nil) {
        self.first = first
        cap = min(Self.longest, max(.seconds(1), interval))
        self.span = span ?? cap
    }

    /// - Parameter random: a number in 0..<1.
    package mutating func next(random: Double = .random(in: 0..<1)) -> Duration {
        if isSpreading {
            isSpreading = false
            return span * random
        }
        let bound = min(cap, first * (1 << min(attempts, 10)))
        attempts += 1
        return bound * random
    }

    /// All agents wait now.
    package mutating func spread() { isSpreading = true }

    package mutating func succeeded() {
        attempts = 0
        spread()
    }
}
