// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The node's own figures, as the kubelet has them: those of the root cgroup, or of procfs where the root has no such
/// file (v2 before Linux 5.9, or a controller that is off).
extension NodeSampler {
    func readNode() {
        trace?.subject = ""
        var figures = Figures(bootTimeNanoseconds: now)
        if let cpu = nodeCPU() {
            figures.cpuNanoseconds = cpu
            figures.bootTimeNanoseconds = reader.stamp
        }
        readNodeMemory(&figures)
        if let captured { replay(&figures, captured.root) }
        node = NodeReading(
            cpuNanoseconds: figures.cpuNanoseconds, usageBytes: figures.usageBytes,
            workingSetBytes: figures.workingSetBytes, bootTimeNanoseconds: figures.bootTimeNanoseconds)
    }

    private func nodeCPU() -> UInt64? {
        do throws(ReadFailure) {
            guard let tree = trees.accounting else { return try procCPU() }
            do throws(ReadFailure) {
                if mode == .v2 {
                    return nanoseconds(try reader.number("usage_usec", of: "cpu.stat", in: tree.handle, stamped: true))
                }
                return try reader.number("cpuacct.usage", in: tree.handle, stamped: true).finite
            } catch {
                guard error.isMissing else { throw error }
                return try procCPU()
            }
        } catch {
            noteNode(error, "the node's CPU")
            return nil
        }
    }

    private func procCPU() throws(ReadFailure) -> UInt64? {
        let ticks = try reader.whole("stat", in: proc, stamped: true) { ProcStat.busyTicks($0) }
        let perSecond = sysconf(Int32(_SC_CLK_TCK))
        guard perSecond > 0 else { return nil }
        let (value, overflow) = ticks.multipliedReportingOverflow(by: 1_000_000_000 / UInt64(perSecond))
        return overflow ? nil : value
    }

    private func readNodeMemory(_ figures: inout Figures) {
        do throws(ReadFailure) {
            guard let tree = trees.memory else { return try procMemory(&figures) }
            do throws(ReadFailure) {
                try mode == .v2 ? unifiedNodeMemory(tree, &figures) : splitNodeMemory(tree, &figures)
            } catch {
                guard error.isMissing else { throw error }
                try procMemory(&figures)
            }
        } catch {
            noteNode(error, "the node's memory")
        }
    }

    private func splitNodeMemory(_ tree: CgroupTree, _ figures: inout Figures) throws(ReadFailure) {
        let inactive = try reader.number("total_inactive_file", of: "memory.stat", in: tree.handle)
        figures.setMemory(usage: try reader.number("memory.usage_in_bytes", in: tree.handle).finite, inactive: inactive)
    }

    private func unifiedNodeMemory(_ tree: CgroupTree, _ figures: inout Figures) throws(ReadFailure) {
        let stat = try reader.whole("memory.stat", in: tree.handle) { RootMemory($0) }
        do throws(ReadFailure) {
            // A node in a container: the mount's root is not the kernel's, and has the file.
            let current = try reader.number("memory.current", in: tree.handle).finite
            figures.setMemory(usage: current, inactive: stat.inactiveFile)
        } catch {
            guard error.isMissing else { throw error }
            figures.setMemory(usage: stat.usage, inactive: stat.inactiveFile)
        }
    }

    private func procMemory(_ figures: inout Figures) throws(ReadFailure) {
        let memory = try reader.whole("meminfo", in: proc) { ProcMemory($0) }
        figures.setMemory(usage: memory.usage, inactive: memory.inactiveFile)
    }

    private func noteNode(_ failure: ReadFailure, _ what: String) {
        let place = "\(what) in \(roots.cgroup) or \(roots.proc)"
        switch failure {
        case .malformed:
            counters.parseErrors &+= 1
            failures.add(place, errno: nil)
        case .system(let failure):
            counters.failed(failure)
            failures.add(place, errno: failure.errno)
        }
    }
}

extension ReadFailure {
    var isMissing: Bool {
        if case .system(let failure) = self { failure.isMissing } else { false }
    }
}

extension KernelNumber {
    var finite: UInt64? {
        switch self {
        case .finite(let number): number
        case .unlimited: nil
        }
    }
}

/// v2's root has no `memory.current`; libcontainer takes anon + file for it (cgroups/fs2/memory.go).
struct RootMemory: Equatable {
    let usage: UInt64
    let inactiveFile: UInt64

    init?(_ bytes: Span<UInt8>) {
        guard case .value(let anonymous) = KeyedFile.parse("anon", bytes, complete: true),
            case .value(let file) = KeyedFile.parse("file", bytes, complete: true),
            case .value(let inactive) = KeyedFile.parse("inactive_file", bytes, complete: true)
        else { return nil }
        let (sum, overflow) = anonymous.addingReportingOverflow(file)
        if overflow { return nil }
        usage = sum
        inactiveFile = inactive
    }
}

/// The same from `/proc/meminfo`.
struct ProcMemory: Equatable {
    let usage: UInt64
    let inactiveFile: UInt64

    init?(_ bytes: Span<UInt8>) {
        var sum: UInt64 = 0
        let keys: [StaticString] = ["AnonPages:", "Cached:", "SwapCached:", "Buffers:"]
        for key in keys {
            guard let part = KeyedFile.kibibytes(key, bytes) else { return nil }
            let (next, overflow) = sum.addingReportingOverflow(part)
            if overflow { return nil }
            sum = next
        }
        guard let inactive = KeyedFile.kibibytes("Inactive(file):", bytes) else { return nil }
        usage = sum
        inactiveFile = inactive
    }
}
