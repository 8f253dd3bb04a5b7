// SPDX-License-Identifier: Apache-2.0
import CKernel
import Console
import Logging
import MetricsAPI
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TLS

/// The whole aggregator without an API server: `aggregator --standalone`.
public struct StandaloneAggregator: Sendable {
    private let configuration: StandaloneConfiguration
    private let logger: Logger

    /// Serves until SIGTERM or SIGINT.
    /// - Throws: `StartupError` when it cannot start.
    public static func main(_ configuration: StandaloneConfiguration) async throws {
        let aggregator = StandaloneAggregator(
            configuration: configuration,
            logger: StandardErrorLog.logger(label: "aggregator", level: configuration.common.logLevel))
        try await SignalledService.run { try await aggregator.serve() }
    }

    /// What is made before the ports are open.
    private struct Parts {
        let nodeNames: [String]
        let directory: StateDirectory
        let credentials: StandaloneCredentials
        let contexts: ServingContexts
        let store: SampleStore
        let ingest: IngestService
        let watches: WatchHub
        let server: APIServer

        var hostName: String { nodeNames.first ?? "localhost" }
    }

    private func serve() async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let parts = try parts(group)
        let ports = try await Ports.open(
            configuration.common, ingest: parts.ingest, server: parts.server, contexts: parts.contexts, on: group)
        try announce(ports, parts)
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await parts.store.forgetUntilCancelled() }
            tasks.addTask { await SpareMemory(parts.ingest.metrics).giveBackUntilCancelled() }
            try? await gracefulShutdown()
            logger.info("shutting down")
            try? await Task.sleep(for: configuration.common.shutdownDelay)
            tasks.cancelAll()
        }
        await parts.watches.shutdown()
        await ports.close()
    }

    private func parts(_ group: any EventLoopGroup) throws -> Parts {
        let nodeNames = try NodeNames.all(of: configuration)
        let directory = try StartupError.wrapping { try StateDirectory(path: configuration.stateDirectory) }
        let credentials = try StartupError.wrapping { try StandaloneCredentials(directory: directory) }
        let hostName = nodeNames.first ?? "localhost"
        let contexts = try StartupError.wrapping {
            try ServingContexts(
                identity: credentials.serverIdentity(hostName: hostName, address: configuration.common.bindAddress))
        }
        let store = SampleStore(configuration: configuration.common.store)
        let metrics = IngestMetrics()
        let certificates = try StartupError.wrapping {
            try CertificateVerifier(trust: .pem(credentials.authority.certificatePEM))
        }
        let ingest = IngestService(
            store: store,
            authenticator: StaticAgentAuthenticator(
                token: credentials.agentToken, nodes: Set(nodeNames), certificates: certificates),
            metrics: metrics, logger: logger, instance: try InstanceName.random(),
            limits: IngestLimits(
                configuration.common, openFiles: Int(clamping: CKernel_raise_open_files()), logger: logger),
            group: IngestLoop.group)
        let source = StandaloneSource(store: store)
        let watches = WatchHub(source: source, ticker: WatchTicker(eventLoop: group.next()), logger: logger)
        let server = APIServer(
            responder: router(
                store: store, source: source, watches, ingest: metrics, userToken: credentials.userToken, group),
            logger: logger)
        return Parts(
            nodeNames: nodeNames, directory: directory, credentials: credentials, contexts: contexts, store: store,
            ingest: ingest, watches: watches, server: server)
    }

    private func announce(_ ports: Ports, _ parts: Parts) throws {
        let directory = parts.directory
        try StartupError.wrapping {
            try parts.credentials.writeKubeconfig(server: "https://\(ports.apiAddress)", to: directory)
            try parts.credentials.writeAgentCertificate(nodeName: parts.hostName, to: directory)
            // Last: whoever waits for this file finds the others there.
            try directory.write(StandaloneCredentials.File.pushAddress, Array("\(ports.pushAddress)\n".utf8))
        }
        logger.info(
            "aggregator ready",
            metadata: [
                "api": "\(ports.apiAddress)", "push": "\(ports.pushAddress)", "version": "\(Version.text)",
                "kubeconfig": "\(directory.path(of: StandaloneCredentials.File.kubeconfig))",
                "nodes": "\(NodeNames.shown(parts.nodeNames))",
            ])
    }

    private func router(
        store: SampleStore, source: StandaloneSource, _ watches: WatchHub, ingest: IngestMetrics, userToken: [UInt8],
        _ group: any EventLoopGroup
    ) -> RequestRouter {
        let access = StaticRequestAccess(token: userToken)
        let metrics = ServerMetrics(limits: configuration.common.admission)
        let heartbeat = LoopHeartbeat(groups: group, IngestLoop.group)
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
            authenticator: access, authorizer: access, alwaysAllowed: .probes,
            health: HealthChecks(
                live: [ping, heartbeat.check], ready: [ping, heartbeat.check, reporting], keeping: heartbeat),
            metricsPage: MetricsPage(ingest: ingest, server: metrics, store: store, watches: watches.metrics),
            api: MetricsAPIHandler(coreStub: CoreStub(source: source), watches: watches, versionInfo: .current),
            source: source, metrics: metrics)
    }
}
