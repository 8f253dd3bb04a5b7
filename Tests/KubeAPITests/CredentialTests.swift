// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import Logging
import NIOPosix
import TLS
import TLSTestSupport
import Testing

@testable import KubeAPI

@Suite("Credentials")
struct CredentialTests {
    private static let path = ClientTests.path

    @Test("a token that was rotated is found after a 401, at once")
    func rotatedToken() async throws {
        let cluster = try await TestCluster()
        cluster.server.on("GET \(Self.path)") { request in
            request.token == "token-2" ? ClientTests.configMap() : .status(401, "Unauthorized", "Unauthorized")
        }
        let refused = await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") }
        #expect(refused?.code == .unauthorized)
        #expect(cluster.server.requests.count == 1)
        cluster.files.write(token: "token-2")
        // A refusal a moment ago does not have the files read again.
        try await Task.sleep(for: .milliseconds(1100))
        _ = try await cluster.client.configMap(namespace: "ns", name: "c")
        #expect(cluster.server.requests.map(\.token) == ["token-1", "token-1", "token-2"])
        await cluster.close()
    }

    @Test("files are read again when they are old; what cannot be read is used on")
    func age() async throws {
        var times = KubeTimes.patient
        times.credentialsAge = .zero
        let cluster = try await TestCluster(times)
        cluster.server.on("GET \(Self.path)") { _ in ClientTests.configMap() }
        for token in ["token-1", "token-2", "", "token-3"] {
            cluster.files.write(token: token)
            _ = try await cluster.client.configMap(namespace: "ns", name: "c")
        }
        #expect(cluster.server.requests.map(\.token) == ["token-1", "token-2", "token-2", "token-3"])
        await cluster.close()
    }

    @Test("a CA that was rotated is found when the server shows a certificate of the new one")
    func rotatedCA() async throws {
        let cluster = try await TestCluster()
        cluster.server.on("GET \(Self.path)") { _ in ClientTests.configMap() }
        _ = try await cluster.client.configMap(namespace: "ns", name: "c")
        let other = try CertificateAuthority.create(commonName: "new CA", validFor: .seconds(3600))
        let leaf = try other.issue(
            .init(commonName: "server", ipAddresses: ["127.0.0.1"], usage: .server, validFor: .seconds(3600)))
        cluster.server.use(
            try .server(identity: TLSIdentity(certificatePEM: leaf.certificatePEM, keyPEM: leaf.keyPEM)))
        await cluster.server.stop()
        try await cluster.server.start()
        let refused = try #require(
            await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") })
        #expect(refused.code == .unreachable)
        cluster.files.write(ca: other.certificatePEM)
        try await Task.sleep(for: .milliseconds(1100))
        _ = try await cluster.client.configMap(namespace: "ns", name: "c")
        await cluster.close()
    }

    @Test("a server of another name is refused")
    func wrongName() async throws {
        let cluster = try await TestCluster()
        let leaf = try TestPKI.shared.authority.issue(
            .init(commonName: "server", dnsNames: ["elsewhere"], usage: .server, validFor: .seconds(3600)))
        cluster.server.use(
            try .server(identity: TLSIdentity(certificatePEM: leaf.certificatePEM, keyPEM: leaf.keyPEM)))
        let error = await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") }
        #expect(error?.code == .unreachable)
        #expect(cluster.server.requests.isEmpty)
        await cluster.close()
    }

    @Test("a client certificate and a server name from a kubeconfig, a host that has to be resolved")
    func clientCertificate() async throws {
        let pki = TestPKI.shared
        let server = try await FakeAPIServer(
            context: pki.serverContext(clients: .required(pki.trust), alpn: ["http/1.1"]))
        server.on("GET /prefix\(Self.path)") { _ in ClientTests.configMap() }
        let files = ClusterFiles()
        _ = files.directory.write("client.pem", pki.client.certificatePEM)
        _ = files.directory.write("client.key", pki.client.keyPEM)
        let path = files.directory.write(
            "config",
            Array(
                """
                current-context: x
                contexts: [{name: x, context: {cluster: c, user: u}}]
                clusters:
                - name: c
                  cluster:
                    server: https://localhost:\(server.port)/prefix
                    certificate-authority: ca.crt
                    tls-server-name: any.example.com
                users: [{name: u, user: {client-certificate: client.pem, client-key: client.key}}]
                """.utf8))
        let client = KubeClient(
            configuration: try .kubeconfig(path: path), group: MultiThreadedEventLoopGroup.singleton, userAgent: "t",
            logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }, times: .patient)
        _ = try await client.configMap(namespace: "ns", name: "c")
        let request = try #require(server.requests.first)
        #expect(request.client == "system:node:a")
        #expect(request.token == nil)
        await client.shutdown()
        await server.stop()
    }
}
