// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Testing

@testable import Aggregator

@Suite("The cluster's pods, in the order of answers")
struct PodIndexTests {
    private func pod(_ name: String, _ namespace: String = "shop", uid: String? = nil, labels: [String: String] = [:])
        -> ClusterPod
    {
        ClusterPod(namespace: namespace, name: name, uid: uid ?? "uid-\(name)", labels: Labels(labels))
    }

    private func names(_ index: PodIndex) -> [String] {
        index.spaces.flatMap { space in
            space.order.map { "\(space.name)/\(index.entries[Int($0)].identity.name)" }
        }
    }

    @Test("however they come, they are kept by namespace and name in byte order")
    func order() {
        var index = PodIndex()
        for (name, namespace) in [("b", "z"), ("B", "z"), ("a", "z"), ("x", "a"), ("a-1", "z"), ("a1", "z")] {
            index.set(pod(name, namespace))
        }
        #expect(names(index) == ["a/x", "z/B", "z/a", "z/a-1", "z/a1", "z/b"])
        var replaced = PodIndex()
        replaced.replace(
            with: names(index).reversed().map { name in
                let parts = name.split(separator: "/")
                return pod(String(parts[1]), String(parts[0]))
            })
        #expect(names(replaced) == names(index))
        #expect(index.count == 6 && replaced.count == 6)
    }

    @Test("pods are found by the uids that their cgroups carry, in all namespaces")
    func byCgroup() {
        let directory = ClusterDirectory()
        let etcd = ClusterPod(
            namespace: "kube-system", name: "etcd", uid: "mirror", labels: .empty, configHash: "hash")
        directory.replacePods([pod("web"), pod("db"), pod("web", "other", uid: "uid-other"), etcd])
        let found = directory.pods(cgroupUIDs: ["uid-web", "uid-other", "hash", "mirror", "unknown"])
        #expect(found == ["uid-web": pod("web"), "uid-other": pod("web", "other", uid: "uid-other"), "hash": etcd])
        #expect(directory.pods(cgroupUIDs: []).isEmpty)
    }

    @Test("a pod that changes stays one")
    func change() {
        var index = PodIndex()
        index.set(pod("a", labels: ["v": "1"]))
        index.set(pod("a", labels: ["v": "2"]))
        #expect(index.count == 1)
        #expect(index.entry(namespace: "shop", name: "a")?.identity.labels["v"] == "2")
    }

    @Test("the end of a pod does not remove its successor under the same name")
    func successor() {
        var index = PodIndex()
        index.set(pod("db-0", uid: "old"))
        index.set(pod("db-0", uid: "new"))
        index.remove(namespace: "shop", name: "db-0", uid: "old")
        #expect(index.entry(namespace: "shop", name: "db-0")?.identity.uid == "new")
        index.remove(namespace: "shop", name: "db-0", uid: "new")
        #expect(index.entry(namespace: "shop", name: "db-0") == nil)
        #expect(index.spaces.isEmpty && index.count == 0)
    }

    @Test("removing what is not there changes nothing")
    func removeUnknown() {
        var index = PodIndex()
        index.set(pod("a"))
        index.remove(namespace: "shop", name: "b", uid: "uid-b")
        index.remove(namespace: "none", name: "a", uid: "uid-a")
        #expect(names(index) == ["shop/a"])
    }

    @Test("a new list is all there is")
    func replace() {
        var index = PodIndex()
        index.set(pod("a"))
        index.set(pod("b", "other"))
        index.replace(with: [pod("c")])
        #expect(names(index) == ["shop/c"])
    }

    @Test("a static pod is found by the uid that its cgroups carry")
    func mirror() {
        let mirror = ClusterPod(
            namespace: "kube-system", name: "etcd-n1", uid: "mirror-uid", labels: .empty, configHash: "0123abcd")
        #expect(mirror.cgroupUID == "0123abcd" && mirror.uid == "mirror-uid")
        #expect(pod("a").cgroupUID == "uid-a")
        let empty = ClusterPod(namespace: "a", name: "b", uid: "u", labels: .empty, configHash: "")
        #expect(empty.cgroupUID == "u")
    }
}
