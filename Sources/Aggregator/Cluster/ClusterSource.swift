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
        var (wanted, list) = ([WantedPod](), FiguresList(.pods))
        if !selection.selectsByLabels, selection.name == nil {
            let bound = directory.bound(selection)
            wanted.reserveCapacity(bound)
            list.reserveCapacity(rows: bound, usages: 0)
        }
        directory.visitPods(selection) { slice in
            for pod in slice {
                wanted.append(pod.wanted)
                list.expect(pod.identity)
            }
        }
        list.reserveCapacity(rows: wanted.count, usages: 2 * wanted.count)
        complete(&list, wanted)
        return list
    }

    func pod(namespace: String, name: String) -> Lookup<FiguresList> {
        guard let pod = directory.listed(namespace: namespace, name: name) else { return .unknown }
        var list = FiguresList(.pods)
        list.expect(pod.identity)
        complete(&list, [pod.wanted])
        return list.rows.isEmpty ? .withoutMetrics : .found(list)
    }

    private func complete(_ list: inout FiguresList, _ pods: consuming [WantedPod]) {
        let found = store.complete(&pods, now: .now, in: &list)
        if !found.isEmpty { directory.remember(found.map { pods[$0] }) }
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
