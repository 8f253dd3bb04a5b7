// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

@Suite struct LoadingTests {
    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    @Test("Missing files and directories are named with the reason")
    func missingFiles() {
        let missing = tlsError { try TLSIdentity(certificateFile: "/nonexistent/c.pem", keyFile: "/nonexistent/k.pem") }
        #expect(missing?.code == .fileUnreadable)
        #expect(missing?.message.contains("/nonexistent/c.pem: No such file") == true)
        #expect(tlsError { try TLSContext.client(trust: .file("/tmp")) }?.code == .fileUnreadable)
        #expect(tlsError { try TLSContext.client(trust: .file("/dev/zero")) }?.code == .fileUnreadable)
    }

    @Test("Garbage, empty and truncated certificates are refused")
    func badCertificates() {
        let good = pki.server.certificatePEM
        let cases: [[UInt8]] = [
            [], bytes("garbage"), [UInt8](repeating: 0xFF, count: 5000),
            bytes("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"),
            bytes("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), Array(good.dropLast(60)),
            good + bytes("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), pki.server.keyPEM,
        ]
        for certificate in cases {
            let error = tlsError { try TLSIdentity(certificatePEM: certificate, keyPEM: pki.server.keyPEM) }
            #expect(error?.code == .badCertificate)
        }
    }

    @Test("Garbage, empty and truncated keys are refused")
    func badKeys() {
        let cases: [[UInt8]] = [
            [], bytes("garbage"), bytes("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            Array(pki.server.keyPEM.dropLast(60)), pki.server.certificatePEM,
        ]
        for key in cases {
            let error = tlsError { try TLSIdentity(certificatePEM: pki.server.certificatePEM, keyPEM: key) }
            #expect(error?.code == .badKey)
        }
    }

    @Test("A key of another certificate is a mismatch, also when the chain is in the wrong order")
    func mismatch() {
        let other = tlsError {
            try TLSIdentity(certificatePEM: pki.server.certificatePEM, keyPEM: pki.client.keyPEM)
        }
        #expect(other?.code == .keyMismatch)
        let order = tlsError {
            try TLSIdentity(
                certificatePEM: pki.authority.certificatePEM + pki.server.certificatePEM, keyPEM: pki.server.keyPEM)
        }
        #expect(order?.code == .keyMismatch)
        #expect(order?.message.contains("must come first") == true)
    }

    @Test("An encrypted key is refused without asking a terminal")
    func encryptedKey() throws {
        let directory = TemporaryDirectory()
        let key = directory.write("k.pem", pki.server.keyPEM)
        let encrypted = directory.file("e.pem")
        try ChildProcess.check(["openssl", "pkey", "-in", key, "-aes256", "-passout", "pass:secret", "-out", encrypted])
        let certificate = directory.write("c.pem", pki.server.certificatePEM)
        let error = tlsError { try TLSIdentity(certificateFile: certificate, keyFile: encrypted) }
        #expect(error?.code == .badKey)
        #expect(error?.message.contains("encrypted") == true)
    }

    @Test("A CA bundle without a certificate is empty trust")
    func emptyTrust() {
        for bundle in [[], bytes("# nothing here\n"), pki.server.keyPEM] {
            #expect(tlsError { try TLSContext.client(trust: .pem(bundle)) }?.code == .emptyTrust)
        }
        let server = tlsError {
            try TLSContext.server(identity: pki.serverIdentity(), clients: .required(.pem([])))
        }
        #expect(server?.code == .emptyTrust)
        let damaged = bytes("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        #expect(tlsError { try TLSContext.client(trust: .pem(damaged)) }?.code == .badCertificate)
    }

    @Test("A bundle may hold comments, several CAs and the same one twice")
    func bundle() throws {
        let bundle =
            bytes("# comment\n") + pki.stranger.certificatePEM + bytes("\n\nmore\n") + pki.authority.certificatePEM
            + pki.authority.certificatePEM
        let pair = try EnginePair(client: .client(trust: .pem(bundle)), server: pki.serverContext())
        pair.handshake()
        #expect(pair.clientError == nil)
    }

    @Test(
        "Certificates and keys made by openssl work",
        arguments: [
            ["-newkey", "rsa:2048"], ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
            ["-newkey", "ed25519"],
        ])
    func opensslKeys(kind: [String]) throws {
        let directory = TemporaryDirectory()
        let (certificate, key) = (directory.file("c.pem"), directory.file("k.pem"))
        try ChildProcess.check(
            ["openssl", "req", "-x509"] + kind + [
                "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=x/O=one/O=two", "-addext",
                "subjectAltName=DNS:localhost,URI:spiffe://a/b,email:a@b.c,otherName:1.2.3;UTF8:x", "-days", "1",
            ])
        let identity = try TLSIdentity(certificateFile: certificate, keyFile: key)
        let pair = try EnginePair(client: .client(trust: .file(certificate)), server: .server(identity: identity))
        pair.handshake()
        #expect(pair.clientError == nil && pair.serverError == nil)
        let peer = try #require(pair.client.peerCertificate)
        #expect(peer.commonName == "x" && peer.organizations == ["one", "two"])
        #expect(peer.dnsNames == ["localhost"] && peer.uris == ["spiffe://a/b"] && peer.ipAddresses == [])
        #expect(peer.notAfterUnixSeconds == identity.notAfterUnixSeconds)
    }

    @Test("A key too small for today is refused by the context")
    func weakKey() throws {
        let directory = TemporaryDirectory()
        let (certificate, key) = (directory.file("c.pem"), directory.file("k.pem"))
        try ChildProcess.check([
            "openssl", "req", "-x509", "-newkey", "rsa:1024", "-nodes", "-keyout", key, "-out", certificate, "-subj",
            "/CN=localhost", "-days", "1",
        ])
        let identity = try TLSIdentity(certificateFile: certificate, keyFile: key)
        let error = tlsError { try TLSContext.server(identity: identity) }
        #expect(error?.code == .badCertificate)
        #expect(error?.message.contains("too small") == true)
    }
}
