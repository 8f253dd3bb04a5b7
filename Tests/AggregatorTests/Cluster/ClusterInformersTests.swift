// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import MetricsAPI
import Testing

@testable import Aggregator

@Suite("The cluster's objects as the API server tells of them")
struct ClusterInformersTests {
    private func run(_ body: (FakeCluster, ClusterDirectory) async throws -> Void) async throws {
        let cluster = try await FakeCluster()
        let directory = ClusterDirectory()
        let informers = ClusterInformers(client: cluster.client, directory: directory, logger: cluster.log.logger)
        cluster.pods.set(pod("web", ["app": "web"]), pod("db"))
        cluster.nodes.set(KubeProto.metadata("n1", namespace: "", labels: ["zone": "a"]))
        let task = Task { await informers.run() }
        let result = await Result { () async throws in
            #expect(try await eventually { informers.havePods && informers.haveNodes })
            // Both are being watched.
            _ = await (cluster.pods.watches.stream(0), cluster.nodes.watches.stream(0))
            try await body(cluster, directory)
        }
        task.cancel()
        await task.value
        await cluster.close()
        try result.get()
    }

    private func pod(_ name: String, _ labels: [String: String] = [:], uid: String = "") -> KubeProto {
        KubeProto.metadata(name, namespace: "shop", uid: uid, labels: labels)
    }

    private func names(_ directory: ClusterDirectory) -> [String] {
        directory.pods(inNamespace: nil).map { "\($0.namespace)/\($0.name)" }
    }

    @Test("what is listed is there, with its labels; only running pods are asked for, and only of metadata")
    func listed() async throws {
        try await run { (cluster, directory) async throws in
            #expect(names(directory) == ["shop/db", "shop/web"])
            #expect(directory.pod(namespace: "shop", name: "web")?.labels["app"] == "web")
            #expect(directory.node(named: "n1")?.labels["zone"] == "a")
            for path in ["/api/v1/pods", "/api/v1/nodes"] {
                for request in cluster.server.requests(to: path) {
                    #expect(request.headers["accept"]?.contains(";as=PartialObjectMetadata") == true)
                    #expect(request.query["fieldSelector"] == (path.hasSuffix("pods") ? "status.phase=Running" : nil))
                }
            }
        }
    }

    @Test("a pod comes and goes as it is told, its successor stays")
    func changes() async throws {
        try await run { (cluster, directory) async throws in
            await cluster.pods.send("ADDED", pod("cart"))
            #expect(try await eventually { names(directory) == ["shop/cart", "shop/db", "shop/web"] })
            await cluster.pods.send("MODIFIED", pod("cart", ["v": "2"]))
            #expect(
                try await eventually { directory.pod(namespace: "shop", name: "cart")?.labels["v"] == "2" })
            await cluster.pods.send("DELETED", pod("web"))
            #expect(try await eventually { names(directory) == ["shop/cart", "shop/db"] })
            await cluster.pods.send("ADDED", pod("db", uid: "new"))
            await cluster.pods.send("DELETED", pod("db"))
            await cluster.pods.send("DELETED", pod("cart"))
            #expect(try await eventually { names(directory) == ["shop/db"] })
            #expect(directory.pod(namespace: "shop", name: "db")?.uid == "new")
        }
    }

    @Test("a mirror pod is known by the uid of its cgroups")
    func mirror() async throws {
        try await run { (cluster, directory) async throws in
            let mirror = KubeProto.metadata(
                "etcd-n1", namespace: "kube-system", uid: "mirror", annotations: ["kubernetes.io/config.hash": "hash"])
            await cluster.pods.send("ADDED", mirror)
            #expect(
                try await eventually {
                    directory.pod(namespace: "kube-system", name: "etcd-n1")?.cgroupUID == "hash"
                })
        }
    }

    @Test("nodes come and go")
    func nodes() async throws {
        try await run { (cluster, directory) async throws in
            await cluster.nodes.send("ADDED", KubeProto.metadata("n2", namespace: ""))
            #expect(try await eventually { directory.nodes.map(\.name) == ["n1", "n2"] })
            await cluster.nodes.send("DELETED", KubeProto.metadata("n1", namespace: ""))
            #expect(try await eventually { directory.nodes.map(\.name) == ["n2"] })
        }
    }

    @Test("after a gap in the watch a new list is all there is")
    func relist() async throws {
        try await run { (cluster, directory) async throws in
            cluster.pods.set(pod("db"), pod("new"))
            let watch = await cluster.pods.watches.stream(0)
            watch.send("ERROR", KubeProto.status(410, "Expired", "too old resource version"))
            #expect(try await eventually { names(directory) == ["shop/db", "shop/new"] })
        }
    }
}
