// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import MetricsAPI
import Synchronization

/// The cluster's nodes and running pods, as the API server lists them: what exists, what it is called, and its labels.
///
/// Nothing that is not in here is served, whatever agents report.
final class ClusterDirectory: Sendable {
    private let podIndex = Mutex(PodIndex())
    private let nodeIndex = Mutex(NodeIndex())
    /// How often all pods or all nodes came at once.
    let replacements = Atomic(0)

    // MARK: Reading

    /// Sorted by name.
    var nodes: [ObjectIdentity] { nodeIndex.withLock { $0.nodes } }

    func node(named name: String) -> ObjectIdentity? { nodeIndex.withLock { $0.node(named: name) } }

    var nodeNames: [String] { nodes.map(\.name) }

    var nodeCount: Int { nodeIndex.withLock { $0.nodes.count } }
    var podCount: Int { podIndex.withLock { $0.count } }

    /// The selected pods, sorted by namespace and name.
    ///
    /// The lock is held for `PodIndex.slice` pods at a time, so the list is not of one moment: each pod is as it was at its own.
    /// No pod comes twice, and none is missing that was there, and selected, all the time.
    func pods(_ selection: Selection) -> [ListedPod] {
        var found: [ListedPod] = []
        visitPods(selection) { found += $0 }
        return found
    }

    /// Passes the same pods to `body`, some at a time: while they are in the caches.
    func visitPods(_ selection: Selection, _ body: ([ListedPod]) -> Void) {
        if let namespace = selection.onlyNamespace, let name = selection.name {
            guard let pod = listed(namespace: namespace, name: name), selection.matches(pod.identity) else { return }
            return body([pod])
        }
        var found: [ListedPod] = []
        var cursor = PodCursor(selection)
        while !cursor.isAtEnd {
            podIndex.withLock { $0.appendSlice(&cursor, to: &found) }
            cursor.sort(&found)
            body(found)
            found.removeAll(keepingCapacity: true)
        }
    }

    /// How many pods a list of these may have at most, without looking at them.
    func bound(_ selection: Selection) -> Int { podIndex.withLock { $0.bound(selection) } }

    func listed(namespace: String, name: String) -> ListedPod? {
        podIndex.withLock { $0.pod(namespace: namespace, name: name) }
    }

    func pod(namespace: String, name: String) -> ClusterPod? {
        listed(namespace: namespace, name: name).map { ClusterPod($0) }
    }

    /// Sorted by namespace and name; those of one namespace, or all when it is nil.
    func pods(inNamespace namespace: String?) -> [ClusterPod] {
        pods(Selection(namespace: namespace)).map { ClusterPod($0) }
    }

    /// The pods that have these uids in their cgroups' names, by them. Looks at every pod, so it is to be asked seldom.
    func pods(cgroupUIDs wanted: Set<String>) -> [String: ClusterPod] {
        if wanted.isEmpty { return [:] }
        let texts = Dictionary(wanted.map { (PodUID($0), $0) }, uniquingKeysWith: { first, _ in first })
        var found: [String: ClusterPod] = [:]
        visitPods(Selection()) { slice in
            for pod in slice {
                if let text = texts[pod.wanted.uid] { found[text] = ClusterPod(pod) }
            }
        }
        return found
    }

    /// Remembers where the figures of pods were found.
    func remember(_ pods: [WantedPod]) {
        for start in stride(from: 0, to: pods.count, by: PodIndex.slice) {
            podIndex.withLock { $0.remember(pods[start..<min(start + PodIndex.slice, pods.count)]) }
        }
    }

    // MARK: Following

    /// Called by one at a time, as all that follow.
    func replacePods(_ pods: [ClusterPod]) {
        // Made beside the one in use: it takes a while, and readers must not wait for it.
        let known = podIndex.withLock { $0 }
        let index = PodIndex(pods, known: known)
        podIndex.withLock { $0 = index }
        replacements.add(1, ordering: .relaxed)
    }

    func set(_ pod: ClusterPod) { podIndex.withLock { $0.set(pod) } }
    func remove(_ pod: ClusterPod) {
        podIndex.withLock { $0.remove(namespace: pod.namespace, name: pod.name, uid: pod.uid) }
    }

    func replaceNodes(_ nodes: [String: Labels]) {
        nodeIndex.withLock { $0.replace(with: nodes) }
        replacements.add(1, ordering: .relaxed)
    }
    func setNode(_ name: String, _ labels: Labels) { nodeIndex.withLock { $0.set(name, labels) } }
    func removeNode(_ name: String) { nodeIndex.withLock { $0.remove(name) } }
}
