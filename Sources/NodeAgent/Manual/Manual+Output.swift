// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// What `--dump` prints.
extension Manual {
    static let output =
        "--dump prints what it found out about the node, and a row for each pod and for each container in it. A "
        + "question mark stands for what could not be read, a hyphen for what there is not, such as a limit. Columns "
        + "that would say nothing of this node are left out unless the format is wide. In the formats for programs the "
        + "figures are raw, with their unit in the name, and what could not be read is null or empty. The columns:"

    static let columns: [(title: String, text: String)] = [
        ("POD/CONTAINER", "The pod, and below it its containers; (overhead) is what only the pod's own cgroup counts."),
        ("QOS", "The pod's quality-of-service class."),
        ("CPU", "The mean between two readings a second apart, in thousandths of a core."),
        ("CPU LIMIT", "The quota, in thousandths of a core."),
        ("THROT%", "How many of a hundred scheduling periods the quota stopped it in."),
        ("WS", "The working set: the memory in use less the inactive part of the page cache."),
        ("CURRENT", "All memory in use, with the page cache."),
        ("PEAK", "The most that was in use at once."),
        ("ANON", "Memory of processes, without any file's."),
        ("LIMIT", "The most memory that may be used."),
        ("%LIM", "The working set as a share of the limit."),
        ("SWAP", "Swap in use."),
        ("OOM", "Processes that were killed because the limit was reached."),
        ("PSI c/m/i", "How long it waited for CPU, memory and disks: percent of the last ten seconds (v2 only)."),
        ("PROCS", "Processes and threads (v2 only)."),
        ("AGE", "Time since the start."),
        ("RESTARTS", "How often the kubelet has started the container anew."),
        ("QOS/FROM", "A pod's class, and where a container's name comes from."),
        ("NAME FROM", "Where the container's name comes from."),
        ("POD UID", "The uid that the cgroup's path has, or a static pod's hash."),
        ("CONTAINER ID", "The runtime's id."),
        ("INODE", "Of the cgroup's directory. Another one is another container."),
        ("CGROUP", "The cgroup's path below the mount."),
    ]

    static let nameSources: [(tag: String, text: String)] = [
        (Roff.bold(NameSource.logLink.description), "The name of the container's link in /var/log/containers."),
        (
            Roff.bold(NameSource.linkTarget.description),
            "The link's target, because the link's own name was cut off or is not valid."
        ),
        (
            Roff.bold(NameSource.byElimination.description),
            "There is no link; the pod has one log directory left that belongs to no other container."
        ),
        (
            Roff.bold("inode-order"),
            "No name, but known to be the pod's sandbox: the oldest cgroup without a link, with the least CPU weight."
        ),
        (Roff.bold("pod-sum"), "No container: the pod's own cgroup less its containers'."),
        (Roff.bold("none"), "No name was found. The figures are right all the same."),
    ]
}
