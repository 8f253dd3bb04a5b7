// SPDX-License-Identifier: Apache-2.0
import CKernel
import Console
import KubeAPI
import Logging
import MetricsAPI
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TLS
import Wire

/// The whole aggregator in a cluster: an extension API server behind the API server's aggregation layer.
///
/// Both ports are open from the first second; what is needed to answer well is fetched meanwhile, and readiness says so.
public struct ClusterAggregator: Sendable {
    let configuration: ClusterConfiguration
    let logger: Logger

    /// Serves until SIGTERM or SIGINT.
    /// - Throws: `StartupError` when it cannot start.
    public static func main(_ configuration: ClusterConfiguration) async throws {
        let aggregator = ClusterAggregator(
            configuration: configuration,
            logger: StandardErrorLog.logger(label: "aggregator", level: configuration.common.logLevel))
        try await SignalledService.run { try await aggregator.serve() }
    }

    /// Serves until a graceful shutdown.
    /// - Parameter started: called once the ports are open.
    func serve(started: (Ports) -> Void = { _ in }) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        let cluster = try ClusterIdentity(configuration)
        let clients = try ClusterClients(configuration, cluster, group: group, logger: logger)
        let client = clients.general
        let metrics = IngestMetrics()
        let store = SampleStore(
            configuration: configuration.common.store, owners: PodOwners { log(refusedPod: $0, metrics) })
        let directory = ClusterDirectory()
        let informers = ClusterInformers(client: client, directory: directory, logger: logger)
        let trust = CurrentClientTrust()
        let follower = TrustFollower(
            trust: trust, overrides: try StartupError.wrapping { try configuration.authentication.overrides() },
            logger: logger)
        let contexts = try StartupError.wrapping {
            try ServingContexts(identity: cluster.temporaryIdentity(), isTemporary: true)
        }
        let keeper = try certificateKeeper(cluster, client, contexts)
        let refusedProxies = RefusedProxies(logger: logger)
        let naming = NamingMetrics()
        let namer = ContainerNamer(
            client: client, directory: directory, store: store, metrics: naming, logger: logger,
            isListed: { informers.havePods })

