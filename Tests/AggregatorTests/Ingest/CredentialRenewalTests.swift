// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Aggregator

@Suite("A token that is rotated during a session")
struct CredentialRenewalTests {
    /// An open session whose agent has shown a second token.
    private func renewing(_ body: (IngestServer, TestAgent, LateAuthenticator) async throws -> Void) async throws {
        let authenticator = LateAuthenticator()
        try await IngestServer.run(authenticator: authenticator) { server in
            let agent = try server.agent()
            try agent.send(.hello(.test()))
            try await authenticator.answer(.accepted())
            _ = try agent.welcome()
            try agent.send(.credential("fresh"))
            #expect(try await authenticator.isAsked())
            try await body(server, agent, authenticator)
        }
    }

    @Test("samples are taken while it is looked at, and after it was accepted")
    func accepted() async throws {
        try await renewing { server, agent, authenticator in
            var node = SimulatedNode()
            try agent.send(try node.frame(at: 100))
            #expect(try await eventually { server.metrics.framesReceived.value == 3 })
            let claim = try #require(try await authenticator.answer(.accepted()))
            #expect(claim.nodeName == "n1" && claim.credential == "fresh")
            // The next one is looked at again.
            try agent.send(.credential("fresher"))
            #expect(try await authenticator.answer(.accepted())?.credential == "fresher")
            try agent.send(try node.frame(at: 105))
            #expect(try await eventually { server.metrics.framesReceived.value == 5 })
            #expect(server.openSessions == 1)
            #expect(server.refused.isEmpty)
        }
    }

    @Test("one that is refused ends the session with its reason")
    func refused() async throws {
        try await renewing { server, agent, authenticator in
            let reject = Reject(code: .unauthenticated, reason: "expired; restart the agent's pod")
            try await authenticator.answer(.refused(reject))
            #expect(try agent.refusal() == reject)
            #expect(try await eventually { server.openSessions == 0 })
            #expect(server.refused == ["unauthenticated": 1])
            #expect(server.store.record(named: "n1")?.hasSession == false)
        }
    }

    @Test("a second one before the first is answered ends the session, and the late verdict changes nothing")
    func secondWhilePending() async throws {
        try await renewing { server, agent, authenticator in
            try agent.send(.credential("fresher"))
            let refusal = try agent.refusal()
            #expect(refusal.code == .protocol)
            #expect(refusal.reason == "a second Credential came before the first was answered")
            try await authenticator.answer(.accepted())
            #expect(try await eventually { server.openSessions == 0 })
            #expect(server.refused == ["protocol": 1])
        }
    }
}
