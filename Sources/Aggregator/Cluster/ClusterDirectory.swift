// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import MetricsAPI
import Synchronization

/// The cluster's nodes and running pods, as the API server lists them: what exists, what it is called, and its labels.
///
/// Nothing that is not in here is served, whatever agents report.
final class ClusterDirectory: Sendable {
    private struct State {
        var pods = PodIndex()
        var nodes: [String: Labels] = [:]
    }

    private let state = Mutex(State())

    // MARK: Reading

    /// Sorted by name.
    var nodes: [(name: String, labels: Labels)] {
        state.withLock { state in state.nodes.map { (name: $0.key, labels: $0.value) } }
            .sorted { $0.name.precedes($1.name) }
    }

    func labels(ofNode name: String) -> Labels? { state.withLock { $0.nodes[name] } }

    var nodeNames: [String] { state.withLock { Array($0.nodes.keys) } }

    var nodeCount: Int { state.withLock { $0.nodes.count } }
    var podCount: Int { state.withLock { $0.pods.count } }

    /// Sorted by namespace and name; those of one namespace, or all when it is nil.
    func pods(inNamespace namespace: String?) -> [ClusterPod] {
        state.withLock { state in
            if let namespace { return state.pods.pods(inNamespace: namespace) }
            return state.pods.namespaces.flatMap { state.pods.pods(inNamespace: $0) }
        }
    }

    func pod(namespace: String, name: String) -> ClusterPod? {
        state.withLock { $0.pods.pod(namespace: namespace, name: name) }
    }

    /// The pods that have these uids in their cgroups' names, by them. Looks at every pod, so it is to be asked seldom;
    /// others have their turn between two namespaces.
    func pods(cgroupUIDs wanted: Set<String>) -> [String: ClusterPod] {
        if wanted.isEmpty { return [:] }
        var found: [String: ClusterPod] = [:]
        for namespace in state.withLock({ $0.pods.namespaces }) {
            let some = state.withLock { $0.pods.pods(inNamespace: namespace, cgroupUIDs: wanted) }
            found.merge(some) { $1 }
        }
        return found
    }

    // MARK: Following

    func replacePods(_ pods: [ClusterPod]) { state.withLock { $0.pods.replace(with: pods) } }
    func set(_ pod: ClusterPod) { state.withLock { $0.pods.set(pod) } }
    func remove(_ pod: ClusterPod) {
        state.withLock { $0.pods.remove(namespace: pod.namespace, name: pod.name, uid: pod.uid) }
    }

    func replaceNodes(_ nodes: [String: Labels]) { state.withLock { $0.nodes = nodes } }
    func setNode(_ name: String, _ labels: Labels) { state.withLock { $0.nodes[name] = labels } }
    func removeNode(_ name: String) { state.withLock { $0.nodes[name] = nil } }
}
