// SPDX-License-Identifier: Apache-2.0
import TLS
import Testing
import Wire

@testable import Aggregator

@Suite("Who may report a node, without an API server")
struct StaticAgentAuthenticatorTests {
    let authenticator = StaticAgentAuthenticator(token: Array("the-token".utf8), nodes: ["n2", "n1"])

    private func verdict(_ node: String, token: String = "", certificate: PeerCertificate? = nil) -> AgentVerdict {
        authenticator.verdict(AgentClaim(nodeName: node, credential: token, certificate: certificate))
    }

    private func certificate(_ name: String?, dns: [String] = []) -> PeerCertificate {
        PeerCertificate(commonName: name, dnsNames: dns, notAfterUnixSeconds: 0)
    }

    @Test("the token speaks for the nodes it was made for")
    func token() {
        #expect(verdict("n1", token: "the-token") == .accepted)
        #expect(verdict("n2", token: "the-token") == .accepted)
        let expected = Reject(
            code: .wrongNode,
            reason: "the token speaks for n1, n2, not for n3; correct the agent's --node-name, "
                + "or name the node to the aggregator's --node-name")
        #expect(verdict("n3", token: "the-token") == .refused(expected))
    }

    @Test("any other token is refused", arguments: ["the-toke", "the-tokens", "The-token", " the-token", "\0"])
    func wrongToken(token: String) {
        guard case .refused(let reject) = verdict("n1", token: token) else {
            Issue.record("accepted")
            return
        }
        #expect(reject.code == .unauthenticated)
        #expect(reject.reason.contains("agent-token"))
        #expect(!reject.reason.contains("the-token"))
    }

    @Test("a wrong token is not saved by a good certificate")
    func tokenFirst() {
        #expect(verdict("n1", token: "wrong", certificate: certificate("system:node:n1")) != .accepted)
    }

    @Test("a certificate speaks for the node in its common name or its DNS names")
    func certificates() {
        #expect(verdict("n1", certificate: certificate("system:node:n1")) == .accepted)
        #expect(verdict("n9", certificate: certificate("x", dns: ["n8", "n9"])) == .accepted)
        for foreign in ["system:node:n2", "n1", "system:node:", "system:node:n1.", "SYSTEM:NODE:n1"] {
            guard case .refused(let reject) = verdict("n1", certificate: certificate(foreign)) else {
                Issue.record("\(foreign) accepted")
                continue
            }
            #expect(reject.code == .wrongNode)
            #expect(reject.reason.hasPrefix("the client certificate is for \(foreign), not for system:node:n1; "))
        }
        guard case .refused(let nameless) = verdict("n1", certificate: certificate(nil)) else {
            Issue.record("accepted")
            return
        }
        #expect(nameless.reason.contains("no common name"))
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
