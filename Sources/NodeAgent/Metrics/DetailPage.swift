// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Formats

/// The part of /metrics about pods and containers.
struct DetailPage {
    let report: DetailReport

    func write(to text: inout PrometheusText) {
        let (containers, pods) = subjects
        for family in Self.containerFamilies { family.write(containers, to: &text) }
        for family in Self.podFamilies { family.write(pods, to: &text) }
        text.single(
            "metrics_push_agent_detail_containers_left_out", .gauge,
            help: "Containers that are not here because there are too many.", report.leftOut)
        text.single(
            "metrics_push_agent_detail_duration_seconds", .gauge, help: "How long reading all pods took.",
            report.duration.inSeconds)
    }

    private typealias Labelled<Subject> = [(labels: PrometheusText.Labels, subject: Subject)]

    /// Sandboxes and containers without a name have no line of their own; they are in their pod's figures. Of two
    /// containers with one name, as while one is replaced, the younger one counts: a page may have each series once.
    private var subjects: (containers: Labelled<ContainerState>, pods: Labelled<PodState>) {
        var containers: Labelled<ContainerState> = []
        var pods: Labelled<PodState> = []
        var uids: Set<String> = []
        // Of two cgroups that carry one uid, as no kubelet makes them, only the first would not spoil the page.
        for state in report.pods where uids.insert(state.pod.uid).inserted {
            var youngest: [ContainerKey: ContainerState] = [:]
            var podName: ContainerName?
            for container in state.containers {
                guard let name = container.record.name else { continue }
                podName = podName ?? name
                let key = ContainerKey(namespace: name.namespace, pod: name.pod, container: name.container)
                if let other = youngest[key], !container.record.isYounger(than: other.record) { continue }
                youngest[key] = container
            }
            let uid = ("uid", state.pod.uid)
            for (key, container) in youngest.sorted(by: { $0.key.container < $1.key.container }) {
                containers.append(
                    (
                        PrometheusText.Labels([
                            ("namespace", key.namespace), ("pod", key.pod), ("container", key.container), uid,
                        ]), container
                    ))
            }
            pods.append(
                (
                    PrometheusText.Labels([("namespace", podName?.namespace ?? ""), ("pod", podName?.pod ?? ""), uid]),
                    state
                ))
        }
        return (containers, pods)
    }

    private struct ContainerKey: Hashable {
        let namespace: String
        let pod: String
        let container: String
    }
}

extension ContainerRecord {
    /// Inodes of cgroups count upwards.
    fileprivate func isYounger(than other: ContainerRecord) -> Bool { identity.inode > other.identity.inode }
}

extension PodState {
    /// What is charged to the pod and to none of its containers. nil: not all of it is known.
    var overheadBytes: UInt64? {
        guard var rest = pod.usageBytes else { return nil }
        for container in containers where container.record.role != .sandbox {
            guard let usage = container.record.usageBytes else { return nil }
            // The containers were read before the pod, and may have freed memory since.
            rest -= min(rest, usage)
        }
        return rest
    }
}
