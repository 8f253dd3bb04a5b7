// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console

/// The mounts, and where in them the pods are.
enum TreeCheck {
    static func run(_ look: NodeLook?, _ trace: SamplerTrace) -> [Finding] {
        var findings: [Finding] = []
        let mounts = trace.filesystems.map { "\($0.path) is \(ExplainNode.typeName($0.type))" }.joined(separator: ", ")
        if let look {
            findings.append(mounted(trace, "\(look.mode.text): \(mounts)"))
            findings += look.problems.map { .failed($0) }
            findings.append(root(look, trace))
            findings.append(misplaced(look))
        } else if trace.rootChoices.last != nil {
            findings.append(mounted(trace, mounts))
        }
        return findings
    }

    /// A captured tree is told by what is in it, so it works; on a node it is not what should be there.
    private static func mounted(_ trace: SamplerTrace, _ found: String) -> Finding {
        let isReal = trace.filesystems.contains { $0.type == cgroup2 || $0.type == cgroup1 }
        if isReal { return .ok("cgroups", found) }
        return .warn(
            "cgroups", "\(found): a copy of a tree, not the kernel's",
            fix: ["on a node, mount the host's /sys/fs/cgroup and name it with --cgroup-root"])
    }

    /// linux/magic.h
    private static let cgroup2: Int64 = 0x6367_7270
    private static let cgroup1: Int64 = 0x27_e0eb

    private static func root(_ look: NodeLook, _ trace: SamplerTrace) -> Finding {
        let candidates = trace.rootChoices.last?.candidates ?? []
        let found = "\(look.kubepodsPath), \(look.driver.text)"
        guard candidates.count > 1 else { return .ok("kubepods", found) }
        let all = "\(found); \(candidates.count) candidates: \(candidates.joined(separator: ", "))"
        if case .holdsOwnPod = trace.rootChoices.last?.reason { return .ok("kubepods", all) }
        return .warn(
            "kubepods", "\(all); taken because it alone has pods",
            fix: [
                "a changed cgroup driver leaves the old root behind until the next boot; give --pod-uid (POD_UID) or "
                    + "--kubepods-root to be sure"
            ])
    }

    private static func misplaced(_ look: NodeLook) -> Finding {
        guard look.misplaced > 0 else { return .ok("cgroup drivers", "no container lies outside of its pod") }
        return .fail(
            "cgroup drivers",
            "\(look.misplaced) containers lie outside of their pods' cgroups: the kubelet's driver is systemd, the "
                + "runtime's is not; limits of pods have no effect on them", fix: [MisplacedAdvice.fix])
    }
}
