// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// Figures as values of their own, which are easier to compare.
extension MetricsSource {
    func nodeFigures() -> [NodeFigures] { nodes(Selection()).nodeFigures }

    func podFigures(inNamespace namespace: String?) -> [PodFigures] { pods(Selection(namespace: namespace)).podFigures }

    func nodeFigures(named name: String) -> Lookup<NodeFigures> {
        switch node(named: name) {
        case .found(let list): .found(list.nodeFigures[0])
        case .withoutMetrics: .withoutMetrics
        case .unknown: .unknown
        }
    }

    func podFigures(namespace: String, name: String) -> Lookup<PodFigures> {
        switch pod(namespace: namespace, name: name) {
        case .found(let list): .found(list.podFigures[0])
        case .withoutMetrics: .withoutMetrics
        case .unknown: .unknown
        }
    }
}
