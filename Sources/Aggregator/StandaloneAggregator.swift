// SPDX-License-Identifier: Apache-2.0
import Console
import Glibc
import Logging
import MetricsAPI
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TLS
import UnixSignals
import Wire

/// The whole aggregator without an API server: `aggregator --standalone`.
public struct StandaloneAggregator: Sendable {
    private let configuration: AggregatorConfiguration
    private let logger: Logger

    public init(configuration: AggregatorConfiguration) {
        self.configuration = configuration
        logger = StandardErrorLog.logger(label: "aggregator", level: configuration.logLevel)
    }

    /// Serves until SIGTERM or SIGINT.
    /// - Throws: `StartupError` when it cannot start.
    public static func main(_ configuration: AggregatorConfiguration) async throws {
        let aggregator = StandaloneAggregator(configuration: configuration)
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: Running(aggregator: aggregator))],
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: StandardErrorLog.logger(label: "lifecycle", level: .warning)))
        try await group.run()
    }

    /// How often nodes that are gone are dropped from the store.
    private static let forgetInterval: Duration = .seconds(10)

    private struct Running: Service {
        let aggregator: StandaloneAggregator

        func run() async throws { try await aggregator.serve() }
    }

    private func serve() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let directory = try startup { () throws in try StateDirectory(path: configuration.stateDirectory) }
        let credentials = try startup { try StandaloneCredentials(directory: directory) }
        let identity = try startup {
            try credentials.serverIdentity(
                hostName: configuration.nodeNames.first ?? "localhost", address: configuration.bindAddress)
        }
        let store = SampleStore(configuration: configuration.store)
        let ingestMetrics = IngestMetrics()

        let ingest = try await IngestService(
            store: store,
            authenticator: StaticAgentAuthenticator(
                token: credentials.agentToken, nodes: Set(configuration.nodeNames)),
            metrics: ingestMetrics, logger: logger, instance: try Self.instanceName(), group: group)
        let pushContext = try startup {
            try TLSContext.server(
                identity: identity, clients: .optional(.pem(credentials.authority.certificatePEM)),
                alpn: [PushProtocol.alpn], requiresALPN: true)
        }
        let source = StandaloneSource(store: store)
        let server = APIServer(
            router: router(
                store: store, source: source, ingest: ingestMetrics, userToken: credentials.userToken, group),
            logger: logger)
        let apiContext = try startup { try TLSContext.server(identity: identity, alpn: APIServer.protocols) }

        let pushChannel = try await bound(port: configuration.pushPort, flag: "--push-port") {
            try await ingest.bind(host: $0, port: $1, context: pushContext, group: group)
        }
        let apiChannel = try await bound(port: configuration.securePort, flag: "--secure-port") {
            try await server.bind(host: $0, port: $1, context: apiContext, group: group)
        }
        let apiAddress = Self.address(of: apiChannel)
        let pushAddress = Self.address(of: pushChannel)
        try startup {
            try credentials.writeKubeconfig(server: "https://\(apiAddress)", to: directory)
            try credentials.writeAgentCertificate(nodeName: configuration.nodeNames.first ?? "localhost", to: directory)
            // Last: whoever waits for this file finds the others there.
            try directory.write(StandaloneCredentials.File.pushAddress, Array("\(pushAddress)\n".utf8))
        }
        logger.info(
            "aggregator ready",
            metadata: [
                "api": "\(apiAddress)", "push": "\(pushAddress)", "version": "\(Version.text)",
                "kubeconfig": "\(directory.path(of: StandaloneCredentials.File.kubeconfig))",
                "nodes": "\(configuration.nodeNames.joined(separator: ","))",
            ])

        await forgetUntilShutdown(store)
        logger.info("shutting down")
        try? await pushChannel.close()
        try? await apiChannel.close()
        await ingest.connections.closeAll()
        await server.connections.closeAll()
    }

    private func router(
        store: SampleStore, source: StandaloneSource, ingest: IngestMetrics, userToken: [UInt8],
        _ group: any EventLoopGroup
    ) -> RequestRouter {
        let access = StaticRequestAccess(token: userToken)
        let metrics = ServerMetrics()
        let heartbeat = LoopHeartbeat(group: group)
        let ping = HealthCheck(name: "ping") { nil }
        let started = ContinuousClock.now
        let reporting = HealthCheck(name: "agents-reporting") {
            // Never un-ready later because data is missing: that would take the API away from everybody.
            if ContinuousClock.now - started > .seconds(30) || ingest.sessionsAccepted.load(ordering: .relaxed) > 0 {
                return nil
            }
            return "no agent has connected yet"
        }
        return RequestRouter(
            authenticator: access, authorizer: access,
            health: HealthChecks(
                live: [ping, heartbeat.check], ready: [ping, heartbeat.check, reporting], keeping: heartbeat),
            metricsPage: MetricsPage(ingest: ingest, server: metrics, store: store),
            api: MetricsAPIHandler(
                coreStub: CoreStub(source: source),
                versionInfo: VersionInfo(
                    major: "\(Version.major)", minor: "\(Version.minor)", gitVersion: "v\(Version.text)",
                    platform: "linux/\(Self.architecture)")),
            source: source, metrics: metrics)
    }

    private func forgetUntilShutdown(_ store: SampleStore) async {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: Self.forgetInterval)
                store.forgetStale(now: .now)
            }
        }
    }

    private func bound(
        port: Int, flag: String, _ bind: (String, Int) async throws -> any Channel
    ) async throws -> any Channel {
        do {
            return try await bind(configuration.bindAddress, port)
        } catch {
            let inUse = (error as? IOError)?.errnoCode == EADDRINUSE
            throw StartupError(
                "cannot listen on \(configuration.bindAddress):\(port): "
                    + (inUse ? "the port is in use; choose another with \(flag)" : "\(error)"))
        }
    }

    private func startup<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch {
            throw StartupError("\(error)")
        }
    }

    private static func instanceName() throws -> String {
        try Crypto.randomBytes(8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    /// As Go names it, which is what clients of the API expect.
    private static var architecture: String {
        #if arch(x86_64)
            "amd64"
        #elseif arch(arm64)
            "arm64"
        #else
            "unknown"
        #endif
    }

    private static func address(of channel: any Channel) -> String {
        guard let address = channel.localAddress, let host = address.ipAddress, let port = address.port else {
            return ""
        }
        return Endpoint(host: host, port: UInt16(clamping: port)).description
    }
}
