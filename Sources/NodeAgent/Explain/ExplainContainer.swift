// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// Of a container: what its directory and its log link say, and what comes of it.
enum ExplainContainer {
    static func title(_ container: ExplainFacts.Container) -> String {
        if let name = container.record.name { return name.container }
        let id = container.record.identity.containerID.prefix(12)
        return container.record.role == .sandbox ? "(sandbox \(id))" : "(\(id))"
    }

    static func write(
        _ container: ExplainFacts.Container, _ facts: ExplainFacts, _ trace: SamplerTrace, _ text: inout ExplainText
    ) {
        let record = container.record
        let decisions = trace.decisions[record.identity.containerID, default: []]
        text.heading("Container \(title(container))")
        text.row("cgroup", cgroup(container))
        text.row("id", "\(record.identity.containerID): \(idRule(record.identity.path))")
        text.row("role", ["\(record.role)"] + decisions.compactMap(roleReason))
        text.row("name", name(record, decisions))
        text.row("start", start(record, decisions))
        ExplainReads.write(
            subject: record.identity.path, mode: facts.mode, before: container.before.map(ExplainReads.Counters.init),
            now: ExplainReads.Counters(record), trace, &text)
        text.row("reported", reported(record))
    }

    private static func cgroup(_ container: ExplainFacts.Container) -> [String] {
        let record = container.record
        let own = "\(record.identity.path), inode \(record.identity.inode)"
        if container.isMisplaced {
            return [
                own, "outside of its pod's cgroup: kubelet and runtime have different cgroup drivers",
                MisplacedAdvice.fix,
            ]
        }
        switch record.attribution {
        case .own: return [own]
        case .wholePod:
            return [own, "has the whole pod's figures: no cgroup tells its containers apart (Kata, gVisor)"]
        case .sibling: return [own, "has no figures: what it uses is in those of the sibling that has the whole pod's"]
        }
    }

    private static func idRule(_ path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        if case .misplaced = CgroupName(name) { return "the end of the directory's name" }
        guard case .container(_, let runtime, let isScope) = CgroupName(name) else { return "of the log link" }
        let unit = isScope ? "a systemd scope" : "a directory of the runtime's own making"
        return (runtime.map { "behind \($0)-" } ?? "the whole name") + ", " + unit
    }

    private static func roleReason(_ decision: TracedDecision) -> String? {
        switch decision {
        case .spoofedSandbox: "sandbox: CRI-O's name for one that has no process (crio-ID without .scope in a slice)"
        case .named(_, let source): "app: it has a log link (\(source)); a sandbox has none"
        case .lowestInode(hasLeastWeight: true):
            "sandbox: the lowest inode of those without a link, and the least CPU weight"
        case .lowestInode(hasLeastWeight: false):
            "no sandbox: the lowest inode of those without a link, but more than the least CPU weight"
        case .lowestInodeUnweighed(let containers, let isOldest):
            "no CPU weight can be read; the lowest inode of those without a link"
                + (containers < 2
                    ? ", but it is alone in the pod" : isOldest ? ", and of all \(containers)" : ", but not of all")
        case .higherInode(let lowest): "no sandbox: inode \(lowest) without a link is lower"
        case .eliminated(_, _, let left): left.count == 1 ? "app: it has a name, by elimination" : nil
        case .namelessLink, .ambiguousLink: nil
        }
    }

    private static func name(_ record: ContainerRecord, _ decisions: [TracedDecision]) -> [String] {
        var lines: [String] = []
        if let name = record.name {
            let restarts = name.restartCount.map { ", restart \($0)" } ?? ""
            lines.append("\(name.namespace)/\(name.pod)/\(name.container)\(restarts)")
        }
        for decision in decisions { lines += nameReason(decision, podUID: record.identity.podUID) }
        if record.name != nil { return lines }
        switch record.role {
        case .sandbox: lines.append("none: nothing names a sandbox")
        case .pending:
            lines.append("none yet: no log link has its id; the kubelet makes it when the container was started")
            if !decisions.contains(where: isElimination) {
                lines.append(
                    "elimination was not tried: it takes 10 s without a link, a known sandbox, and one such container")
            }
        case .app: break
        }
        return lines
    }

    private static func isElimination(_ decision: TracedDecision) -> Bool {
        if case .eliminated = decision { true } else { false }
    }

    private static func nameReason(_ decision: TracedDecision, podUID: String) -> [String] {
        switch decision {
        case .named(let link, .logLink): ["the link's name says it"] + lines(link, podUID)
        case .named(let link, _):
            ["the link's target says it; the link's own name is cut off or not valid"] + lines(link, podUID)
        case .namelessLink(let link): ["a link has its id, and no valid names in it"] + lines(link, podUID)
        case .ambiguousLink(let link, let candidates):
            ["a link whose id is cut off fits \(candidates) containers of the pod"] + lines(link, podUID)
        case .eliminated(let directory, let taken, let left):
            [
                "by elimination: log directory \(directory), taken \(list(taken)), left \(list(left))"
                    + (left.count == 1 ? "" : "; it takes one that is left")
            ]
        case .spoofedSandbox, .lowestInode, .lowestInodeUnweighed, .higherInode: []
        }
    }

    private static func list(_ names: [String]) -> String {
        "[" + names.sorted().prefix(Explain.mostCandidates).joined(separator: ", ") + "]"
    }

    static func lines(_ link: TracedDecision.Link, _ podUID: String?) -> [String] {
        var target = "-> \(link.target ?? "(no link)")"
        if let podUID, let uid = link.targetUID {
            target += uid == podUID ? " (uid is the pod's)" : " (uid is another pod's: \(uid))"
        }
        return ["link \(link.file)", target]
    }

    private static func start(_ record: ContainerRecord, _ decisions: [TracedDecision]) -> String {
        guard let start = record.startTimeUnixNanoseconds else { return "not known" }
        let isLinks = decisions.contains { decision in
            if case .named(let link, _) = decision { link.modificationTime == start } else { false }
        }
        return ExplainText.time(start) + (isLinks ? ": the log link's time" : ": the directory's time at first sight")
    }

    private static func reported(_ record: ContainerRecord) -> String {
        if record.attribution == .sibling { return "yes, as 0" }
        if record.role == .sandbox { return "no: a sandbox is nobody's container" }
        switch (record.cpuNanoseconds, record.workingSetBytes) {
        case (.some, .some): break
        case (.some, nil): return "not served: without memory; is the memory controller on?"
        case (nil, .some): return "not served: without CPU"
        case (nil, nil): return "not served: neither CPU nor memory could be read"
        }
        return record.name == nil ? "to the aggregator, but not served: it has no name yet" : "yes"
    }
}
