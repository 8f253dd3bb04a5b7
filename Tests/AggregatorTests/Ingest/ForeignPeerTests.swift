// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import Aggregator

@Suite("Other peers on the push port")
struct ForeignPeerTests {
    @Test("plain HTTP gets no session and no crash, and the log says what it was")
    func plainHTTP() async throws {
        try await IngestServer.run { server in
            let port = server.port
            let curl = try await offPool { try ChildProcess.run(["curl", "-sS", "http://127.0.0.1:\(port)/"]) }
            #expect(curl.status != 0)
            #expect(try await eventually { server.refused == ["tls": 1] })
            let warnings = server.log.lines(with: "warning connection failed")
            #expect(warnings.count == 1)
            #expect(warnings.first?.contains("HTTP") == true, "\(warnings)")
        }
    }

    @Test(
        "HTTPS and any other protocol name fail the handshake",
        arguments: [[], ["h2", "http/1.1"], ["metrics-push/2"]])
    func wrongProtocol(names: [String]) async throws {
        try await IngestServer.run { server in
            #expect(tlsError { try server.agent(alpn: names) } != nil)
            #expect(try await eventually { server.refused == ["tls": 1] })
            _ = try server.welcomedAgent()
        }
    }

    @Test("a client certificate is enough for the node it names")
    func certificate() async throws {
        try await IngestServer.run { server in
            let agent = try server.agent(identity: TestPKI.shared.clientIdentity())
            try agent.send(.hello(.test("a", token: "")))
            _ = try agent.welcome()
            #expect(server.store.record(named: "a")?.hasSession == true)
        }
    }

    @Test("a client certificate for another node is refused with both names")
    func otherNode() async throws {
        try await IngestServer.run { server in
            let agent = try server.agent(identity: TestPKI.shared.clientIdentity())
            try agent.send(.hello(.test("b", token: "")))
            let refusal = try agent.refusal()
            #expect(refusal.code == .wrongNode)
            #expect(
                refusal.reason
                    == "the client certificate is for system:node:a, not for system:node:b; "
                    + "correct the agent's --node-name or its certificate")
            #expect(server.refused == ["wrong_node": 1])
        }
    }

    @Test(
        "a client certificate of another CA, or one made for servers, is refused with the reason",
        arguments: [(true, "unknown CA"), (false, "unsuitable certificate purpose")])
    func foreignCertificate(isStrangers: Bool, reason: String) async throws {
        let pki = TestPKI.shared
        let identity = isStrangers ? try pki.strangerIdentity() : try pki.serverIdentity()
        try await IngestServer.run { server in
            let agent = try server.agent(identity: identity)
            try agent.send(.hello(.test("a", token: "")))
            let refusal = try agent.refusal()
            #expect(refusal.code == .unauthenticated)
            #expect(refusal.reason.contains(reason))
            #expect(server.refused == ["unauthenticated": 1])
            #expect(server.store.records.isEmpty)
        }
    }

    @Test("fifty agents of one node at once: one has it in the end, and nobody's connection leaks")
    func crowd() async throws {
        try await IngestServer.run { server in
            var agents: [TestAgent] = []
            for _ in 0..<50 { agents.append(try server.welcomedAgent()) }
            #expect(server.openSessions == 50)
            for agent in agents { agent.hangUp(politely: false) }
            #expect(try await eventually { server.openSessions == 0 && server.service.connections.count == 0 })
            #expect(server.metrics.sessionsAccepted.value == 50)
            #expect(server.store.record(named: "n1")?.hasSession == false)
        }
    }
}
