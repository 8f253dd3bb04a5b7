// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import TLSTestSupport
import Testing

@testable import KubeAPI

@Suite("Names of a pod's containers")
struct PodContainersTests {
    private static let metadata = KubeProto.metadata("web", namespace: "shop", uid: "u-1")

    private func decode(_ pod: KubeProto) throws(KubeDecodingError) -> PodContainers {
        try PodContainers(pod.bytes.span.bytes)
    }

    /// A pod with one ContainerStatus.
    private func pod(_ status: KubeProto) -> KubeProto {
        KubeProto().message(1, Self.metadata).message(3, KubeProto().message(8, status))
    }

    @Test("containers of all kinds are there by their ids, without the runtime's name")
    func kinds() throws {
        let containers = try decode(
            KubeProto.pod(
                Self.metadata, containers: ["containerd://c1": "app", "cri-o://c2": "proxy"],
                initContainers: ["docker://c3": "setup"], ephemeralContainers: ["containerd://c4": "debugger"]))
        #expect(
            containers
                == PodContainers(
                    uid: "u-1", names: ["c1": "app", "c2": "proxy", "c3": "setup", "c4": "debugger"]))
    }

    @Test("a pod without a status, or whose containers were not started, has no names")
    func notStarted() throws {
        #expect(try decode(KubeProto().message(1, Self.metadata)).names.isEmpty)
        #expect(try decode(KubeProto.pod(Self.metadata)).names.isEmpty)
        for status in [
            KubeProto().text(1, "app"), KubeProto().text(1, "app").text(8, ""), KubeProto().text(8, "containerd://c1"),
            KubeProto().text(1, "app").text(8, "containerd://"), KubeProto().text(1, "app").text(8, "c1"), KubeProto(),
        ] {
            #expect(try decode(pod(status)).names.isEmpty)
        }
    }

    @Test("what is no pod, or has text that is not UTF-8, is refused")
    func garbage() {
        for bytes in [[], Array("<html>".utf8), [0xFF, 0xFF], [0x0A, 0x7F]] {
            #expect(throws: KubeDecodingError.self) { try PodContainers(bytes.span.bytes) }
        }
        #expect(throws: KubeDecodingError("a pod without a uid")) {
            try decode(KubeProto().message(1, KubeProto().text(1, "web")))
        }
        #expect(throws: KubeDecodingError.self) {
            try decode(pod(KubeProto().raw(1, [0xFF]).text(8, "containerd://c1")))
        }
        // A status whose length runs past the pod's end, and a field of numbers where the statuses should be.
        #expect(throws: KubeDecodingError.self) {
            try PodContainers((KubeProto().message(1, Self.metadata).bytes + [0x1A, 0x7F, 0x42]).span.bytes)
        }
        #expect(throws: Never.self) {
            try decode(KubeProto().message(1, Self.metadata).message(3, KubeProto().number(8, 5)).number(3, 7))
        }
    }

    @Test("a pod that is cut anywhere is refused, or gives some of the names and no others")
    func truncated() throws {
        let whole = KubeProto.pod(Self.metadata, containers: ["containerd://c1": "app", "containerd://c2": "proxy"])
        let all = try decode(whole)
        for count in whole.bytes.indices {
            guard let part = try? PodContainers(Array(whole.bytes.prefix(count)).span.bytes) else { continue }
            #expect(part.uid == all.uid && part.names.allSatisfy { all.names[$0.key] == $0.value })
        }
    }

    @Test("one pod is asked for, and an answer that is none is an error that names the request")
    func call() async throws {
        let cluster = try await TestCluster()
        let path = "/api/v1/namespaces/shop/pods/web"
        let pod = KubeProto.pod(Self.metadata, containers: ["containerd://c1": "app"])
        cluster.server.on("GET \(path)") { _ in .protobuf(KubeProto.envelope("v1", "Pod", pod)) }
        let containers = try await cluster.client.podContainers(namespace: "shop", name: "web")
        #expect(containers == PodContainers(uid: "u-1", names: ["c1": "app"]))
        #expect(cluster.server.requests.map(\.path) == [path])
        cluster.server.on("GET \(path)") { _ in .protobuf(KubeProto.envelope("v1", "Pod", KubeProto().text(3, "?"))) }
        let error = await kubeError { try await cluster.client.podContainers(namespace: "shop", name: "web") }
        #expect(error?.code == .badAnswer)
        #expect(error?.message.contains(path) == true)
        await cluster.close()
    }
}
