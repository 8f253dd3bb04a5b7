// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// Of a pod: its cgroup, what the place says, and what is in it.
enum ExplainPod {
    static func write(
        _ pod: ExplainFacts.Pod, _ facts: ExplainFacts, _ trace: SamplerTrace, _ text: inout ExplainText
    ) {
        text.heading("Pod \(pod.title)")
        guard let record = pod.record else {
            text.row("cgroup", "none below \(facts.kubepodsPath) has the uid \(pod.uid); its containers lie elsewhere")
            return
        }
        text.row("cgroup", "\(record.path), inode \(record.inode)")
        text.row("uid", "\(record.uid): \(uidRule(facts.driver))")
        text.row("QoS", "\(record.qos.text): \(classRule(record.qos))")
        text.row("name", name(pod))
        text.row("since", "\(ExplainText.time(record.startTimeUnixNanoseconds)): the directory's time")
        ExplainReads.write(
            subject: record.path, mode: facts.mode, before: pod.before.map(ExplainReads.Counters.init),
            now: ExplainReads.Counters(record), trace, &text)
        writeContents(record, trace, &text)
        if pod.containers.isEmpty {
            text.row("containers", "none: the pod has not started, or has ended")
        }
    }

    private static func uidRule(_ driver: CgroupDriver) -> String {
        switch driver {
        case .systemd: "between PARENT-pod and .slice of the directory's name, its underscores made dashes"
        case .cgroupfs: "behind pod in the directory's name"
        }
    }

    private static func classRule(_ qos: QoSClass) -> String {
        switch qos {
        case .guaranteed: "the directory is in the root itself"
        case .burstable: "the directory is in the root's burstable one"
        case .bestEffort: "the directory is in the root's besteffort one"
        }
    }

    private static func name(_ pod: ExplainFacts.Pod) -> String {
        if pod.containers.contains(where: \.isNamed) { return "\(pod.title), by its containers' names" }
        if pod.name != nil { return "\(pod.title), by the log directory with its uid; no container has a name yet" }
        return "none: no container has a name, and no log directory the uid"
    }

    /// What is there beside containers counts only in the pod.
    private static func writeContents(_ pod: PodRecord, _ trace: SamplerTrace, _ text: inout ExplainText) {
        let others = trace.contents[pod.path, default: []].compactMap { entry -> String? in
            switch entry.kind {
            case .container: nil
            case .overhead: "\(entry.name): overhead of the runtime or nested; no container by its name"
            case .sandboxVM: "\(entry.name): Kata's virtual machine, with all of the pod's containers in it"
            case .mount: "\(entry.name): a systemd mount unit"
            case .misplaced: "\(entry.name): a container's directory by another driver's rule"
            }
        }
        if others.isEmpty { return }
        let rest = others.count - Explain.mostCandidates
        text.row(
            "beside", others.prefix(Explain.mostCandidates) + (rest > 0 ? ["and \(rest) more"] : []))
    }
}
