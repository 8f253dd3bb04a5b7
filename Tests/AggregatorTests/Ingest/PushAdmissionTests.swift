// SPDX-License-Identifier: Apache-2.0
import NIOCore
import TLSTestSupport
import Testing
import Wire

@testable import Aggregator

@Suite("What the push port takes at most")
struct PushAdmissionTests {
    @Test("a session that sends far more often than it announced is refused, its node kept")
    func tooFast() async throws {
        try await IngestServer.run { server in
            let agent = try server.welcomedAgent()
            var node = SimulatedNode()
            for second in 0..<60 { try? agent.send(try node.frame(at: 100 + Double(second))) }
            let refusal = try agent.refusal()
            #expect(refusal.code == .protocol)
            #expect(refusal.reason.contains("start one agent for each node"))
            #expect(server.refused == ["rate": 1])
            #expect(server.samples == 0 && server.openSessions == 0)
            #expect(server.store.record(named: "n1") != nil)
        }
    }

    @Test("a node that opens session after session is told to wait, and other nodes are not")
    func tooManySessions() async throws {
        let limits = IngestLimits(sessionsPerMinute: 3)
        let authenticator = OpenDoor()
        try await IngestServer.run(authenticator: authenticator, limits: limits) { server in
            for _ in 0..<3 { try server.welcomedAgent().hangUp(politely: true) }
            let agent = try server.agent()
            try agent.send(.hello(.test()))
            let refusal = try agent.refusal()
            #expect(refusal.code == .overloaded)
            #expect(refusal.reason.hasPrefix("n1 has opened 3 sessions within a minute; it may again in the next"))
            #expect(server.refused == ["session_rate": 1])
            _ = try server.welcomedAgent("n2")
        }
    }

    @Test("connections beyond the cap are closed at once, and one that ends makes room")
    func tooManyConnections() async throws {
        try await IngestServer.run(limits: IngestLimits(connections: 2)) { server in
            let first = try server.welcomedAgent()
            let second = try server.agent()
            #expect(throws: (any Error).self) { _ = try server.agent() }
            #expect(server.refused == ["too_many_connections": 1])
            #expect(server.log.lines(with: "warning agent connections are turned away").count == 1)
            #expect(server.log.lines(with: "--max-agents").count == 1)
            second.hangUp(politely: true)
            #expect(try await eventually { server.service.connections.count == 1 })
            let third = try server.agent()
            // The log does not grow with the attempts, the counter does.
            for _ in 0..<5 { #expect(throws: (any Error).self) { _ = try server.agent() } }
            #expect(server.refused == ["too_many_connections": 6])
            #expect(server.log.lines(with: "turned away").count == 1)
            for agent in [first, third] { agent.hangUp(politely: true) }
        }
    }

    @Test(
        "as many agents as files can be open beside the others, at most as many as the flag allows",
        arguments: [
            (0, 20_000), (64, 1), (100, 36), (1_024, 768), (4_096, 3_072), (20_000, 18_976), (1_048_576, 20_000),
        ])
    func openFiles(openFiles: Int, agents: Int) {
        let log = LogCapture()
        let configuration = AggregatorConfiguration(bindAddress: "::1", securePort: 0, pushPort: 0)
        let limits = IngestLimits(configuration, openFiles: openFiles, logger: log.logger)
        #expect(limits.connections == agents)
        #expect(log.lines(with: "open_files=\(openFiles)").count == (agents < 20_000 ? 1 : 0))
        #expect(limits.wayToMoreConnections.contains("more than \(openFiles) open files") == (agents < 20_000))
    }

    @Test("peers that connect and say nothing hold up the others for their turn only, and are then cut off as ever")
    func silentPeers() async throws {
        // Long enough for the agent to be welcomed before, whoever is held up.
        var times = IngestTimes(handshake: .seconds(60), hello: .seconds(9), tick: .milliseconds(10))
        times.handshakeTurn = .milliseconds(300)
        let limits = IngestLimits(handshakes: 2, waitingHandshakes: 10)
        try await IngestServer.run(times: times, limits: limits) { server in
            let silent = try (0..<4).map { _ in try SilentPeer(port: server.port) }
            // Two are in, two wait; so it takes two turns until the agent is looked at.
            let agent = try await offPool { BlockingAgent(try server.welcomedAgent()) }
            #expect(server.refused.isEmpty)
            #expect(try await eventually(within: 30) { server.refused == ["silent": 4] })
            try await agent { $0.hangUp(politely: true) }
            #expect(try await eventually { server.service.connections.count == 0 })
            for peer in silent { peer.close() }
        }
    }

    @Test("a full queue turns the next away at once, and the shutdown ends those that wait")
    func fullQueue() async throws {
        var times = IngestTimes()
        times.handshakeTurn = .hours(1)
        let limits = IngestLimits(handshakes: 1, waitingHandshakes: 2)
        try await IngestServer.run(times: times, limits: limits) { server in
            let silent = try (0..<4).map { _ in try SilentPeer(port: server.port) }
            #expect(try await eventually { server.refused == ["handshake_queue": 1] })
            #expect(try await offPool { silent[3].isClosed() })
            await server.service.shutDown()
            for peer in silent[0..<3] { #expect(try await offPool { peer.isClosed() }) }
            #expect(server.refused == ["handshake_queue": 1])
            for peer in silent { peer.close() }
        }
    }
}
