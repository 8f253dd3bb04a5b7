// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Wire

/// What the push port takes at most, of all agents together and of each.
struct IngestLimits: Sendable {
    /// Connections at a time, those that wait for their handshake included. Four times the largest cluster that Kubernetes
    /// promises to carry; an idle one costs about 20 KB.
    var connections = 20_000
    /// TLS handshakes at a time. Enough to keep all cores busy while each waits for an agent that is slow to answer (0.2 s,
    /// on nodes that all have work to do again), and so few that the sessions which are open get their turn in between.
    var handshakes = 256
    /// Connections that wait for a handshake: a whole cluster that comes back at once. 2.5 KB each.
    var waitingHandshakes = 8_192
    /// Sessions that one node may open within a minute. An agent whose sessions end at once opens some 30.
    var sessionsPerMinute = 60
    /// Of each session.
    var session = SessionBudget.Limits()
}

extension AggregatorConfiguration {
    var ingestLimits: IngestLimits { IngestLimits(connections: maxAgents) }
}
