// SPDX-License-Identifier: Apache-2.0
import Console
import Formats
import KubeAPI
import KubeTestSupport
import Logging
import ServiceLifecycle
import Synchronization
import TLS
import TLSTestSupport

@testable import Aggregator

/// A whole aggregator of a fake cluster, on loopback ports, with curl and agents as its clients.
final class AggregatorRig: Sendable {
    /// The front proxy's CA is the test PKI's, the users' CA is the stranger's.
    static let authentication = [
        "requestheader-client-ca-file": String(decoding: TestPKI.shared.authority.certificatePEM, as: UTF8.self),
        "requestheader-allowed-names": "[\"front-proxy-client\"]",
        "client-ca-file": String(decoding: TestPKI.shared.stranger.certificatePEM, as: UTF8.self),
    ]
    static let agentUser = "system:serviceaccount:kube-system:metrics-push-agent"

    let cluster: FakeCluster
    let directory = TemporaryDirectory()
    private let group: ServiceGroup
    private let running: Task<Void, any Error>
    private let addresses = Mutex<(api: String, push: String)?>(nil)

    var log: LogCapture { cluster.log }
    private var api: String { addresses.withLock { $0?.api ?? "" } }
    private var push: String { addresses.withLock { $0?.push ?? "" } }

    /// - Parameters:
    ///   - isAway: the API server does not listen at first.
    ///   - certificate: files with one that somebody else made.
    static func run(
        isAway: Bool = false, shutdownDelay: Duration = .zero, certificate: (file: String, key: String)? = nil,
        _ body: (AggregatorRig) async throws -> Void
    ) async throws {
        let rig = try await AggregatorRig(isAway: isAway) { configuration in
            configuration.common.shutdownDelay = shutdownDelay
            (configuration.certificateFile, configuration.keyFile) = (certificate?.file, certificate?.key)
        }
        let result = await Result { () async throws in
            guard try await eventually({ !rig.api.isEmpty }) else { throw NotStarted() }
            try await body(rig)
        }
        try await rig.shutDown()
        await rig.cluster.close()
        try result.get()
    }

    struct NotStarted: Error {}

    private init(isAway: Bool, _ adjust: (inout ClusterConfiguration) -> Void) async throws {
        let cluster = try await FakeCluster()
        self.cluster = cluster
        cluster.authentication.set(
            KubeProto.configMap(KubeProto.metadata("extension-apiserver-authentication"), Self.authentication))
        if isAway { await cluster.server.stop() }
        var configuration = ClusterConfiguration(
            common: AggregatorConfiguration(bindAddress: "127.0.0.1", securePort: 0, pushPort: 0))
        configuration.kubeconfig = directory.write("kubeconfig", Self.kubeconfig(cluster.server))
        adjust(&configuration)
        let aggregator = ClusterAggregator(configuration: configuration, logger: cluster.log.logger)
        let service = Running()
        group = ServiceGroup(configuration: .init(services: [.init(service: service)], logger: cluster.log.logger))
        running = Task { [group] in try await group.run() }
        service.set { [self] in
            try await aggregator.serve { ports in
                addresses.withLock { $0 = (ports.apiAddress, ports.pushAddress) }
            }
        }
    }

    /// What it runs is given later: it needs the rig.
    private final class Running: Service {
        private let body = Mutex<(@Sendable () async throws -> Void)?>(nil)

        func set(_ body: @escaping @Sendable () async throws -> Void) { self.body.withLock { $0 = body } }

        func run() async throws {
            while true {
                if let body = body.withLock({ $0 }) { return try await body() }
                try await Task.sleep(for: .milliseconds(1))
            }
        }
    }

    static func kubeconfig(_ server: FakeAPIServer) -> [UInt8] {
        Array(
            """
            apiVersion: v1
            kind: Config
            current-context: test
            clusters:
            - name: test
              cluster:
                server: \(server.url)
                certificate-authority-data: \(Base64.encode(ClusterFiles.certificateAuthority))
            users:
            - name: test
              user:
                token: token-1
            contexts:
            - name: test
              context:
                cluster: test
                user: test
                namespace: \(FakeCluster.namespace)

            """.utf8)
    }

    func shutDown() async throws {
        await group.triggerGracefulShutdown()
        try await running.value
    }

    // MARK: Clients

    /// The CAs that agents and the API server are told; nil: not yet.
    var publishedCA: [UInt8]? { cluster.configMap.data?["ca.crt"] }

    /// Waits until the certificate is one that the published CA has signed.
    func serves() async throws -> Bool {
        try await eventually { publishedCA != nil && !log.lines(with: "serving a new certificate").isEmpty }
    }

    enum Certificate {
        case none
        case frontProxy
        /// CN=jane, O=dev, by the users' CA.
        case user
        /// By no CA that anybody trusts.
        case unknown
    }

    struct Answer {
        var exit: Int32
        var status: Int
        var body: String
    }

    /// One request of curl, which verifies the certificate by the published CA under the Service's name, once there is one.
    func curl(_ path: String, as client: Certificate = .none, _ headers: [String] = []) async throws -> Answer {
        let host = "metrics-push.kube-system.svc"
        var arguments = ["curl", "-sS", "-m", "15", "-w", "\n%{http_code}", "--connect-to", "::\(api)"]
        if let publishedCA {
            arguments += ["--cacert", directory.write("published.pem", publishedCA)]
        } else {
            arguments.append("-k")
        }
        if let issued = try Self.issue(client) {
            arguments += [
                "--cert", directory.write("client.pem", issued.certificatePEM), "--key",
                directory.write("client.key", issued.keyPEM),
            ]
        }
        for header in headers { arguments += ["-H", header] }
        arguments.append("https://\(host)\(path)")
        let command = arguments
        let (exit, text) = try await offPool { try ChildProcess.run(command) }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return Answer(
            exit: exit, status: Int(lines.last ?? "") ?? 0, body: lines.dropLast().joined(separator: "\n"))
    }

    private static func issue(_ client: Certificate) throws -> (certificatePEM: [UInt8], keyPEM: [UInt8])? {
        let pki = TestPKI.shared
        func issue(_ authority: CertificateAuthority, _ name: String, _ groups: [String] = []) throws
            -> (certificatePEM: [UInt8], keyPEM: [UInt8])
        {
            try authority.issue(
                .init(commonName: name, organizations: groups, usage: .client, validFor: .seconds(3600)))
        }
        return switch client {
        case .none: nil
        case .frontProxy: try issue(pki.authority, "front-proxy-client")
        case .user: try issue(pki.stranger, "jane", ["dev"])
        case .unknown:
            try issue(.create(commonName: "nobody's CA", validFor: .seconds(3600)), "front-proxy-client")
        }
    }

    /// An agent whose token speaks for `node`; nil: the API server does not know it.
    func agent(token: String, node: String? = "n1") async throws -> BlockingAgent {
        if let node {
            cluster.reviews.accept(
                token, KubeUser(name: Self.agentUser, extra: ["authentication.kubernetes.io/node-name": [node]]),
                audiences: ["metrics-push"])
        }
        guard let port = UInt16(push.split(separator: ":").last ?? "") else { throw NotStarted() }
        let trust = TrustRoots.pem(publishedCA ?? [])
        return try await offPool { BlockingAgent(try TestAgent(port: port, trust: trust)) }
    }
}
