// SPDX-License-Identifier: Apache-2.0
import Cgroups

@testable import NodeAgent

/// Control bytes, terminal escapes, quotes and a character that turns the writing direction round.
let hostile = "a\u{1b}[2J\"\\\n\r\t\u{7f}\u{9b}31m\u{202e}é\u{0}z"

extension DumpReport {
    static func of(
        _ rows: [DumpRow], nodeName: String = "node-1", kubepodsPath: String = "/sys/fs/cgroup/kubepods",
        node: NodeReading = NodeReading(
            cpuNanoseconds: 5_000_000_000, usageBytes: 3 << 30, workingSetBytes: 2 << 30, bootTimeNanoseconds: 77),
        nodeCPU: UInt64? = 1_500_000_000, problems: [String] = []
    ) -> DumpReport {
        var statistics = SweepStatistics()
        statistics.lastSweepNanoseconds = 2_345_678
        return DumpReport(
            nodeName: nodeName, mode: .v2, driver: .systemd, kubepodsPath: kubepodsPath, bootID: "boot",
            capacity: NodeCapacity(cpuMillicores: 2000, memoryBytes: 4 << 30), node: node, nodeCPUNanocores: nodeCPU,
            rows: rows, statistics: statistics, problems: problems, unixNanoseconds: 1_700_000_000_123_456_789)
    }
}

extension DumpRow {
    /// A named container with all figures.
    static func app(
        _ container: String = "app", pod: String = "web", namespace: String = "default", cpu: UInt64? = 250_000_000,
        memory: UInt64? = 100 << 20,
        details: CgroupDetails = .limits(memory: 128 << 20, cpu: 500)
    ) -> DumpRow {
        DumpRow(
            record: ContainerRecord(
                identity: ContainerIdentity(
                    podUID: "u-1", containerID: "c0ffee0123456789", inode: 42, qos: .burstable, path: "kubepods/x"),
                role: .app,
                name: ContainerName(
                    namespace: namespace, pod: pod, container: container, restartCount: 3, source: .logLink),
                startTimeUnixNanoseconds: 1_600_000_000_000_000_000, cpuNanoseconds: cpu.map { _ in 987 },
                usageBytes: memory.map { $0 + 1 }, workingSetBytes: memory, bootTimeNanoseconds: 55),
            cpuNanocores: cpu, details: details, siblingName: nil)
    }

    /// A container of which nothing is known but that it is there.
    static func unknown(role: ContainerRole = .pending) -> DumpRow {
        DumpRow(
            record: ContainerRecord(
                identity: ContainerIdentity(
                    podUID: "u-2", containerID: "deadbeef0123456789", inode: 43, qos: .bestEffort, path: "kubepods/y"),
                role: role),
            cpuNanocores: nil, details: CgroupDetails(), siblingName: nil)
    }
}

extension CgroupDetails {
    static func limits(memory: UInt64, cpu: UInt64? = nil) -> CgroupDetails {
        var details = CgroupDetails()
        details.memoryLimitBytes = memory
        details.cpuLimitMillicores = cpu
        return details
    }
}
