// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

@Suite("Client certificates that are verified after the handshake") struct CertificateVerifierTests {
    /// The server's end of a connection whose client shows `identity`.
    private func server(seeing identity: TLSIdentity?) throws -> TLSEngine {
        let pair = try EnginePair(
            client: pki.clientContext(identity: identity), server: pki.serverContext(clients: .requested))
        pair.handshake()
        #expect(pair.clientError == nil && pair.serverError == nil)
        return pair.server
    }

    @Test("any client may connect, and none counts as verified")
    func requested() throws {
        for identity in [try pki.clientIdentity(), try pki.strangerIdentity()] {
            let server = try server(seeing: identity)
            #expect(server.peerCertificate == nil)
            #expect(server.shownCertificates != nil)
        }
        #expect(try server(seeing: nil).shownCertificates == nil)
    }

    @Test("a certificate counts for the CA that issued it, and for no other")
    func issuers() throws {
        let ours = try CertificateVerifier(trust: pki.trust)
        let theirs = try CertificateVerifier(trust: .pem(pki.stranger.certificatePEM))
        let shown = try #require(try server(seeing: try pki.clientIdentity()).shownCertificates)
        let verified = try ours.verify(shown)
        #expect(verified.commonName == "system:node:a")
        #expect(verified.organizations == ["system:nodes"])
        let refusal = tlsError { try theirs.verify(shown) }
        #expect(refusal?.code == .certificateVerifyFailed)
        #expect(refusal?.message.contains("unknown CA: client certificate 'CN=system:node:a,O=system:nodes'") == true)
        let strangers = try #require(try server(seeing: try pki.strangerIdentity()).shownCertificates)
        #expect(tlsError { try ours.verify(strangers) }?.code == .certificateVerifyFailed)
        #expect(try theirs.verify(strangers).commonName == "system:node:a")
    }

    @Test("a bundle of several CAs accepts what any of them issued")
    func bundle() throws {
        let both = try CertificateVerifier(
            trust: .pem(pki.authority.certificatePEM + pki.stranger.certificatePEM))
        for identity in [try pki.clientIdentity(), try pki.strangerIdentity()] {
            let shown = try #require(try server(seeing: identity).shownCertificates)
            #expect(try both.verify(shown).commonName == "system:node:a")
        }
    }

    @Test("a server's certificate is no client's")
    func purpose() throws {
        let verifier = try CertificateVerifier(trust: pki.trust)
        let shown = try #require(try server(seeing: try pki.serverIdentity()).shownCertificates)
        #expect(tlsError { try verifier.verify(shown) }?.code == .certificateVerifyFailed)
    }

    @Test("a certificate is refused outside of its validity, with the date")
    func validity() throws {
        let verifier = try CertificateVerifier(trust: pki.trust)
        let shown = try #require(try server(seeing: try pki.clientIdentity()).shownCertificates)
        let end = try verifier.verify(shown).notAfterUnixSeconds
        #expect(try verifier.verify(shown, at: end - 1).commonName == "system:node:a")
        let late = tlsError { try verifier.verify(shown, at: end + 1) }
        #expect(late?.message.contains("has expired at") == true)
        let early = tlsError { try verifier.verify(shown, at: end - 90_000) }
        #expect(early?.message.contains("is not valid before") == true)
    }

    @Test("an intermediate that the client sent along completes the chain")
    func intermediates() throws {
        let chain = try IntermediateChain(in: TemporaryDirectory())
        let shown = try #require(try server(seeing: chain.identity).shownCertificates)
        #expect(try CertificateVerifier(trust: .pem(chain.rootPEM)).verify(shown).commonName == "leaf")
        #expect(tlsError { try CertificateVerifier(trust: pki.trust).verify(shown) }?.code == .certificateVerifyFailed)
    }

    @Test("a bundle without a certificate is an error")
    func empty() {
        #expect(tlsError { try CertificateVerifier(trust: .pem(Array("nothing".utf8))) }?.code == .emptyTrust)
    }
}
