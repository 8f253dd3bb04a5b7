// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import KubeTestSupport
import MetricsAPI
import Synchronization
import TLS
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("Whether a replica of a cluster is ready")
struct ClusterReadinessTests {
    /// All that readiness looks at, none of it there yet.
    private final class Rig: Sendable {
        let cluster: FakeCluster
        let directory = ClusterDirectory()
        let store = SampleStore()
        let contexts: ServingContexts
        let follower: TrustFollower
        let readiness: ClusterReadiness
        let later = Mutex(Duration.zero)
        private let informers: ClusterInformers
        private let task = Mutex<Task<Void, Never>?>(nil)

        init(_ cluster: FakeCluster, toleratesUnknownProxy: Bool) throws {
            self.cluster = cluster
            contexts = try ServingContexts(identity: TestPKI.shared.serverIdentity(), isTemporary: true)
            follower = TrustFollower(
                trust: CurrentClientTrust(), overrides: .init(), logger: cluster.log.logger)
            informers = ClusterInformers(client: cluster.client, directory: directory, logger: cluster.log.logger)
            let clock = Clock()
            self.clock = clock
            readiness = ClusterReadiness(
                informers: informers, follower: follower, toleratesUnknownProxy: toleratesUnknownProxy,
                contexts: contexts, directory: directory, store: store, now: { clock.now })
        }

        private let clock: Clock

        private final class Clock: Sendable {
            let ahead = Mutex(Duration.zero)
            var now: ContinuousClock.Instant { .now + ahead.withLock { $0 } }
        }

        func advance(_ duration: Duration) { clock.ahead.withLock { $0 += duration } }

        func followObjects() {
            let informers = informers
            task.withLock { $0 = Task { await informers.run() } }
        }

        func trustProxy() {
            follower.replace(with: [
                ConfigMap(
                    metadata: ObjectMetadata(name: "any"),
                    data: [
                        "requestheader-client-ca-file":
                            String(decoding: TestPKI.shared.authority.certificatePEM, as: UTF8.self)
                    ])
            ])
        }

        func serveCertificate() throws { try contexts.replace(identity: TestPKI.shared.serverIdentity()) }

        func report(_ node: String) throws {
            let session = store.open(node: node, facts: SampleStoreTests.facts(), now: .now)
            var simulated = SimulatedNode()
            _ = session.apply(try simulated.batch(at: 100), now: .now, unixMicroseconds: 0)
        }

        /// The failing checks, `name: reason`.
        var failures: [String] {
            readiness.checks.compactMap { check in check.failure().map { "\(check.name): \($0)" } }
        }

        func close() async {
            let task = task.withLock { $0 }
            task?.cancel()
            await task?.value
            await cluster.close()
        }
    }

    private func run(toleratesUnknownProxy: Bool = false, _ body: (Rig) async throws -> Void) async throws {
        let rig = try Rig(try await FakeCluster(), toleratesUnknownProxy: toleratesUnknownProxy)
        let result = await Result { () async throws in try await body(rig) }
        await rig.close()
        try result.get()
    }

    @Test("each thing that is missing is named, and each that comes is no longer; then it stays ready")
    func inTurn() async throws {
        try await run { (rig) async throws in
            rig.directory.replaceNodes(["n1": .empty, "n2": .empty])
            #expect(
                rig.failures == [
                    "informer-sync: the cluster's nodes are not listed yet", "front-proxy: not read yet",
                    "certificate: no certificate yet that the API server and the agents could verify",
                    "agents-reporting: 0 of 2 nodes report",
                ])
            rig.cluster.nodes.set(KubeProto.metadata("n1", namespace: ""), KubeProto.metadata("n2", namespace: ""))
            rig.followObjects()
            #expect(try await eventually { !rig.failures.contains { $0.hasPrefix("informer-sync") } })
            rig.trustProxy()
            try rig.serveCertificate()
            try rig.report("n1")
            #expect(rig.failures == ["agents-reporting: 1 of 2 nodes report"])
            try rig.report("n2")
            #expect(rig.failures == [])
            // Whatever is lost later.
            rig.directory.replaceNodes(["n1": .empty, "n2": .empty, "n3": .empty])
            rig.follower.apply(.deleted(ConfigMap(metadata: ObjectMetadata(name: "any"), data: [:])))
            #expect(rig.failures == [])
        }
    }

    @Test("nine nodes of ten are enough")
    func share() async throws {
        try await run { (rig) async throws in
            rig.directory.replaceNodes(Dictionary(uniqueKeysWithValues: (0..<10).map { ("n\($0)", .empty) }))
            for node in 0..<8 { try rig.report("n\(node)") }
            #expect(rig.failures.last == "agents-reporting: 8 of 10 nodes report")
            try rig.report("n8")
            #expect(!rig.failures.contains { $0.hasPrefix("agents-reporting") })
        }
    }

    @Test("nodes without an agent are waited for, for as long as others may need to find us, and not for longer")
    func patience() async throws {
        try await run { (rig) async throws in
            rig.directory.replaceNodes(["n1": .empty])
            // Agents look for addresses each 30 s, and the answer may be 30 s old.
            rig.advance(.milliseconds(60_000))
            #expect(rig.failures.contains { $0.hasPrefix("agents-reporting") })
            rig.advance(.milliseconds(9_000))
            #expect(rig.failures.contains { $0.hasPrefix("agents-reporting") })
            rig.advance(.milliseconds(1_001))
            #expect(!rig.failures.contains { $0.hasPrefix("agents-reporting") })
            // Time alone makes nothing else ready.
            #expect(rig.failures.count == 3)
        }
    }

    @Test("an unknown front proxy is waited for, unless that was said to be tolerable", arguments: [true, false])
    func tolerance(isTolerated: Bool) async throws {
        try await run(toleratesUnknownProxy: isTolerated) { (rig) async throws in
            #expect(rig.failures.contains { $0.hasPrefix("front-proxy") } == !isTolerated)
        }
    }

    @Test("a replica that shuts down is not ready, however ready it was")
    func shutdown() async throws {
        try await run { (rig) async throws in
            rig.followObjects()
            rig.trustProxy()
            try rig.serveCertificate()
            #expect(try await eventually { rig.failures == [] })
            rig.readiness.isShuttingDown.store(true, ordering: .relaxed)
            #expect(rig.failures == ["shutdown: shutting down"])
        }
    }
}
