// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing
import Wire

@testable import Aggregator

@Suite("Sessions that are refused")
struct RefusalTests {
    /// Sends some frames and expects to be refused for them.
    private func refusal(
        of frames: [[UInt8]], counted reason: String, _ location: SourceLocation = #_sourceLocation
    ) async throws -> Reject {
        var refusal: Reject?
        try await IngestServer.run { server in
            let agent = try server.agent()
            try agent.send(frames.flatMap { $0 })
            refusal = try agent.refusal()
            #expect(server.refused == [reason: 1], sourceLocation: location)
            #expect(server.openSessions == 0, sourceLocation: location)
            #expect(server.log.lines(with: "warning").count == 1, sourceLocation: location)
            #expect(server.log.lines.allSatisfy { !$0.contains(IngestServer.token) }, sourceLocation: location)
        }
        return try #require(refusal, sourceLocation: location)
    }

    private func frame(_ message: AgentMessage) throws -> [UInt8] { try message.encodedFrame() }

    @Test("a wrong token: the way out is the agent-token file")
    func wrongToken() async throws {
        let refusal = try await refusal(of: [frame(.hello(.test(token: "wrong")))], counted: "unauthenticated")
        #expect(refusal.code == .unauthenticated)
        #expect(refusal.reason.contains("give the agent the agent-token file of its state directory"))
    }

    @Test("no token at all: the way out are the agent's flags")
    func noToken() async throws {
        let refusal = try await refusal(of: [frame(.hello(.test(token: "")))], counted: "unauthenticated")
        #expect(refusal.code == .unauthenticated)
        #expect(refusal.reason.contains("--token-file"))
    }

    @Test("another node than the token's: the way out is a --node-name on either side")
    func wrongNode() async throws {
        let refusal = try await refusal(of: [frame(.hello(.test("n2")))], counted: "wrong_node")
        #expect(refusal.code == .wrongNode)
        #expect(refusal.reason.hasPrefix("the token speaks for n1, not for n2; "))
        #expect(refusal.reason.contains("correct the agent's --node-name"))
        #expect(refusal.reason.contains("name the node to the aggregator's --node-name"))
    }

    @Test("another version of the protocol: the way out is the same release")
    func version() async throws {
        var hello = Hello.test()
        hello.protocolVersion = 9
        let refusal = try await refusal(of: [frame(.hello(hello))], counted: "protocol")
        #expect(refusal.code == .protocol)
        #expect(refusal.reason.contains("install agent and aggregator of the same release"))
    }

    @Test("samples without a Hello")
    func samplesFirst() async throws {
        var node = SimulatedNode()
        let refusal = try await refusal(of: [node.frame(at: 100).bytes], counted: "protocol")
        #expect(refusal == Reject(code: .protocol, reason: "samples came before the session was accepted"))
    }

    @Test("a Credential without a Hello")
    func credentialFirst() async throws {
        let refusal = try await refusal(of: [frame(.credential(IngestServer.token))], counted: "protocol")
        #expect(refusal == Reject(code: .protocol, reason: "a Credential came before the session was accepted"))
    }

    @Test("samples behind a Hello that is still being looked at, and the late verdict changes nothing")
    func samplesBeforeAcceptance() async throws {
        let authenticator = LateAuthenticator()
        try await IngestServer.run(authenticator: authenticator) { server in
            let agent = try server.agent()
            try agent.send(.hello(.test()))
            #expect(try await authenticator.isAsked())
            var node = SimulatedNode()
            try agent.send(try node.frame(at: 100))
            #expect(try agent.refusal().reason == "samples came before the session was accepted")
            try await authenticator.answer(.accepted())
            agent.hangUp(politely: true)
            #expect(try await eventually { server.service.connections.count == 0 })
            #expect(server.store.records.isEmpty)
            #expect(server.refused == ["protocol": 1])
        }
    }

    @Test("a second Hello, before and after the first is accepted", arguments: [true, false])
    func secondHello(isAccepted: Bool) async throws {
        let authenticator = LateAuthenticator()
        try await IngestServer.run(authenticator: authenticator) { server in
            let agent = try server.agent()
            try agent.send(.hello(.test()))
            #expect(try await authenticator.isAsked())
            if isAccepted {
                try await authenticator.answer(.accepted())
                _ = try agent.welcome()
            }
            try agent.send(.hello(.test("n2")))
            let refusal = try agent.refusal()
            #expect(refusal == Reject(code: .protocol, reason: "a session has one Hello; this is the second"))
            #expect(try await eventually { server.openSessions == 0 })
            #expect(server.store.record(named: "n1")?.hasSession == (isAccepted ? false : nil))
            #expect(server.store.record(named: "n2") == nil)
        }
    }

    @Test("an agent that has left before the verdict leaves nothing behind")
    func leftBeforeVerdict() async throws {
        let authenticator = LateAuthenticator()
        try await IngestServer.run(authenticator: authenticator) { server in
            let agent = try server.agent()
            try agent.send(.hello(.test()))
            #expect(try await authenticator.isAsked())
            agent.hangUp(politely: true)
            #expect(try await eventually { server.service.connections.count == 0 })
            try await authenticator.answer(.accepted())
            try await Task.sleep(for: .milliseconds(20))
            #expect(server.store.records.isEmpty)
            #expect(server.openSessions == 0)
        }
    }
}
