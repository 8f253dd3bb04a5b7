// SPDX-License-Identifier: Apache-2.0
import Console
import MetricsAPI
import Testing
import Wire

@testable import Aggregator

@Suite("An agent's session over TLS")
struct SessionTests {
    @Test("Hello, Welcome, samples: and the node is served")
    func samplesAreServed() async throws {
        try await IngestServer.run { server in
            let agent = try server.agent()
            try agent.send(.hello(.test()))
            let welcome = try agent.welcome()
            #expect(welcome.instance == IngestServer.instance)
            #expect(abs(welcome.serverTimeMicroseconds - LogLine.now() / 1_000) < 10_000_000)
            #expect(server.openSessions == 1)

            var node = SimulatedNode()
            node.memoryKiB = 2_000
            for second in [100.0, 105] {
                node.cpuSeconds = second
                try agent.send(
                    node.frame(at: second) {
                        $0.container(0, .app(), at: second, cpuSeconds: second / 10, memoryKiB: 100)
                    })
            }
            #expect(try await eventually { server.samples == 2 })
            let source = StandaloneSource(store: server.store)
            guard case .found(let figures) = source.nodeFigures(named: "n1") else {
                Issue.record("not served")
                return
            }
            #expect(figures.usage == ResourceUsage(cpuNanocores: 1_000_000_000, memoryBytes: 2_000 << 10))
            #expect(source.podFigures(inNamespace: nil).map(\.name) == ["web"])
            let facts = try #require(server.store.record(named: "n1")?.facts)
            #expect(facts == SampleStoreTests.facts(interval: .seconds(1), version: "1.2.3"))
            #expect(server.metrics.framesReceived.value == 3)
            #expect(server.refused.isEmpty)
            #expect(server.log.lines(with: "info session open").count == 1)
        }
    }

    @Test("after a Goodbye the session ends, and the node's data stays until it is stale")
    func goodbye() async throws {
        try await IngestServer.run { server in
            let agent = try server.welcomedAgent()
            var node = SimulatedNode()
            try agent.send(try node.frame(at: 100))
            try agent.send(.goodbye)
            #expect(try agent.next() == nil)
            #expect(try await eventually { server.openSessions == 0 })
            let record = try #require(server.store.record(named: "n1"))
            #expect(!record.hasSession)
            #expect(record.whileFresh(server.store.configuration, now: .now) { _ in true } == true)
            #expect(server.log.lines(with: "session closed") == ["info session closed node=n1"])
            #expect(server.refused.isEmpty)
        }
    }

    @Test("a session whose connection breaks is over, without a word of alarm", arguments: [true, false])
    func hangUp(politely: Bool) async throws {
        try await IngestServer.run { server in
            try server.welcomedAgent().hangUp(politely: politely)
            #expect(try await eventually { server.openSessions == 0 && server.service.connections.count == 0 })
            #expect(server.store.record(named: "n1")?.hasSession == false)
            #expect(server.refused.isEmpty)
            #expect(server.log.lines(with: "warning").isEmpty)
        }
    }

    @Test("the agent that is back takes the session over, and the old connection is told so")
    func superseded() async throws {
        try await IngestServer.run { server in
            let old = try server.welcomedAgent()
            let new = try server.welcomedAgent()
            var (oldNode, newNode) = (SimulatedNode(), SimulatedNode())
            try new.send(try newNode.frame(at: 100))
            try old.send(try oldNode.frame(at: 100))
            let refusal = try old.refusal()
            #expect(refusal.code == .duplicateNode)
            #expect(refusal.reason == "another agent reports n1 now; each node needs a name of its own")
            #expect(server.refused == ["duplicate_node": 1])
            try new.send(try newNode.frame(at: 105))
            #expect(try await eventually { server.metrics.framesReceived.value == 5 })
            #expect(server.store.record(named: "n1")?.hasSession == true)
            #expect(server.openSessions == 1)
        }
    }

    @Test("a node's clock that is off, and right again, is counted and told once each")
    func clock() async throws {
        try await IngestServer.run { server in
            let agent = try server.welcomedAgent()
            // The simulated node lives in 2023.
            var node = SimulatedNode()
            for second in [100.0, 101, 102] { try agent.send(try node.frame(at: second)) }
            node.clockAhead = LogLine.now() / 1_000_000_000 - SimulatedNode.bootUnix - 103
            for second in [103.0, 104] { try agent.send(try node.frame(at: second)) }
            #expect(try await eventually { server.metrics.clockCorrections.value == 2 })
            #expect(server.log.lines(with: "warning the node's clock is off").count == 1)
            #expect(server.log.lines(with: "info the node's clock agrees").count == 1)
        }
    }

    @Test("a shutdown tells every agent to come again, and says goodbye in TLS")
    func shutdown() async throws {
        try await IngestServer.run { server async throws in
            async let refusal = offPool { try server.welcomedAgent().refusal() }
            #expect(try await eventually { server.openSessions == 1 })
            await server.service.shutDown()
            #expect(try await refusal.code == .shuttingDown)
            #expect(server.service.connections.count == 0)
            #expect(server.openSessions == 0)
            #expect(server.refused == ["shutting_down": 1])
            #expect(server.store.record(named: "n1")?.hasSession == false)
            #expect(server.log.lines(with: "warning").isEmpty)
        }
    }
}
