// SPDX-License-Identifier: Apache-2.0

/// How long to wait after a failure: exponential, each wait between half its bound and all of it, so that replicas which
/// lost the same API server do not come back at the same moment.
public struct ReflectorBackoff: Sendable {
    /// Bounds of the first and of every late wait: those of client-go's reflector.
    private let first: Duration
    private let longest: Duration
    private var attempts = 0

    public init(first: Duration = .milliseconds(800), longest: Duration = .seconds(30)) {
        self.first = first
        self.longest = longest
    }

    /// - Parameters:
    ///   - retryAfter: what the server asks for; no less is waited, and never more than ``KubeLimits/longestRetryAfter``.
    ///   - random: in 0..<1.
    public mutating func next(retryAfter: Duration?, random: Double) -> Duration {
        let bound = min(longest, first * (1 << min(attempts, 10)))
        attempts += 1
        return max(bound * (0.5 + random / 2), min(retryAfter ?? .zero, KubeLimits.longestRetryAfter))
    }

    public mutating func reset() { attempts = 0 }
}
