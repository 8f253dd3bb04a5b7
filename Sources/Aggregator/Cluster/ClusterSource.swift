// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// Answers for a cluster: the objects are the API server's, the figures the agents'. They are joined by the pod's uid, so
/// that a pod made anew under its old name never shows its predecessor's figures.
struct ClusterSource: MetricsSource {
    let directory: ClusterDirectory
    let store: SampleStore

    func nodes(_ selection: Selection) -> FiguresList {
        var list = FiguresList(.nodes)
        for (name, labels) in directory.nodes {
            let identity = ObjectIdentity(name: name, labels: labels)
            if selection.matches(identity) { append(node: identity, to: &list) }
        }
        return list
    }

    func node(named name: String) -> Lookup<FiguresList> {
        guard let labels = directory.labels(ofNode: name) else { return .unknown }
        var list = FiguresList(.nodes)
        append(node: ObjectIdentity(name: name, labels: labels), to: &list)
        return list.rows.isEmpty ? .withoutMetrics : .found(list)
    }

    func pods(_ selection: Selection) -> FiguresList {
        let now = ContinuousClock.now
        var list = FiguresList(.pods)
        for pod in directory.pods(inNamespace: selection.namespace) {
            let identity = ObjectIdentity(
                namespace: pod.namespace, name: pod.name, uid: pod.uid, labels: pod.labels)
            if selection.matches(identity) { append(pod, identity, now: now, to: &list) }
        }
        return list
    }

    func pod(namespace: String, name: String) -> Lookup<FiguresList> {
        guard let pod = directory.pod(namespace: namespace, name: name) else { return .unknown }
        var list = FiguresList(.pods)
        append(
            pod, ObjectIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid, labels: pod.labels),
            now: .now, to: &list)
        return list.rows.isEmpty ? .withoutMetrics : .found(list)
    }

    func size(of kind: FiguresList.Kind, _ selection: Selection) -> Int {
        switch kind {
        case .nodes: directory.nodeCount
        case .pods: directory.podCount
        }
    }

    private func append(node: ObjectIdentity, to list: inout FiguresList) {
        store.record(named: node.name)?.whileFresh(store.configuration, now: .now) { series in
            series.append(node, window: store.window, to: &list)
        }
    }

    private func append(
        _ pod: ClusterPod, _ identity: ObjectIdentity, now: ContinuousClock.Instant, to list: inout FiguresList
    ) {
        store.record(ofPod: pod.cgroupUID)?.whileFresh(store.configuration, now: now) { series in
            series.append(pod: pod.cgroupUID, as: identity, window: store.window, to: &list)
        }
    }
}
