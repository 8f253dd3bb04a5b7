// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console

/// Whether pods are found, ourselves among them, and their containers named and counted.
enum PodsCheck {
    private static let mostNamed = 3

    /// - Parameters:
    ///   - ownUID: of our own pod; empty: not known.
    ///   - now: ns since 1970.
    static func run(_ look: NodeLook, ownUID: String, now: Int64) -> [Finding] {
        [own(look, ownUID), names(look, now), memory(look)]
    }

    private static func own(_ look: NodeLook, _ uid: String) -> Finding {
        guard !uid.isEmpty else {
            return .warn(
                "own pod", "not looked for: its uid is not known",
                fix: ["in a pod, set POD_UID from metadata.uid; elsewhere there is nothing to do"])
        }
        guard let pod = look.pods.first(where: { $0.uid == uid }) else {
            return .fail(
                "own pod", "no pod's cgroup below \(look.kubepodsPath) has the uid \(uid)",
                fix: ["this is the tree of another node, or a part of ours: mount the host's /sys/fs/cgroup"])
        }
        let names = look.containers.filter { $0.identity.podUID == uid }.compactMap(\.name)
        guard let name = names.first else {
            return .fail(
                "own pod", "is there, and none of its containers has a name",
                fix: ["--log-root must be the host's /var/log, readable for us: see the log links"])
        }
        guard let cpu = pod.cpuNanoseconds, cpu > 0 else {
            return .fail(
                "own pod", "\(name.namespace)/\(name.pod) used no CPU, which cannot be",
                fix: ["are the figures those of this kernel? agent --explain \(uid) shows where they come from"])
        }
        return .ok("own pod", "\(name.namespace)/\(name.pod)/\(name.container), \(cpu / 1_000_000) ms of CPU so far")
    }

    private static func names(_ look: NodeLook, _ now: Int64) -> Finding {
        let apps = look.apps
        guard !apps.isEmpty else {
            return .warn(
                "names", "there are \(look.pods.count) pods and no containers",
                fix: ["is this the node's own tree? see kubepods above"])
        }
        let unnamed = apps.filter { $0.name == nil }
        let found = "\(apps.count - unnamed.count) of \(apps.count) containers in \(look.pods.count) pods"
        // Whoever is new gets its link soon.
        let old = unnamed.filter { now - ($0.startTimeUnixNanoseconds ?? 0) > Int64(NodeSampler.patience) }
        if old.isEmpty { return .ok("names", found) }
        let ids = old.prefix(mostNamed).map { String($0.identity.containerID.prefix(12)) }
        return .warn(
            "names", "\(found); \(old.count) have had none for more than 10 s",
            fix: ids.map { "agent --explain \($0)" })
    }

    private static func memory(_ look: NodeLook) -> Finding {
        let without = look.apps.filter { $0.cpuNanoseconds != nil && $0.workingSetBytes == nil }
        guard let first = without.first else { return .ok("figures", "each container that has CPU has memory") }
        return .fail(
            "figures",
            "\(without.count) of \(look.apps.count) containers have CPU and no memory, so they are not served",
            fix: [
                "agent --explain \(first.identity.containerID.prefix(12)) shows which file is missing",
                "v2: memory must be in cgroup.subtree_control of every cgroup above them",
            ])
    }
}
