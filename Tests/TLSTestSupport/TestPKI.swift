// SPDX-License-Identifier: Apache-2.0
public import TLS

/// One CA and what it issued, shared by all tests of a process: making keys costs time.
public struct TestPKI: Sendable {
    public let authority: CertificateAuthority
    /// For `localhost`, `*.example.com`, 127.0.0.1 and ::1.
    public let server: (certificatePEM: [UInt8], keyPEM: [UInt8])
    /// CN=system:node:a, O=system:nodes.
    public let client: (certificatePEM: [UInt8], keyPEM: [UInt8])
    /// A CA nobody trusts, and its client.
    public let stranger: CertificateAuthority
    public let strangerClient: (certificatePEM: [UInt8], keyPEM: [UInt8])

    public static let shared: TestPKI = {
        do { return try TestPKI() } catch { fatalError("\(error)") }
    }()

    private init() throws {
        authority = try .create(commonName: "test CA", validFor: .seconds(86_400))
        stranger = try .create(commonName: "another CA", validFor: .seconds(86_400))
        server = try authority.issue(
            .init(
                commonName: "server", dnsNames: ["localhost", "*.example.com"], ipAddresses: ["127.0.0.1", "::1"],
                usage: .server, validFor: .seconds(3600)))
        let request = CertificateAuthority.LeafRequest(
            commonName: "system:node:a", organizations: ["system:nodes"], dnsNames: ["a.nodes"], usage: .client,
            validFor: .seconds(3600))
        client = try authority.issue(request)
        strangerClient = try stranger.issue(request)
    }

    public var trust: TrustRoots { .pem(authority.certificatePEM) }

    public func serverIdentity() throws -> TLSIdentity {
        try TLSIdentity(certificatePEM: server.certificatePEM, keyPEM: server.keyPEM)
    }

    public func clientIdentity() throws -> TLSIdentity {
        try TLSIdentity(certificatePEM: client.certificatePEM, keyPEM: client.keyPEM)
    }

    public func strangerIdentity() throws -> TLSIdentity {
        try TLSIdentity(certificatePEM: strangerClient.certificatePEM, keyPEM: strangerClient.keyPEM)
    }

    public func serverContext(
        clients: TLSContext.ClientAuthentication = .none, alpn: [String] = [], requiresALPN: Bool = false
    ) throws -> TLSContext {
        try .server(identity: serverIdentity(), clients: clients, alpn: alpn, requiresALPN: requiresALPN)
    }

    public func clientContext(identity: TLSIdentity? = nil, alpn: [String] = []) throws -> TLSContext {
        try .client(trust: trust, identity: identity, alpn: alpn)
    }

    /// Writes the server's identity and the CA as the files foreign programs want.
    public func writeServer(to directory: TemporaryDirectory) -> (certificate: String, key: String, ca: String) {
        (
            directory.write("server.pem", server.certificatePEM), directory.write("server.key", server.keyPEM),
            directory.write("ca.pem", authority.certificatePEM)
        )
    }
}

/// The error a typed-throwing call ends with; nil if it does not.
public func tlsError<Result>(_ body: () throws -> Result) -> TLSError? where Result: ~Copyable {
    do {
        _ = try body()
        return nil
    } catch {
        return error as? TLSError
    }
}
