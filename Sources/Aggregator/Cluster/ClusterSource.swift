// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// Answers for a cluster: the objects are the API server's, the figures the agents'. They are joined by the pod's uid, so
/// that a pod made anew under its old name never shows its predecessor's figures.
struct ClusterSource: MetricsSource {
    let directory: ClusterDirectory
    let store: SampleStore

    func nodes() -> [NodeFigures] {
        directory.nodes.compactMap { figures(ofNode: $0.name, $0.labels) }
    }

    func node(named name: String) -> Lookup<NodeFigures> {
        guard let labels = directory.labels(ofNode: name) else { return .unknown }
        return figures(ofNode: name, labels).map(Lookup.found) ?? .withoutMetrics
    }

    func pods(inNamespace namespace: String?) -> [PodFigures] {
        let now = ContinuousClock.now
        return directory.pods(inNamespace: namespace).compactMap { figures(of: $0, now: now) }
    }

    func pod(namespace: String, name: String) -> Lookup<PodFigures> {
        guard let pod = directory.pod(namespace: namespace, name: name) else { return .unknown }
        return figures(of: pod, now: .now).map(Lookup.found) ?? .withoutMetrics
    }

    private func figures(ofNode name: String, _ labels: Labels) -> NodeFigures? {
        store.record(named: name)?.whileFresh(store.configuration, now: .now) { series in
            series.nodeFigures(name: name, labels: labels, window: store.window)
        } ?? nil
    }

    private func figures(of pod: ClusterPod, now: ContinuousClock.Instant) -> PodFigures? {
        let found = store.record(ofPod: pod.cgroupUID)?.whileFresh(store.configuration, now: now) { series in
            series.podFigures(uid: pod.cgroupUID, labels: pod.labels, window: store.window)
        }
        guard var figures = found ?? nil else { return nil }
        // The API server's word for what the pod is called, not the agent's.
        figures.namespace = pod.namespace
        figures.name = pod.name
        figures.uid = pod.uid
        return figures
    }
}
