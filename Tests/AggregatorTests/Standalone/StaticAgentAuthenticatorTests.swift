// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import Aggregator

private let pki = TestPKI.shared

@Suite("Who may report a node, without an API server")
struct StaticAgentAuthenticatorTests {
    let authenticator: StaticAgentAuthenticator

    init() throws {
        authenticator = StaticAgentAuthenticator(
            token: Array("the-token".utf8), nodes: ["n2", "n1"], certificates: try pki.verifier())
    }

    private func verdict(_ node: String, token: String = "", client: ShownClient? = nil) -> AgentVerdict {
        authenticator.verdict(AgentClaim(nodeName: node, credential: token, client: client))
    }

    private func refusal(_ verdict: AgentVerdict) throws -> Reject {
        guard case .refused(let reject) = verdict else { throw NotRefused(verdict: verdict) }
        return reject
    }

    private struct NotRefused: Error { let verdict: AgentVerdict }

    @Test("the token speaks for the nodes it was made for, for ever")
    func token() {
        #expect(verdict("n1", token: "the-token") == .accepted())
        #expect(verdict("n2", token: "the-token") == .accepted())
        let expected = Reject(
            code: .wrongNode,
            reason: "the token speaks for n1, n2, not for n3; correct the agent's --node-name, "
                + "or name the node to the aggregator's --node-name")
        #expect(verdict("n3", token: "the-token") == .refused(expected))
    }

    @Test("a refusal names a few of thousands of nodes")
    func manyNodes() throws {
        let many = StaticAgentAuthenticator(
            token: Array("the-token".utf8), nodes: Set((0..<5_000).map { "n\($0)" }), certificates: try pki.verifier())
        let reject = try refusal(many.verdict(AgentClaim(nodeName: "x", credential: "the-token", client: nil)))
        #expect(reject.reason.hasPrefix("the token speaks for n0, n1, n10, n100, n1000 and 4995 more, not for x; "))
    }

    @Test("any other token is refused", arguments: ["the-toke", "the-tokens", "The-token", " the-token", "\0"])
    func wrongToken(token: String) throws {
        let reject = try refusal(verdict("n1", token: token))
        #expect(reject.code == .unauthenticated)
        #expect(reject.reason.contains("agent-token"))
        #expect(!reject.reason.contains("the-token"))
    }

    @Test("a wrong token is not saved by a good certificate")
    func tokenFirst() throws {
        let client = try pki.shown(commonName: "system:node:n1")
        #expect(try refusal(verdict("n1", token: "wrong", client: client)).code == .unauthenticated)
    }

    @Test("a certificate of our CA speaks for its node until it ends")
    func certificate() throws {
        let identity = try pki.clientIdentity()
        #expect(
            verdict("a", client: try pki.shown(identity))
                == .accepted(untilUnixSeconds: identity.notAfterUnixSeconds))
        #expect(try refusal(verdict("b", client: try pki.shown(identity))).code == .wrongNode)
    }

    @Test("a certificate of another CA, or one made for servers, is refused", arguments: [true, false])
    func foreignCertificate(isStrangers: Bool) throws {
        let identity = isStrangers ? try pki.strangerIdentity() : try pki.serverIdentity()
        let reject = try refusal(verdict("a", client: try pki.shown(identity)))
        #expect(reject.code == .unauthenticated)
    }

    @Test("who shows nothing is told what to show")
    func nothing() {
        let expected = Reject(
            code: .unauthenticated,
            reason: "no token and no client certificate; start the agent with --token-file, "
                + "or with --cert-file and --key-file")
        #expect(verdict("n1") == .refused(expected))
    }
}
