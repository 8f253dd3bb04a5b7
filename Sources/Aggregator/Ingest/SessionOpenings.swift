// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Synchronization

/// Counts how often each node opens a session, a minute at a time. What no longer counts is forgotten once a minute, when
/// somebody comes.
///
/// Only nodes whose agent has shown who it is are counted, so nobody can use up another's share.
final class SessionOpenings: Sendable {
    static let window: TimeAmount = .minutes(1)
    /// Nodes that are remembered; several times the connections that there can be.
    private static let mostNodes = 65_536

    private struct Count {
        let began: NIODeadline
        var sessions: Int
    }

    private struct State {
        var counts: [String: Count] = [:]
        var lastForgotten = NIODeadline.distantPast
    }

    private let perWindow: Int
    private let state = Mutex(State())

    init(perWindow: Int) { self.perWindow = perWindow }

    /// How many nodes are remembered.
    var count: Int { state.withLock { $0.counts.count } }

    /// - Returns: whether the node may open another session now.
    func mayOpen(_ node: String, now: NIODeadline) -> Bool {
        state.withLock { state in
            if now - state.lastForgotten >= Self.window {
                state.lastForgotten = now
                // A new dictionary: after a storm the old one would stay as large as the cluster.
                state.counts = state.counts.filter { now - $0.value.began < Self.window }
            }
            if let known = state.counts[node], now - known.began < Self.window {
                guard known.sessions < perWindow else { return false }
                state.counts[node]?.sessions += 1
                return true
            }
            guard state.counts[node] != nil || state.counts.count < Self.mostNodes else { return false }
            state.counts[node] = Count(began: now, sessions: 1)
            return true
        }
    }
}
