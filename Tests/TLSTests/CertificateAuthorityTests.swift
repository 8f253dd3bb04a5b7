// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLS
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

@Suite struct CertificateAuthorityTests {
    @Test("openssl verifies what we issue, for its purpose only")
    func opensslVerify() throws {
        let directory = TemporaryDirectory()
        let ca = directory.write("ca.pem", pki.authority.certificatePEM)
        let server = directory.write("s.pem", pki.server.certificatePEM)
        let client = directory.write("c.pem", pki.client.certificatePEM)
        let verify = ["openssl", "verify", "-x509_strict", "-CAfile", ca]
        try ChildProcess.check(
            verify + ["-purpose", "sslserver", "-verify_hostname", "x.example.com", server])
        try ChildProcess.check(verify + ["-purpose", "sslserver", "-verify_ip", "::1", server])
        try ChildProcess.check(verify + ["-purpose", "sslclient", client])
        #expect(try ChildProcess.run(verify + ["-purpose", "sslclient", server]).status != 0)
        #expect(try ChildProcess.run(verify + ["-purpose", "sslserver", client]).status != 0)
        #expect(try ChildProcess.run(verify + ["-verify_hostname", "example.org", server]).status != 0)
    }

    @Test("The fields are what the standards and Kubernetes expect")
    func fields() throws {
        let directory = TemporaryDirectory()
        let text = try ChildProcess.check([
            "openssl", "x509", "-noout", "-text", "-in", directory.write("c.pem", pki.client.certificatePEM),
        ])
        #expect(text.contains("Version: 3"))
        #expect(text.contains("Subject: O = system:nodes, CN = system:node:a"))
        #expect(text.contains("NIST CURVE: P-256"))
        #expect(text.contains("ecdsa-with-SHA256"))
        #expect(text.contains("CA:FALSE") && text.contains("TLS Web Client Authentication"))
        #expect(!text.contains("TLS Web Server"))
        #expect(text.contains("X509v3 Authority Key Identifier"))
        let authority = try ChildProcess.check([
            "openssl", "x509", "-noout", "-text", "-in", directory.write("ca.pem", pki.authority.certificatePEM),
        ])
        #expect(authority.contains("CA:TRUE, pathlen:0") && authority.contains("Certificate Sign"))
    }

    @Test("Validity starts in the past, lasts as asked, and ends with the CA at the latest")
    func validity() throws {
        let now = Int64(time(nil))
        let authority = try CertificateAuthority.create(commonName: "short", validFor: .seconds(1000))
        #expect((now + 990...now + 1010).contains(authority.notAfterUnixSeconds))
        let long = try authority.issue(.init(commonName: "a", usage: .both, validFor: .seconds(1_000_000)))
        let identity = try TLSIdentity(certificatePEM: long.certificatePEM, keyPEM: long.keyPEM)
        #expect(identity.notAfterUnixSeconds == authority.notAfterUnixSeconds)
        // Past 2049 dates change their form.
        let century = try CertificateAuthority.create(commonName: "c", validFor: .seconds(99 * 365 * 86_400))
        #expect(century.notAfterUnixSeconds > now + 98 * 365 * 86_400)
    }

    @Test("A stored CA issues again, and two certificates never share a serial number")
    func reload() throws {
        let again = try CertificateAuthority(
            certificatePEM: pki.authority.certificatePEM, keyPEM: pki.authority.keyPEM)
        #expect(again.certificatePEM == pki.authority.certificatePEM)
        let leaf = try again.issue(.init(commonName: "b", dnsNames: ["b"], usage: .both, validFor: .seconds(60)))
        let identity = try TLSIdentity(certificatePEM: leaf.certificatePEM, keyPEM: leaf.keyPEM)
        let pair = try EnginePair(client: pki.clientContext(), server: .server(identity: identity), name: "b")
        pair.handshake()
        #expect(pair.clientError == nil)
        let directory = TemporaryDirectory()
        func serial(_ pem: [UInt8]) throws -> String {
            try ChildProcess.check(["openssl", "x509", "-noout", "-serial", "-in", directory.write("x.pem", pem)])
        }
        #expect(try serial(leaf.certificatePEM) != serial(pki.server.certificatePEM))
    }

    @Test("What is not a CA, or another's key, is refused")
    func notACA() {
        let leaf = tlsError {
            try CertificateAuthority(certificatePEM: pki.server.certificatePEM, keyPEM: pki.server.keyPEM)
        }
        #expect(leaf?.code == .badCertificate)
        let key = tlsError {
            try CertificateAuthority(certificatePEM: pki.authority.certificatePEM, keyPEM: pki.stranger.keyPEM)
        }
        #expect(key?.code == .keyMismatch)
    }

    @Test("Names, addresses and validities that cannot be put into a certificate are refused")
    func badRequests() {
        func issue(
            _ commonName: String = "a", organizations: [String] = [], dns: [String] = [], ip: [String] = [],
            seconds: Int64 = 60
        ) -> TLSError.Code? {
            tlsError {
                try pki.authority.issue(
                    .init(
                        commonName: commonName, organizations: organizations, dnsNames: dns, ipAddresses: ip,
                        usage: .both, validFor: .seconds(seconds)))
            }?.code
        }
        #expect(issue() == nil)
        #expect(issue("") == .invalidArgument)
        #expect(issue(String(repeating: "a", count: 65)) == .invalidArgument)
        #expect(issue("a\0b") == .invalidArgument)
        #expect(issue(organizations: ["a\nb"]) == .invalidArgument)
        for name in ["", "a,DNS:b", "a b", "a\0.example", "*", "*.", "127.0.0.1", "a*.b"] {
            #expect(issue(dns: [name]) == .invalidArgument)
        }
        for address in ["", "1.2.3", "1.2.3.4.5", "::1\0", "localhost", "1.2.3.4/8"] {
            #expect(issue(ip: [address]) == .invalidArgument)
        }
        for seconds in [0, -1, Int64.max / 2] { #expect(issue(seconds: seconds) == .invalidArgument) }
    }
}
