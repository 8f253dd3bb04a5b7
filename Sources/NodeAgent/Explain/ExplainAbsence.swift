// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// Of what no cgroup is known for: what there is instead.
enum ExplainAbsence {
    /// How many "did you mean" lines.
    private static let mostGuesses = 5

    /// - Returns: whether it turned out to be something else that is there, and was explained.
    static func write(
        _ target: ExplainTarget, _ facts: ExplainFacts, _ trace: SamplerTrace, _ text: inout ExplainText
    ) -> Bool {
        if writeDirectory(target, facts, trace, &text) { return true }
        text.heading("\(target.text) is not among the pods and containers of this node")
        var isExplained = writeLinks(target, facts, &text)
        isExplained = writeLogDirectories(target, facts, &text) || isExplained
        for pod in facts.pods where target.isContainerOf(pod.namespace, pod.name) {
            text.row("pod", "\(pod.title) is there, uid \(pod.uid); its containers are:")
            for container in pod.containers.prefix(Explain.mostCandidates) {
                text.row("", ExplainContainer.title(container))
            }
            isExplained = true
        }
        if !isExplained {
            text.row(
                "because",
                "no pod's cgroup below \(facts.kubepodsPath) has it as its uid, path, id or name, and no log "
                    + "link or directory names it: does it run on this node?")
        }
        let others = (trace.rootChoices.last?.candidates ?? []).filter { !facts.kubepodsPath.hasSuffix("/" + $0) }
        if !others.isEmpty {
            text.row("elsewhere", "there are other kubepods roots (--kubepods-root): " + others.joined(separator: ", "))
        }
        for guess in guesses(target, facts) { text.row("perhaps", "did you mean \(guess)?") }
        return false
    }

    // MARK: Something else that is there

    /// A cgroup's path that is in a pod and no container, or in a container.
    private static func writeDirectory(
        _ target: ExplainTarget, _ facts: ExplainFacts, _ trace: SamplerTrace, _ text: inout ExplainText
    ) -> Bool {
        for pod in facts.pods {
            guard let record = pod.record else { continue }
            let place = record.path + "/"
            guard let start = target.text.firstRange(of: place) else { continue }
            let name = target.text[start.upperBound...].prefix { $0 != "/" }
            if let container = pod.containers.first(where: { $0.record.identity.path == place + name }) {
                text.heading("\(target.text) is inside a container's cgroup, and counted there")
                ExplainContainer.write(container, facts, trace, &text)
                return true
            }
            guard trace.contents[record.path]?.contains(where: { $0.name == name }) == true else { continue }
            text.heading("\(target.text) is no container, and counted only in its pod")
            ExplainPod.write(pod, facts, trace, &text)
            return true
        }
        return false
    }

    private static func writeLinks(
        _ target: ExplainTarget, _ facts: ExplainFacts, _ text: inout ExplainText
    ) -> Bool {
        let dead = facts.links.filter { link in
            target.isID(link.containerID) || target.isPod(link.name?.namespace, link.name?.pod)
                || target.isContainer(link.name?.namespace, link.name?.pod, link.name?.container)
                || link.entry.targetUID.map(target.isUID) ?? false
        }
        for link in dead.prefix(Explain.mostCandidates) {
            text.row("log link", ExplainContainer.lines(link.entry, nil))
            let made = link.entry.modificationTime.map { ", made \(ExplainText.time($0))" } ?? ""
            text.row("", "its container has ended\(made): no cgroup has its id; the kubelet keeps links of dead ones")
        }
        return !dead.isEmpty
    }

    private static func writeLogDirectories(
        _ target: ExplainTarget, _ facts: ExplainFacts, _ text: inout ExplainText
    ) -> Bool {
        let found = facts.logDirectories.filter { directory in
            (target.isUID(directory.uid) || target.isPod(directory.namespace, directory.pod)
                || target.isContainerOf(directory.namespace, directory.pod))
                && !facts.pods.contains { $0.uid == directory.uid }
        }
        for directory in found.prefix(Explain.mostCandidates) {
            text.row("log dir", directory.name)
            text.row(
                "",
                "no pod's cgroup below \(facts.kubepodsPath) has uid \(directory.uid): the pod has ended or not begun")
        }
        return !found.isEmpty
    }

    // MARK: Did you mean

    private static func guesses(_ target: ExplainTarget, _ facts: ExplainFacts) -> [String] {
        var names: [String] = []
        for pod in facts.pods {
            guard let namespace = pod.namespace, let name = pod.name else { continue }
            names.append("\(namespace)/\(name)")
            names += pod.containers.compactMap { $0.record.name.map { "\(name)/\($0.container)" } }
        }
        let scored = Set(names).compactMap { name in Similarity.distance(target.text, name).map { ($0, name) } }
        return scored.sorted { $0 < $1 }.prefix(mostGuesses).map(\.1)
    }
}
