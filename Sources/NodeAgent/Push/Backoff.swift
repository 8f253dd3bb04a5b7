// SPDX-License-Identifier: Apache-2.0

/// How long to wait before the next attempt: exponential, with full jitter, so that agents which lost the same
/// aggregator at the same moment do not come back at the same moment.
package struct Backoff: Sendable {
    /// Upper bound of the first wait.
    package static let first: Duration = .milliseconds(250)
    /// With an interval of 5 s an agent is back within two of them, and 5,000 agents within 15 s.
    static let longest: Duration = .seconds(5)

    private let first: Duration
    private let cap: Duration
    private var attempts = 0

    /// - Parameter interval: of sampling; a wait longer than that would cost samples for nothing.
    package init(interval: Duration, first: Duration = Backoff.first) {
        self.first = first
        cap = min(Self.longest, max(.seconds(1), interval))
    }

    /// - Parameter random: a number in 0..<1.
    package mutating func next(random: Double = .random(in: 0..<1)) -> Duration {
        let bound = min(cap, first * (1 << min(attempts, 10)))
        attempts += 1
        return bound * random
    }

    /// The wait when nobody is there for a moment, and all agents know it: the whole span at once.
    func spread(random: Double = .random(in: 0..<1)) -> Duration { cap * random }

    package mutating func succeeded() {
        attempts = 0
    }
}
