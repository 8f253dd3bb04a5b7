// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Aggregator
@testable import MetricsAPI

@Suite("Figures joined with the cluster's objects")
struct ClusterSourceTests {
    let directory = ClusterDirectory()
    let store = SampleStore()
    var source: ClusterSource { ClusterSource(directory: directory, store: store) }

    /// A node that pushes two sweeps, so that there are rates.
    private func report(_ node: String, _ containers: [(slot: Int, uid: String, pod: String, name: String)]) throws {
        let session = store.open(node: node, facts: SampleStoreTests.facts(interval: .seconds(5)), now: .now)
        var simulated = SimulatedNode()
        (simulated.cpuSeconds, simulated.memoryKiB) = (0, 1)
        for (time, used) in [(100.0, 1.0), (110.0, 2.0)] {
            simulated.cpuSeconds = used
            let batch = try simulated.batch(at: time) { encoder in
                for container in containers {
                    encoder.container(
                        container.slot,
                        .app(
                            container.name, pod: container.pod, uid: container.uid,
                            id: "id-\(container.uid)-\(container.slot)"),
                        at: time, cpuSeconds: used, memoryKiB: 1024)
                }
            }
            _ = session.apply(batch, now: .now, unixMicroseconds: Int64(time * 1e6))
        }
    }

    private func exists(_ name: String, uid: String, labels: [String: String] = [:], configHash: String? = nil) {
        directory.set(
            ClusterPod(namespace: "shop", name: name, uid: uid, labels: Labels(labels), configHash: configHash))
    }

    @Test("a pod is served under the API server's name and labels")
    func joined() throws {
        exists("web", uid: "u1", labels: ["app": "web"])
        try report("n1", [(0, "u1", "what-the-agent-says", "app")])
        let pods = source.podFigures(inNamespace: nil)
        #expect(pods.map(\.name) == ["web"])
        #expect(pods[0].labels["app"] == "web" && pods[0].uid == "u1" && pods[0].namespace == "shop")
        #expect(pods[0].containers.map(\.usage.cpuNanocores) == [100_000_000])
        #expect(source.podFigures(namespace: "shop", name: "web") == .found(pods[0]))
        #expect(source.podFigures(inNamespace: "other") == [])
    }

    @Test("what the API server does not list is not served, whatever agents report")
    func unknownPod() throws {
        try report("n1", [(0, "u1", "web", "app")])
        #expect(source.podFigures(inNamespace: nil) == [])
        #expect(source.podFigures(namespace: "shop", name: "web") == .unknown)
        #expect(source.nodeFigures() == [])
        #expect(source.nodeFigures(named: "n1") == .unknown)
    }

    @Test("a pod without figures is known, but not listed")
    func withoutFigures() {
        exists("web", uid: "u1")
        #expect(source.podFigures(inNamespace: nil) == [])
        #expect(source.podFigures(namespace: "shop", name: "web") == .withoutMetrics)
        directory.setNode("n1", .empty)
        #expect(source.nodeFigures(named: "n1") == .withoutMetrics)
    }

    @Test("a pod made anew under its name never shows its predecessor's figures")
    func recreated() throws {
        exists("db-0", uid: "old")
        try report("n1", [(0, "old", "db-0", "app")])
        #expect(source.podFigures(inNamespace: nil).count == 1)
        exists("db-0", uid: "new")
        #expect(source.podFigures(inNamespace: nil) == [])
        #expect(source.podFigures(namespace: "shop", name: "db-0") == .withoutMetrics)
    }

    @Test("a list has of each pod what it has by itself, with many pods a node and with few", arguments: [1, 2, 7, 40])
    func manyNodes(podsPerNode: Int) throws {
        for node in 0..<30 {
            try report(
                "n\(node)",
                (0..<2 * podsPerNode).map { slot in
                    let uid = "u\(node)-\(slot / 2)"
                    return (slot, uid, "", slot % 2 == 0 ? "app" : "sidecar")
                })
            // Their names lead from node to node.
            for pod in 0..<podsPerNode {
                exists("web-\(pod)-\(node)", uid: "u\(node)-\(pod)", labels: ["pod": "\(pod)"])
            }
        }
        for _ in 0..<2 {
            let pods = source.podFigures(inNamespace: "shop")
            #expect(pods.count == 30 * podsPerNode)
            for pod in pods {
                #expect(pod.containers.map(\.name) == ["app", "sidecar"])
                #expect(source.podFigures(namespace: "shop", name: pod.name) == .found(pod))
            }
        }
        let selector = try LabelSelector(parsing: "pod=0")
        let some = source.pods(Selection(namespace: nil, labels: selector, fields: FieldSelector())).podFigures
        #expect(some.count == 30 && some == source.podFigures(inNamespace: nil).filter { $0.labels["pod"] == "0" })
    }

    @Test("a deleted pod is gone at once")
    func deleted() throws {
        exists("web", uid: "u1")
        try report("n1", [(0, "u1", "web", "app")])
        directory.remove(ClusterPod(namespace: "shop", name: "web", uid: "u1", labels: .empty))
        #expect(source.podFigures(inNamespace: "shop") == [])
    }

    @Test("a static pod's figures come under its mirror's uid")
    func mirror() throws {
        exists("etcd-n1", uid: "mirror", configHash: "hash")
        try report("n1", [(0, "hash", "etcd-n1", "etcd")])
        #expect(source.podFigures(inNamespace: nil).map(\.uid) == ["mirror"])
    }

    @Test("nodes are listed by name with their labels")
    func nodes() throws {
        directory.replaceNodes(["n2": Labels(["a": "b"]), "n1": .empty, "n3": .empty])
        try report("n2", [])
        try report("n1", [])
        #expect(source.nodeFigures().map(\.name) == ["n1", "n2"])
        guard case .found(let node) = source.nodeFigures(named: "n2") else {
            Issue.record("no figures")
            return
        }
        #expect(node.labels["a"] == "b" && node.usage.cpuNanocores == 100_000_000)
    }
}
