// SPDX-License-Identifier: Apache-2.0

/// The files that a capture takes along: those that a sweep, `details` and the finders read, and no other. A file that is
/// read and is not listed here is missing when a capture is looked at.
enum CapturedFiles {
    /// v2, of each cgroup.
    static let unified = [
        "cpu.max", "cpu.pressure", "cpu.stat", "cpu.weight", "io.pressure", "memory.current", "memory.events",
        "memory.max", "memory.peak", "memory.pressure", "memory.stat", "memory.swap.current", "memory.swap.max",
        "pids.current",
    ]

    /// v2, of the root alone: what tells a v2 tree by its files, and how many removed cgroups the kernel still holds.
    static let unifiedRoot = ["cgroup.controllers", "cgroup.stat"]

    /// v1, of each cgroup in the `memory` controller's tree.
    static let memory = [
        "memory.limit_in_bytes", "memory.max_usage_in_bytes", "memory.oom_control", "memory.stat",
        "memory.usage_in_bytes",
    ]

    static let accounting = ["cpuacct.usage"]

    /// v1, of each cgroup in the `cpu` controller's tree.
    static let cpu = ["cpu.cfs_period_us", "cpu.cfs_quota_us", "cpu.shares", "cpu.stat"]

    /// Below the proc mount. Of `self/mounts` only the lines about cgroups (`isAboutCgroups`).
    static let proc = [
        "cgroups", "meminfo", "pressure/cpu", "pressure/io", "pressure/memory", mounts, "stat",
        "sys/kernel/random/boot_id", "vmstat",
    ]

    static let mounts = "self/mounts"

    /// Whether a line of `self/mounts` (fstab(5): device, place, type, …) is about cgroups. The others tell of the node's
    /// disks and servers.
    static func isAboutCgroups(_ line: Span<UInt8>, root: String) -> Bool {
        guard let line = text(line) else { return false }
        let fields = line.split(separator: " ")
        guard fields.count >= 3 else { return false }
        return fields[2] == "cgroup" || fields[2] == "cgroup2" || fields[1] == root
    }
}

extension CgroupTrees {
    /// The mounted trees that files are read from, each once, with the names of those files.
    var captured: [(tree: CgroupTree, files: [String])] {
        guard mode != .v2 else { return memory.map { [($0, CapturedFiles.unified)] } ?? [] }
        var found: [(tree: CgroupTree, files: [String])] = []
        for (tree, files) in [
            (memory, CapturedFiles.memory), (accounting, CapturedFiles.accounting), (cpu, CapturedFiles.cpu),
        ] {
            guard let tree else { continue }
            // Controllers that are mounted together are one tree with the files of both.
            if let index = found.firstIndex(where: { $0.tree.path == tree.path }) {
                found[index].files.append(contentsOf: files)
            } else {
                found.append((tree, files))
            }
        }
        return found
    }
}
