// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Testing
import Wire

@testable import Aggregator

@Suite("What is served without an API server")
struct StandaloneSourceTests {
    let store = SampleStore()
    private var source: StandaloneSource { StandaloneSource(store: store) }

    /// A node that reported some containers twice, the last time a while ago.
    private func report(
        _ name: String, _ identities: [ContainerIdentity], cpuSeconds: Double? = 1, at second: Double = 105,
        age: Duration = .zero
    ) throws {
        var node = SimulatedNode()
        node.cpuSeconds = cpuSeconds
        node.memoryKiB = 1_000
        let now = ContinuousClock.now - age
        let session = store.open(node: name, facts: SampleStoreTests.facts(), now: now)
        for time in [second - 5, second] {
            let batch = try node.batch(at: time) { encoder in
                for (slot, identity) in identities.enumerated() {
                    encoder.container(slot, identity, at: time, cpuSeconds: time / 10, memoryKiB: 10)
                }
            }
            _ = session.apply(
                batch, now: now, unixMicroseconds: (SimulatedNode.bootUnix + Int64(time)) * 1_000_000)
        }
    }

    private func pods(_ namespace: String? = nil) -> [String] {
        source.podFigures(inNamespace: namespace).map { "\($0.namespace)/\($0.name)" }
    }

    @Test("an empty store serves nothing and knows the default namespace")
    func empty() {
        #expect(
            source.nodeFigures().isEmpty && pods().isEmpty && source.coreNodes().isEmpty && source.corePods().isEmpty)
        #expect(source.namespaces() == ["default"])
        #expect(source.nodeFigures(named: "n1") == .unknown)
        #expect(source.podFigures(namespace: "shop", name: "web") == .unknown)
    }

    @Test("nodes are sorted by name, and pods of all nodes by namespace and name")
    func order() throws {
        try report(
            "b", [.app(pod: "web", namespace: "z", uid: "u1"), .app(pod: "web", namespace: "a", uid: "u2", id: "c2")])
        try report(
            "a", [.app(pod: "db", namespace: "z", uid: "u3"), .app(pod: "api", namespace: "m", uid: "u4", id: "c2")])
        #expect(source.nodeFigures().map(\.name) == ["a", "b"])
        #expect(pods() == ["a/web", "m/api", "z/db", "z/web"])
        #expect(pods("z") == ["z/db", "z/web"])
        #expect(pods("nope").isEmpty)
        #expect(source.namespaces() == ["a", "default", "m", "z"])
        #expect(
            source.corePods().map { "\($0.namespace)/\($0.name) on \($0.node)" } == [
                "a/web on b", "m/api on a", "z/db on a", "z/web on b",
            ])
    }

    @Test("a node that is known but has no figures is told apart from one that is not known")
    func nodeLookup() throws {
        try report("blind", [], cpuSeconds: nil)
        try report("fine", [])
        #expect(source.nodeFigures(named: "blind") == .withoutMetrics)
        #expect(source.nodeFigures(named: "nope") == .unknown)
        guard case .found(let node) = source.nodeFigures(named: "fine") else {
            Issue.record("not found")
            return
        }
        #expect(node.usage.memoryBytes == 1_000 << 10)
        #expect(node.labels == Labels(["kubernetes.io/hostname": "fine", "kubernetes.io/os": "linux"]))
        #expect(source.nodeFigures().map(\.name) == ["fine"])
    }

    @Test("a pod whose containers have no rate yet is known, and has no figures")
    func podLookup() throws {
        try report("n1", [.app()])
        let session = store.open(node: "n2", facts: SampleStoreTests.facts(), now: .now)
        var node = SimulatedNode()
        let batch = try node.batch(at: 100) {
            $0.container(0, .app(pod: "young", uid: "u2"), at: 100, cpuSeconds: 1, memoryKiB: 1)
        }
        _ = session.apply(batch, now: .now, unixMicroseconds: 0)
        guard case .found(let pod) = source.podFigures(namespace: "shop", name: "web") else {
            Issue.record("not found")
            return
        }
        #expect(
            pod.containers == [
                ContainerFigures(name: "app", usage: ResourceUsage(cpuNanocores: 100_000_000, memoryBytes: 10 << 10))
            ])
        #expect(source.podFigures(namespace: "shop", name: "young") == .withoutMetrics)
        #expect(source.podFigures(namespace: "other", name: "web") == .unknown)
        #expect(source.podFigures(namespace: "shop", name: "") == .unknown)
        #expect(pods() == ["shop/web"])
        #expect(source.corePods().map(\.name) == ["web", "young"])
    }

    @Test("of two pods of one name, on one node or two, the one with the newest sample is served, once")
    func sameName() throws {
        try report("n1", [.app(uid: "old")], at: 105)
        try report("n2", [.app(uid: "new")], at: 106)
        try report("n3", [.app(uid: "older")], at: 104)
        #expect(source.podFigures(inNamespace: nil).map(\.uid) == ["new"])
        #expect(source.podFigures(inNamespace: "shop").map(\.uid) == ["new"])
        guard case .found(let pod) = source.podFigures(namespace: "shop", name: "web") else {
            Issue.record("not found")
            return
        }
        #expect(pod.uid == "new")
    }

    @Test("a container without a name is of no pod")
    func nameless() throws {
        try report("n1", [.app("", pod: "", namespace: "")])
        #expect(pods().isEmpty && pods("").isEmpty && source.corePods().isEmpty)
        #expect(source.podFigures(namespace: "", name: "") == .unknown)
    }

    @Test("a stale node keeps its place among the nodes, not ready and without figures, and its pods are gone")
    func stale() throws {
        try report("n1", [.app()], age: .seconds(31))
        #expect(source.nodeFigures().isEmpty && pods().isEmpty && source.corePods().isEmpty)
        #expect(source.nodeFigures(named: "n1") == .withoutMetrics)
        #expect(source.podFigures(namespace: "shop", name: "web") == .unknown)
        let node = try #require(source.coreNodes().first)
        #expect(node.name == "n1" && !node.ready)
        #expect(node.cpuMillicores == 4_000 && node.memoryBytes == 8 << 30)
        try report("n1", [.app()])
        #expect(source.coreNodes().map(\.ready) == [true])
    }

    @Test("a pod's start is in seconds, where it is known")
    func startTime() throws {
        try report("n1", [.app(startedAt: 50), .app(pod: "b", uid: "u2", id: "c2")])
        #expect(source.corePods().map(\.startTime) == [nil, SimulatedNode.bootUnix + 50])
    }
}
