// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// Of the node: how the mode was told and the kubepods root found.
enum ExplainNode {
    static func write(_ facts: ExplainFacts, _ trace: SamplerTrace, _ text: inout ExplainText) {
        writeTree(trace, &text)
        text.row("mode", "\(facts.mode.text): \(reason(facts.mode))")
        text.row("root", [facts.kubepodsPath] + root(trace) + ["so the cgroup driver is \(facts.driver.text)"])
        for problem in facts.problems { text.row("problem", problem) }
        for failure in trace.failures.prefix(Explain.mostCandidates) {
            text.row("unreadable", "\(failure.path): \(ExplainText.error(failure.errno))")
        }
    }

    /// What is there even where nothing can be read.
    static func writeTree(_ trace: SamplerTrace, _ text: inout ExplainText) {
        text.heading("Node")
        text.row("cgroups", trace.filesystems.map(filesystem))
    }

    private static func filesystem(_ found: SamplerTrace.Filesystem) -> String {
        "statfs \(found.path) -> \(typeName(found.type))" + (found.hasControllersFile ? ", has cgroup.controllers" : "")
    }

    /// `f_type` of statfs(2), by linux/magic.h.
    static func typeName(_ type: Int64?) -> String {
        guard let type else { return "unknown" }
        let name =
            switch type {
            case 0x6367_7270: "cgroup2fs"
            case 0x27_e0eb: "cgroupfs (v1)"
            case 0x0102_1994: "tmpfs"
            default: "no cgroup filesystem"
            }
        return "\(name) 0x\(String(type, radix: 16))"
    }

    private static func reason(_ mode: CgroupMode) -> String {
        switch mode {
        case .v2: "one tree for all controllers"
        case .v1: "a tree for each controller"
        case .hybrid: "a tree for each controller; the v2 tree beside them does not have the counters"
        }
    }

    private static func root(_ trace: SamplerTrace) -> [String] {
        guard let choice = trace.rootChoices.last else { return [] }
        let others = "of " + choice.candidates.joined(separator: ", ")
        let why: String
        switch choice.reason {
        case .named: why = "named by --kubepods-root"
        case .onlyOne: why = "the only one in \(choice.tree), of \(trace.directoriesSearched) directories searched"
        case .holdsOwnPod(let uid): why = "holds our own pod, uid \(uid); \(others)"
        case .onlyOneInUse: why = "the only one with pods; \(others)"
        case nil: why = "none of \(choice.candidates.count) was taken"
        }
        return [why]
    }
}
