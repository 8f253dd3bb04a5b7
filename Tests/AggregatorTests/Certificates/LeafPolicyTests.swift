// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("The certificate that a replica serves")
struct LeafPolicyTests {
    private let authority = TestPKI.shared.authority
    private let other = TestPKI.shared.stranger
    private let policy = LeafPolicy(
        dnsNames: ["metrics-push.kube-system.svc", "localhost"], ipAddresses: ["127.0.0.1", "::1"])

    @Test("each name and address of it is one that clients verify")
    func names() throws {
        let leaf = try policy.issue(by: authority)
        #expect(leaf.authorityPEM == authority.certificatePEM)
        let server = try TLSContext.server(identity: leaf.identity)
        for name in policy.dnsNames + policy.ipAddresses {
            let pair = try EnginePair(client: TestPKI.shared.clientContext(), server: server, name: name)
            pair.handshake()
            #expect(pair.clientError == nil, "\(name)")
        }
        let pair = try EnginePair(client: TestPKI.shared.clientContext(), server: server, name: "other")
        pair.handshake()
        #expect(pair.clientError?.code == .certificateVerifyFailed)
    }

    private func mustReplace(
        _ leaf: LeafPolicy.Leaf, _ set: AuthoritySet, beforeEnd: Int64 = 86_401, known: Int64 = 0
    ) -> Bool {
        policy.mustReplace(
            leaf, in: set, nowUnixSeconds: leaf.identity.notAfterUnixSeconds - beforeEnd, secondsKnown: known)
    }

    @Test("it is renewed a day before its end")
    func renewal() throws {
        let leaf = try policy.issue(by: authority)
        let set = AuthoritySet(current: authority)
        #expect(!mustReplace(leaf, set))
        #expect(mustReplace(leaf, set, beforeEnd: 86_400))
        #expect(mustReplace(leaf, set, beforeEnd: -1))
    }

    @Test("after the CA was replaced it is served until peers have had time to learn the new one")
    func grace() throws {
        let leaf = try policy.issue(by: authority)
        let set = AuthoritySet(current: other, previousPEM: authority.certificatePEM)
        #expect(!mustReplace(leaf, set, known: 179))
        #expect(mustReplace(leaf, set, known: 180))
    }

    @Test("that time is given also when the CA was replaced twice")
    func twice() throws {
        let leaf = try policy.issue(by: authority)
        let rotation = AuthorityRotation()
        let second = try rotation.fresh(after: AuthoritySet(current: authority))
        let third = try rotation.fresh(after: second)
        #expect(!mustReplace(leaf, third, known: 179))
        #expect(mustReplace(leaf, third, known: 180))
    }

    @Test("it is replaced at once when peers no longer trust its CA")
    func untrusted() throws {
        let leaf = try policy.issue(by: authority)
        #expect(mustReplace(leaf, AuthoritySet(current: other)))
    }
}
