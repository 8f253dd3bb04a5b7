// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The running kernel's cgroup trees, in which a pod has a directory each.
struct KernelTrees {
    /// v2: one; v1: memory, then cpuacct, then cpu where that is another.
    let paths: [String]
    let isVersion2: Bool

    private static let mount = "/sys/fs/cgroup"

    /// nil without cgroups.
    static let current: KernelTrees? = {
        if access("\(mount)/cgroup.controllers", F_OK) == 0 { return KernelTrees(paths: [mount], isVersion2: true) }
        let accounting = ["cpu,cpuacct", "cpuacct,cpu", "cpuacct"].map { "\(mount)/\($0)" }
            .first { access("\($0)/cpuacct.usage", F_OK) == 0 }
        guard let accounting, access("\(mount)/memory/memory.stat", F_OK) == 0 else { return nil }
        // Two names can be one hierarchy.
        let cpu = "\(mount)/cpu"
        let isAnother = access("\(cpu)/cpu.shares", F_OK) == 0 && access("\(accounting)/cpu.shares", F_OK) != 0
        return KernelTrees(paths: ["\(mount)/memory", accounting] + (isAnother ? [cpu] : []), isVersion2: false)
    }()

    /// Why tests cannot make cgroups here; nil: they can.
    static let obstacle: String? = {
        guard let trees = current else {
            return "needs cgroups at \(mount): v2, or the v1 controllers memory and cpuacct"
        }
        for tree in trees.paths {
            let probe = "\(tree)/\(PodCgroups.prefix).\(getpid()).probe"
            guard mkdir(probe, 0o755) == 0 else {
                return "needs root and writable cgroups: \(probe) cannot be made (errno \(errno))"
            }
            defer { rmdir(probe) }
            // v2 hands controllers down; without this one there is no memory figure.
            if trees.isVersion2, access("\(probe)/memory.current", F_OK) != 0 {
                return "needs the memory controller below \(tree)"
            }
        }
        PodCgroups.removeLeftovers(in: trees)
        return nil
    }()

    // MARK: The kernel's own word, read in another way than the agent does

    /// CPU time used so far, ns.
    func cpuNanoseconds(_ path: String) -> UInt64? {
        isVersion2
            ? Self.value("usage_usec", in: "\(paths[0])/\(path)/cpu.stat").map { $0 * 1_000 }
            : Self.value(nil, in: "\(paths[1])/\(path)/cpuacct.usage")
    }

    /// Of a CPU quota: how many there were, and in how many the cgroup was stopped.
    struct Periods {
        let all: UInt64
        let throttled: UInt64
    }

    func periods(_ path: String) -> Periods? {
        let file = "\(paths.last ?? Self.mount)/\(path)/cpu.stat"
        guard let all = Self.value("nr_periods", in: file), let throttled = Self.value("nr_throttled", in: file)
        else { return nil }
        return Periods(all: all, throttled: throttled)
    }

    /// Usage less the inactive part of the page cache, bytes.
    func workingSet(_ path: String) -> UInt64? {
        let directory = "\(paths[0])/\(path)"
        guard let usage = Self.value(nil, in: directory + (isVersion2 ? "/memory.current" : "/memory.usage_in_bytes")),
            let inactive = Self.value(
                isVersion2 ? "inactive_file" : "total_inactive_file", in: directory + "/memory.stat")
        else { return nil }
        return usage - min(usage, inactive)
    }

    private static func value(_ key: String?, in path: String) -> UInt64? {
        guard let file = fopen(path, "re") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let words = text.split { $0 == " " || $0 == "\n" }
            guard let key else { return words.first.flatMap { UInt64($0) } }
            if words.count == 2, words[0] == key { return UInt64(words[1]) }
        }
        return nil
    }
}