        let ingest = IngestService(
            store: store, authenticator: try agentAuthenticator(cluster, clients), metrics: metrics, logger: logger,
            instance: try InstanceName.random(),
            limits: IngestLimits(
                configuration.common, openFiles: Int(clamping: CKernel_raise_open_files()), logger: logger),
            group: IngestLoop.group)
        let readiness = ClusterReadiness(
            informers: informers, follower: follower,
            toleratesUnknownProxy: configuration.authentication.toleratesLookupFailure, contexts: contexts,
            directory: directory, store: store, refusedProxies: refusedProxies)
        let heartbeat = LoopHeartbeat(groups: group, IngestLoop.group)
        let source = ClusterSource(directory: directory, store: store)
        let watches = WatchHub(source: source, ticker: WatchTicker(eventLoop: group.next()), logger: logger)
        let server = APIServer(
            responder: router(
                clients, trust, refusedProxies, store: store, source: source, watches, ingest: metrics, naming,
                heartbeat, readiness),
            logger: logger)
        let ports = try await Ports.open(
            configuration.common, ingest: ingest, server: server, contexts: contexts, on: group)
        logger.info(
            "aggregator started",
            metadata: [
                "api": "\(ports.apiAddress)", "push": "\(ports.pushAddress)", "version": "\(Version.text)",
                "cluster": "\(cluster.kube.server)", "namespace": "\(cluster.namespace)",
            ])
        started(ports)
        let spare = SpareMemory(metrics, others: { directory.replacements.load(ordering: .relaxed) })
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await keeper.run() }
            tasks.addTask { await informers.run() }
            tasks.addTask { await namer.run() }
            tasks.addTask { await follow(follower, clients.authentication) }
            tasks.addTask { await store.forgetUntilCancelled() }
            tasks.addTask { await spare.giveBackUntilCancelled() }
            await untilShutdown(readiness)
            tasks.cancelAll()
        }
        await watches.shutdown()
        await ports.close()
        await clients.shutdown()
    }

    /// Waits for the signal, and then for as long as load balancers need to turn away.
    private func untilShutdown(_ readiness: ClusterReadiness) async {
        try? await gracefulShutdown()
        logger.info("shutting down")
        readiness.isShuttingDown.store(true, ordering: .relaxed)
        try? await Task.sleep(for: configuration.common.shutdownDelay)
    }

    private func log(refusedPod refusal: PodOwners.Refusal, _ metrics: IngestMetrics) {
        metrics.podClaimsRefused.add(1, ordering: .relaxed)
        logger.warning(
            "a node reports another node's pod; not taken",
            metadata: [
                "pod_uid": "\(refusal.podUID)", "claimant": "\(refusal.claimant)", "owner": "\(refusal.owner)",
            ])
    }

    private func follow(_ follower: TrustFollower, _ client: KubeClient) async {
        guard !configuration.authentication.skipsLookup else {
            follower.applyOverridesOnly()
            return
        }
        await Reflector(
            client: client,
            resource: KubeResource(plural: "configmaps", namespace: ExtensionAuthentication.namespace),
            fieldSelector: "metadata.name=\(ExtensionAuthentication.configMapName)", sink: follower
        ).run()
    }

    private func certificateKeeper(
        _ cluster: ClusterIdentity, _ client: KubeClient, _ contexts: ServingContexts
    ) throws -> any ServingCertificates {
        if let certificateFile = configuration.certificateFile, let keyFile = configuration.keyFile {
            let files = CertificateFiles(
                certificateFile: certificateFile, keyFile: keyFile, contexts: contexts, logger: logger)
            // What is wrong with them is said now, not by failing probes.
            _ = try StartupError.wrapping { try files.identity() }
            return files
        }
        return CertificateKeeper(
            store: ClusterAuthorityStore(
                client: client, namespace: cluster.namespace, secretName: configuration.authorityName,
                configMapName: configuration.authorityName, serviceName: configuration.serviceName,
                apiServiceNames: MetricsVersion.allCases.map(\.apiServiceName)),
            policy: cluster.leafPolicy, contexts: contexts, logger: logger)
    }

    private func agentAuthenticator(
        _ cluster: ClusterIdentity, _ clients: ClusterClients
    ) throws -> ClusterAgentAuthenticator {
        ClusterAgentAuthenticator(
            rules: .init(audience: configuration.agentAudience, userName: cluster.agentUserName),
            reviewer: clients.authentication,
            certificates: try configuration.agentClientCAFile.map { path in
                try StartupError.wrapping { try CertificateVerifier(trust: .file(path)) }
            },
            gate: ReviewGate(atATime: Self.agentReviews, waiting: Self.waitingAgentReviews), logger: logger)
    }

    /// 5,000 agents that come back together are through in a few seconds, and there is always a connection to the API
    /// server for other questions.
    private static let agentReviews = 4
    private static let waitingAgentReviews = 16_384
    private static let requestReviews = 3
    private static let waitingRequestReviews = 1_024

    private func router(
        _ clients: ClusterClients, _ trust: CurrentClientTrust, _ refusedProxies: RefusedProxies, store: SampleStore,
        source: ClusterSource, _ watches: WatchHub, ingest: IngestMetrics, _ naming: NamingMetrics,
        _ heartbeat: LoopHeartbeat, _ readiness: ClusterReadiness
    ) -> RequestRouter {
        let settings = configuration.authentication
        let gate = ReviewGate(atATime: Self.requestReviews, waiting: Self.waitingRequestReviews)
        let metrics = ServerMetrics(limits: configuration.common.admission)
        let ping = HealthCheck(name: "ping") { nil }
        return RequestRouter(
            authenticator: DelegatedAuthenticator(
                trust: trust,
                tokens: TokenReviews(reviewer: clients.authentication, lifetime: settings.tokenLifetime, gate: gate),
                logger: logger, refusedProxies: refusedProxies),
            authorizer: DelegatedAuthorizer(
                reviewer: clients.authorization, allowedLifetime: settings.allowedLifetime,
                refusedLifetime: settings.refusedLifetime, gate: gate, logger: logger),
            alwaysAllowed: AllowedPaths(settings.alwaysAllowedPaths),
            health: HealthChecks(
                live: [ping, heartbeat.check], ready: [ping, heartbeat.check] + readiness.checks, keeping: heartbeat),
            metricsPage: MetricsPage(
                ingest: ingest, server: metrics, store: store, watches: watches.metrics, refusedProxies: refusedProxies,
                naming: naming),
            api: MetricsAPIHandler(watches: watches, versionInfo: .current), source: source, metrics: metrics)
    }
}
