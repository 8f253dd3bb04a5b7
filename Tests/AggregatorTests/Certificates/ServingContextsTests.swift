// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import Aggregator

@Suite("Certificates that change while the ports are open")
struct ServingContextsTests {
    private func identity(_ authority: CertificateAuthority) throws -> TLSIdentity {
        try LeafPolicy(dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"]).issue(by: authority).identity
    }

    @Test("only the first can be temporary")
    func temporary() throws {
        let contexts = try ServingContexts(identity: identity(TestPKI.shared.stranger), isTemporary: true)
        #expect(contexts.isTemporary)
        try contexts.replace(identity: identity(TestPKI.shared.authority))
        #expect(!contexts.isTemporary)
        #expect(try !ServingContexts(identity: identity(TestPKI.shared.authority)).isTemporary)
    }

    @Test("an open session goes on, and the next connection is shown the new certificate")
    func swap() async throws {
        let old = TestPKI.shared.authority
        let new = TestPKI.shared.stranger
        let contexts = try ServingContexts(identity: identity(old))
        try await IngestServer.run(contexts: contexts) { server in
            let agent = try server.welcomedAgent()
            try contexts.replace(identity: identity(new))
            var node = SimulatedNode()
            try agent.send(try node.frame(at: 100))
            #expect(try await eventually { server.metrics.framesReceived.value == 2 })
            #expect(tlsError { try server.agent() }?.code == .certificateVerifyFailed)
            let next = try server.agent(trust: .pem(new.certificatePEM))
            try next.send(.hello(.test()))
            _ = try next.welcome()
        }
    }

    @Test("either port has its own protocols")
    func protocols() throws {
        let contexts = try ServingContexts(identity: identity(TestPKI.shared.authority))
        for (context, name, isTaken) in [
            (contexts.api, "h2", true), (contexts.api, "http/1.1", true), (contexts.push, PushProtocol.alpn, true),
            (contexts.push, "h2", false),
        ] {
            let pair = try EnginePair(client: TestPKI.shared.clientContext(alpn: [name]), server: context)
            pair.handshake()
            #expect((pair.clientError == nil && pair.serverError == nil) == isTaken, "\(name)")
        }
    }
}
