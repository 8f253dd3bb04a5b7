// SPDX-License-Identifier: Apache-2.0
import Logging
import NIOCore
import Wire

/// What the push port takes at most, of all agents together and of each.
struct IngestLimits: Sendable {
    /// Connections at a time, those that wait for their handshake included. Four times the largest cluster that Kubernetes
    /// promises to carry; an idle one costs about 20 KB.
    var connections = 20_000
    /// What would allow more of them.
    var wayToMoreConnections = "--max-agents allows more"
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

extension IngestLimits {
    /// Files that are not agents' connections: those of clients and watches, of the API server, and our own.
    private static let otherFiles = 64...1_024

    /// As many agents as the flag allows, and as files can be open. A connection that cannot be accepted would wait, and have the
    /// event loop try again all the time; one too many is closed.
    /// - Parameters:
    ///   - openFiles: how many the process may have; 0 when that is not known.
    ///   - logger: told if the files decide.
    init(_ configuration: AggregatorConfiguration, openFiles: Int, logger: Logger) {
        connections = configuration.maxAgents
        guard openFiles > 0 else { return }
        let others = min(max(openFiles / 4, Self.otherFiles.lowerBound), Self.otherFiles.upperBound)
        let possible = max(openFiles - others, 1)
        guard possible < connections else { return }
        connections = possible
        wayToMoreConnections =
            "a limit of more than \(openFiles) open files allows more (LimitNOFILE, ulimit -Hn), up to --max-agents"
        logger.info(
            "fewer agents can connect than --max-agents allows, as this process may not have more files open",
            metadata: [
                "agents": "\(possible)", "open_files": "\(openFiles)", "max_agents": "\(configuration.maxAgents)",
            ])
    }
}
