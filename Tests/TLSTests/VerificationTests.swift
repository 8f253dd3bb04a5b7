// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

@Suite struct VerificationTests {
    @Test(
        "Names the certificate is for are accepted",
        arguments: ["localhost", "LOCALHOST", "localhost.", "a.example.com", "127.0.0.1", "::1", "0:0:0:0:0:0:0:1"])
    func goodNames(name: String) throws {
        let pair = try EnginePair(client: pki.clientContext(), server: pki.serverContext(), name: name)
        pair.handshake()
        #expect(pair.clientError == nil)
        #expect(pair.server.isHandshakeComplete)
        let isAddress = name.contains(":") || name == "127.0.0.1"
        #expect((pair.server.requestedServerName == nil) == isAddress)
    }

    @Test(
        "Other names are refused, and the error says what was checked and what there is",
        arguments: [
            "example.com", "a.b.example.com", "server", "localhost.localdomain", "127.0.0.2", "::2",
            "xn--a.example.org",
        ])
    func badNames(name: String) throws {
        let pair = try EnginePair(client: pki.clientContext(), server: pki.serverContext(), name: name)
        pair.handshake()
        let error = try #require(pair.clientError)
        #expect(error.code == .certificateVerifyFailed)
        #expect(error.message.contains(name))
        #expect(error.message.contains("localhost, *.example.com, IP 127.0.0.1"))
        #expect(pair.serverError?.code == .handshakeFailed)
    }

    @Test("A wildcard inside a label does not match")
    func partialWildcard() throws {
        let directory = TemporaryDirectory()
        let (certificate, key) = (directory.file("c.pem"), directory.file("k.pem"))
        try ChildProcess.check([
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            key, "-out", certificate, "-subj", "/CN=f.example.org", "-addext", "subjectAltName=DNS:f*.example.org",
            "-days", "1",
        ])
        let identity = try TLSIdentity(certificateFile: certificate, keyFile: key)
        for name in ["foo.example.org", "f.example.org"] {
            let pair = try EnginePair(
                client: .client(trust: .file(certificate)), server: .server(identity: identity), name: name)
            pair.handshake()
            #expect(pair.clientError?.code == .certificateVerifyFailed)
        }
    }

    @Test("A subject's common name is not a host name")
    func commonNameOnly() throws {
        let leaf = try pki.authority.issue(
            .init(commonName: "localhost", usage: .server, validFor: .seconds(600)))
        let identity = try TLSIdentity(certificatePEM: leaf.certificatePEM, keyPEM: leaf.keyPEM)
        let pair = try EnginePair(client: pki.clientContext(), server: .server(identity: identity))
        pair.handshake()
        let error = try #require(pair.clientError)
        #expect(error.code == .certificateVerifyFailed)
        #expect(error.message.contains("no DNS name and no IP address"))
    }

    @Test("A certificate of an unknown CA is refused with the way out")
    func unknownCA() throws {
        let pair = try EnginePair(
            client: .client(trust: .pem(pki.stranger.certificatePEM)), server: pki.serverContext())
        pair.handshake()
        let error = try #require(pair.clientError)
        #expect(error.code == .certificateVerifyFailed)
        #expect(error.message.contains("unknown CA") && error.message.contains("test CA"))
        #expect(error.message.contains("CA file"))
        #expect(pair.serverError?.message.contains("unknown ca") == true)
    }

    @Test("An expired certificate is refused with its date")
    func expired() throws {
        let directory = TemporaryDirectory()
        let expired = try ExpiredCertificate(in: directory)
        let identity = try TLSIdentity(certificateFile: expired.certificateFile, keyFile: expired.keyFile)
        let pair = try EnginePair(
            client: .client(trust: .file(expired.certificateFile)), server: .server(identity: identity))
        pair.handshake()
        let error = try #require(pair.clientError)
        #expect(error.code == .certificateVerifyFailed)
        #expect(error.message.contains("expired at 2020-01-02T03:04:05Z"))
    }

    @Test("A client certificate cannot stand for a server")
    func wrongPurpose() throws {
        let pair = try EnginePair(
            client: pki.clientContext(), server: .server(identity: pki.clientIdentity()), name: "a.nodes")
        pair.handshake()
        #expect(pair.clientError?.code == .certificateVerifyFailed)
    }

    @Test("An intermediate CA is an anchor by itself, and a chain is sent whole")
    func intermediates() throws {
        let chain = try IntermediateChain(in: TemporaryDirectory())
        func connect(_ sent: [UInt8], trust: [UInt8]) throws -> TLSError? {
            let identity = try TLSIdentity(certificatePEM: sent, keyPEM: chain.leafKeyPEM)
            let pair = try EnginePair(client: .client(trust: .pem(trust)), server: .server(identity: identity))
            pair.handshake()
            return pair.clientError
        }
        #expect(try connect(chain.leafPEM + chain.intermediatePEM, trust: chain.rootPEM) == nil)
        #expect(try connect(chain.leafPEM, trust: chain.intermediatePEM) == nil)
        #expect(try connect(chain.leafPEM, trust: chain.rootPEM)?.code == .certificateVerifyFailed)
    }

    // MARK: Client certificates, TLS 1.3

    @Test("A required client certificate is verified and read")
    func requiredClient() throws {
        let pair = try EnginePair(
            client: pki.clientContext(identity: pki.clientIdentity()),
            server: pki.serverContext(clients: .required(pki.trust)))
        pair.handshake()
        #expect(pair.clientError == nil && pair.serverError == nil)
        let peer = try #require(pair.server.peerCertificate)
        #expect(peer.commonName == "system:node:a")
        #expect(peer.organizations == ["system:nodes"])
        #expect(peer.dnsNames == ["a.nodes"])
        #expect(peer.notAfterUnixSeconds > 1_700_000_000)
    }

    @Test("A missing required client certificate is refused, and the client learns why at its first read")
    func missingClient() throws {
        let pair = try EnginePair(
            client: pki.clientContext(), server: pki.serverContext(clients: .required(pki.trust)))
        pair.handshake()
        #expect(pair.serverError?.code == .certificateVerifyFailed)
        #expect(pair.serverError?.message.contains("no certificate") == true)
        // In TLS 1.3 the client is done before the server judges it.
        #expect(pair.clientError == nil)
        let end = pair.read(pair.client).end
        #expect(end == .failed(TLSError(.handshakeFailed, "")))
    }

    @Test("An optional client certificate may be missing, but not wrong")
    func optionalClient() throws {
        let server = try pki.serverContext(clients: .optional(pki.trust))
        let anonymous = try EnginePair(client: pki.clientContext(), server: server)
        anonymous.handshake()
        #expect(anonymous.serverError == nil && anonymous.server.isHandshakeComplete)
        #expect(anonymous.server.peerCertificate == nil)

        let known = try EnginePair(client: pki.clientContext(identity: pki.clientIdentity()), server: server)
        known.handshake()
        #expect(known.server.peerCertificate?.commonName == "system:node:a")
    }

    @Test("A client certificate of an unknown CA is refused", arguments: [true, false])
    func strangerClient(required: Bool) throws {
        let pair = try EnginePair(
            client: pki.clientContext(identity: pki.strangerIdentity()),
            server: pki.serverContext(clients: required ? .required(pki.trust) : .optional(pki.trust)))
        pair.handshake()
        #expect(pair.serverError?.code == .certificateVerifyFailed)
        #expect(pair.serverError?.message.contains("another CA") == true)
        #expect(pair.server.peerCertificate == nil)
    }
}
