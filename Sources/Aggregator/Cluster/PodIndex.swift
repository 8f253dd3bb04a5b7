// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// The running pods in the order of answers: by namespace, then by name, in byte order. A value without locks.
struct PodIndex {
    /// Each sorted by name.
    private var byNamespace: [String: [ClusterPod]] = [:]
    /// Sorted; kept beside the dictionary so that no answer has to sort.
    private(set) var namespaces: [String] = []
    private var strings = InternPool<String>()
    private var labels = InternPool<Labels>()
    private(set) var count = 0

    mutating func replace(with pods: [ClusterPod]) {
        self = PodIndex()
        for pod in pods {
            let pod = interned(pod)
            byNamespace[pod.namespace, default: []].append(pod)
        }
        for namespace in byNamespace.keys { byNamespace[namespace]?.sort { $0.name.precedes($1.name) } }
        namespaces = byNamespace.keys.sorted { $0.precedes($1) }
        count = pods.count
    }

    /// Adds a pod, or puts it in place of the one with its name, which may be another incarnation.
    mutating func set(_ pod: ClusterPod) {
        if byNamespace[pod.namespace] == nil {
            namespaces.insert(pod.namespace, at: namespaces.partitioningIndex { !$0.precedes(pod.namespace) })
            byNamespace[pod.namespace] = []
        }
        let pod = interned(pod)
        let (place, known) = place(ofPod: pod.name, inNamespace: pod.namespace)
        if let known {
            release(known)
            byNamespace[pod.namespace]?[place] = pod
        } else {
            byNamespace[pod.namespace]?.insert(pod, at: place)
            count += 1
        }
    }

    /// - Parameter uid: of the pod that is gone; a successor under the same name stays.
    mutating func remove(namespace: String, name: String, uid: String) {
        let (place, known) = place(ofPod: name, inNamespace: namespace)
        guard let known, known.uid == uid else { return }
        byNamespace[namespace]?.remove(at: place)
        release(known)
        count -= 1
        guard byNamespace[namespace]?.isEmpty == true else { return }
        byNamespace[namespace] = nil
        namespaces.removeAll { $0 == namespace }
    }

    func pods(inNamespace namespace: String) -> [ClusterPod] { byNamespace[namespace] ?? [] }

    func pod(namespace: String, name: String) -> ClusterPod? {
        place(ofPod: name, inNamespace: namespace).known
    }

    /// A namespace's pods that have these uids in their cgroups' names, by them. Looks at every pod.
    func pods(inNamespace namespace: String, cgroupUIDs wanted: Set<String>) -> [String: ClusterPod] {
        guard let pods = byNamespace[namespace] else { return [:] }
        var found: [String: ClusterPod] = [:]
        // By indices: a copy of each pod would cost several times as much as the look at it.
        for index in pods.indices where wanted.contains(pods[index].cgroupUID) {
            found[pods[index].cgroupUID] = pods[index]
        }
        return found
    }

    /// Where the pod of that name is, or would be.
    private func place(ofPod name: String, inNamespace namespace: String) -> (index: Int, known: ClusterPod?) {
        let pods = byNamespace[namespace] ?? []
        let index = pods.partitioningIndex { !$0.name.precedes(name) }
        return (index, index < pods.count && pods[index].name == name ? pods[index] : nil)
    }

    private mutating func interned(_ pod: ClusterPod) -> ClusterPod {
        var pod = pod
        pod.namespace = strings.take(pod.namespace)
        let shared = labels.take(pod.labels)
        pod.labels = shared
        return pod
    }

    private mutating func release(_ pod: ClusterPod) {
        strings.release(pod.namespace)
        labels.release(pod.labels)
    }
}

extension String {
    /// Byte order, as Go sorts.
    func precedes(_ other: String) -> Bool { utf8.lexicographicallyPrecedes(other.utf8) }
}

extension Array {
    /// The first place from which on `predicate` holds; it must not hold before a place where it does.
    func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
