// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import MetricsAPI
import Synchronization
import Wire

@testable import Aggregator

/// What names containers, between a fake API server and a store that a test fills, by a clock that the test sets.
final class NamerRig {
    let cluster: FakeCluster
    let directory = ClusterDirectory()
    let store = SampleStore()
    let metrics = NamingMetrics()
    let namer: ContainerNamer
    /// What the namer takes for now; shared with it.
    let clock: Clock
    private var state: ContainerNamer.State
    private var nodes: [String: (session: StoreSession, node: SimulatedNode, bootID: String)] = [:]
    /// What was last reported, to be reported again as time goes by.
    private var reported: [String: (containers: [ContainerIdentity], at: Double)] = [:]

    final class Clock: Sendable {
        private let time = Mutex(ContinuousClock.now)
        var now: ContinuousClock.Instant { time.withLock { $0 } }
        func advance(by duration: Duration) { time.withLock { $0 += duration } }
    }

    var log: LogCapture { cluster.log }

    static func run(
        isListed: Bool = true, spacing: Duration = .zero, _ body: (NamerRig) async throws -> Void
    ) async throws {
        let rig = try await NamerRig(isListed: isListed, spacing: spacing)
        let result = await Result { () async throws in try await body(rig) }
        await rig.cluster.close()
        try result.get()
    }

    private init(isListed: Bool, spacing: Duration) async throws {
        cluster = try await FakeCluster()
        let clock = Clock()
        self.clock = clock
        var timing = ContainerNamer.Timing()
        timing.spacing = spacing
        namer = ContainerNamer(
            client: cluster.client, directory: directory, store: store, metrics: metrics, logger: cluster.log.logger,
            isListed: { isListed }, timing: timing, now: { clock.now })
        state = namer.makeState()
    }

    func round() async -> Duration { await namer.round(&state) }

    var cached: Int { state.cache.podCount }

    /// What was asked for, by how it ended; without those that never happened.
    var outcomes: [String: Int] {
        Dictionary(uniqueKeysWithValues: metrics.requests.filter { $0.count > 0 }.map { ($0.result, $0.count) })
    }

    /// `NAMESPACE/POD CONTAINER…` of all pods that are served.
    var served: [String] {
        directory.pods(inNamespace: nil).compactMap { pod in
            let figures = store.record(ofPod: pod.cgroupUID)?.whileFresh(store.configuration, now: clock.now) {
                $0.podFigures(uid: pod.cgroupUID, window: store.window)
            }
            guard let figures = figures ?? nil else { return nil }
            return (["\(pod.namespace)/\(pod.name)"] + figures.containers.map(\.name)).joined(separator: " ")
        }
    }

    /// Lists a pod of the namespace `shop`, and answers for it.
    func exist(_ name: String, uid: String? = nil, hash: String? = nil, _ containers: [String: String]) {
        let uid = uid ?? "uid-\(name)"
        directory.set(ClusterPod(namespace: "shop", name: name, uid: uid, labels: .empty, configHash: hash))
        answer(name, uid: uid, containers)
    }

    /// What the API server says of a pod from now on.
    func answer(_ name: String, uid: String, _ containers: [String: String]) {
        let pod = KubeProto.pod(KubeProto.metadata(name, namespace: "shop", uid: uid), containers: containers)
        cluster.server.on("GET /api/v1/namespaces/shop/pods/\(name)") { _ in
            .protobuf(KubeProto.envelope("v1", "Pod", pod))
        }
    }

    /// Sweeps of a node that has these containers, in seconds since its boot. Another boot id is another session.
    func report(
        _ containers: [ContainerIdentity], at times: [Double] = [100, 120], node name: String = "n1",
        bootID: String = "boot-1"
    ) throws {
        let known = nodes[name].flatMap { $0.bootID == bootID ? $0 : nil }
        var (session, node, _) =
            known
            ?? (
                store.open(node: name, facts: SampleStoreTests.facts(bootID: bootID), now: clock.now), SimulatedNode(),
                bootID
            )
        for time in times {
            let batch = try node.batch(at: time) { encoder in
                for (slot, container) in containers.enumerated() {
                    encoder.container(slot, container, at: time, cpuSeconds: time, memoryKiB: 1)
                }
            }
            _ = session.apply(
                batch, now: clock.now,
                unixMicroseconds: Int64(UInt64(seconds: time)) + SimulatedNode.bootUnix * 1_000_000)
        }
        nodes[name] = (session, node, bootID)
        reported[name] = (containers, times.last ?? 0)
    }

    /// Lets time go by, in which the nodes keep reporting.
    func advance(by duration: Duration) throws {
        clock.advance(by: duration)
        for (name, (containers, at)) in reported {
            try report(
                containers, at: [at + 1 + Double(duration.components.seconds)], node: name,
                bootID: nodes[name]?.bootID ?? "")
        }
    }
}

extension ContainerIdentity {
    /// A container that its agent has no name for.
    static func nameless(_ id: String, uid: String = "uid-web") -> ContainerIdentity {
        .app("", pod: "", namespace: "", uid: uid, id: id)
    }
}
