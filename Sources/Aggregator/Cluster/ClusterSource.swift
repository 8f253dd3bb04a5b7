// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// Answers for a cluster: the objects are the API server's, the figures the agents'. They are joined by the pod's uid, so
/// that a pod made anew under its old name never shows its predecessor's figures.
struct ClusterSource: MetricsSource {
    let directory: ClusterDirectory
    let store: SampleStore

    func nodes(_ selection: Selection) -> FiguresList {
        let now = ContinuousClock.now
        var list = FiguresList(.nodes)
        for identity in directory.nodes where selection.matches(identity) { append(identity, now: now, to: &list) }
        return list
    }

    func node(named name: String) -> Lookup<FiguresList> {
        guard let identity = directory.node(named: name) else { return .unknown }
        var list = FiguresList(.nodes)
        append(identity, now: .now, to: &list)
        return list.rows.isEmpty ? .withoutMetrics : .found(list)
    }

    func pods(_ selection: Selection) -> FiguresList {
        figures(of: directory.pods(selection))
    }

    func pod(namespace: String, name: String) -> Lookup<FiguresList> {
        guard let pod = directory.listed(namespace: namespace, name: name) else { return .unknown }
        let list = figures(of: [pod])
        return list.rows.isEmpty ? .withoutMetrics : .found(list)
    }

    private func figures(of pods: [ListedPod]) -> FiguresList {
        var (pods, list) = (pods, FiguresList(.pods))
        let found = store.append(&pods, now: .now, to: &list)
        if !found.isEmpty { directory.remember(found.map { pods[$0] }) }
        return list
    }

    func size(of kind: FiguresList.Kind, _ selection: Selection) -> Int {
        switch kind {
        case .nodes: directory.nodeCount
        case .pods: directory.bound(selection)
        }
    }

    private func append(_ node: ObjectIdentity, now: ContinuousClock.Instant, to list: inout FiguresList) {
        store.record(named: node.name)?.whileFresh(store.configuration, now: now) { series in
            series.append(node, window: store.window, to: &list)
        }
    }
}
