// SPDX-License-Identifier: Apache-2.0

/// How the store turns samples into answers.
public struct StoreConfiguration: Equatable, Sendable {
    /// The shortest span a rate is taken over, once a container is that old. 15 s is as calm as the inputs that the
    /// horizontal pod autoscaler is used to.
    public var rateWindow: Duration
    /// A node that has not been heard of for this long is not served: the autoscaler has no staleness check of its own.
    public var staleAfter: Duration

    public init(rateWindow: Duration = .seconds(15), staleAfter: Duration = .seconds(30)) {
        self.rateWindow = rateWindow
        self.staleAfter = staleAfter
    }

    /// A node that pushes seldom is not stale between two pushes: it may miss two.
    /// - Parameter interval: what the node's agent announced.
    func staleAfter(interval: Duration) -> Duration {
        // Asked for each node of a list. To multiply a duration takes ten times as long as to add it.
        max(staleAfter, interval + interval + interval)
    }
}
