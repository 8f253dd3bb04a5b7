// SPDX-License-Identifier: Apache-2.0
import Cgroups

@testable import NodeAgent

/// Control bytes, terminal escapes, quotes and a character that turns the writing direction round.
let hostile = "a\u{1b}[2J\"\\\n\r\t\u{7f}\u{9b}31m\u{202e}é\u{0}z"

/// The time of the reports below, ns since 1970.
let reportTime: Int64 = 1_700_000_000_123_456_789

extension DumpReport {
    static func of(
        _ pods: [DumpPod], nodeName: String = "node-1", kubepodsPath: String = "/sys/fs/cgroup/kubepods",
        node: NodeReading = NodeReading(
            cpuNanoseconds: 5_000_000_000, usageBytes: 3 << 30, workingSetBytes: 2 << 30,
            bootTimeNanoseconds: 60_000_000_000),
        nodeCPU: UInt64? = 1_500_000_000, problems: [String] = [], isSinceStart: Bool = false,
        pods count: Int? = nil
    ) -> DumpReport {
        var statistics = SweepStatistics()
        statistics.lastSweepNanoseconds = 2_345_678
        statistics.filesRead = 340
        let containers = pods.flatMap(\.rows).filter { $0.role != .sandbox }
        return DumpReport(
            nodeName: nodeName, mode: .v2, driver: .systemd, kubepodsPath: kubepodsPath, bootID: "boot",
            capacity: NodeCapacity(cpuMillicores: 2000, memoryBytes: 4 << 30), node: node,
            nodeCPU: nodeCPU.map { CPUMean(nanocores: $0, windowNanoseconds: 1_000_000_000) }, pods: pods,
            counts: DumpCounts(
                pods: count ?? pods.count, containers: containers.count, named: containers.count { $0.name != nil }),
            statistics: statistics, problems: problems, unixNanoseconds: reportTime,
            bootTimeNanoseconds: 60_000_000_000, isSinceStart: isSinceStart)
    }
}

extension DumpPod {
    /// A pod with all figures.
    static func of(
        _ rows: [DumpRow], uid: String = "u-1", cpu: UInt64? = 300_000_000, memory: UInt64? = 120 << 20,
        start: Int64? = reportTime - 4 * 86_400 * 1_000_000_000, details: CgroupDetails = .limits(memory: 256 << 20)
    ) -> DumpPod {
        DumpPod(
            uid: uid, qos: .burstable, cgroup: .init(path: "kubepods/\(uid)", inode: 41),
            figures: .of(cpu: cpu, memory: memory, start: start, details: details), rows: rows)
    }

    /// A pod of which nothing is known but what its containers tell.
    static func bare(_ rows: [DumpRow], uid: String = "u-2") -> DumpPod {
        DumpPod(uid: uid, qos: .bestEffort, cgroup: nil, figures: DumpFigures(), rows: rows)
    }
}

extension DumpFigures {
    /// - Parameters:
    ///   - cpu: nanocores over a second.
    ///   - memory: the working set; usage is a byte more.
    static func of(
        cpu: UInt64? = nil, memory: UInt64? = nil, start: Int64? = nil, throttling: ThrottledPeriods? = nil,
        details: CgroupDetails = CgroupDetails()
    ) -> DumpFigures {
        var figures = DumpFigures()
        figures.cpuNanoseconds = cpu.map { _ in 4_710_169_000 }
        figures.usageBytes = memory.map { $0 == .max ? $0 : $0 + 1 }
        figures.workingSetBytes = memory
        figures.bootTimeNanoseconds = 59_877_000_000
        figures.startTimeUnixNanoseconds = start
        figures.cpu = cpu.map { CPUMean(nanocores: $0, windowNanoseconds: 1_000_000_000) }
        figures.throttling = throttling
        figures.details = details
        return figures
    }
}

extension DumpRow {
    /// A named container with all figures.
    static func app(
        _ container: String = "app", pod: String = "web", namespace: String = "default", cpu: UInt64? = 250_000_000,
        memory: UInt64? = 100 << 20, start: Int64? = reportTime - 3 * 3600 * 1_000_000_000,
        throttling: ThrottledPeriods? = nil, restarts: Int? = 3, source: NameSource = .logLink,
        details: CgroupDetails = .limits(memory: 128 << 20, cpu: 500)
    ) -> DumpRow {
        var row = DumpRow(
            ContainerRecord(
                identity: ContainerIdentity(
                    podUID: "u-1", containerID: "c0ffee0123456789", inode: 42, qos: .burstable, path: "kubepods/x"),
                role: .app,
                name: ContainerName(
                    namespace: namespace, pod: pod, container: container, restartCount: restarts, source: source)))
        row.figures = .of(cpu: cpu, memory: memory, start: start, throttling: throttling, details: details)
        return row
    }

    /// A container of which nothing is known but that it is there.
    static func unknown(role: ContainerRole = .pending) -> DumpRow {
        DumpRow(
            ContainerRecord(
                identity: ContainerIdentity(
                    podUID: "u-2", containerID: "deadbeef0123456789", inode: 43, qos: .bestEffort, path: "kubepods/y"),
                role: role))
    }

    static func sandbox(cpu: UInt64 = 0, memory: UInt64 = 300 << 10) -> DumpRow {
        var row = DumpRow.unknown(role: .sandbox)
        row.figures = .of(cpu: cpu, memory: memory, start: reportTime - 4 * 86_400 * 1_000_000_000)
        return row
    }
}

extension CgroupDetails {
    static func limits(memory: UInt64, cpu: UInt64? = nil) -> CgroupDetails {
        var details = CgroupDetails()
        details.memoryLimitBytes = memory
        details.cpuLimitMillicores = cpu
        details.outOfMemoryKills = 0
        return details
    }

    /// Everything that a kernel tells.
    static let full: CgroupDetails = {
        var details = CgroupDetails.limits(memory: 128 << 20, cpu: 500)
        details.periods = 1000
        details.throttledPeriods = 400
        details.throttledNanoseconds = 5_000_000
        details.memoryPeakBytes = 110 << 20
        details.anonymousBytes = 90 << 20
        details.swapBytes = 8 << 20
        details.swapLimitBytes = 64 << 20
        details.outOfMemoryKills = 2
        details.processes = 17
        details.cpuPressure = .average(1234)
        details.memoryPressure = .average(0)
        details.ioPressure = .average(7)
        return details
    }()
}

extension Pressure {
    /// - Parameter average: of the last 10 s, hundredths of a percent.
    static func average(_ average: UInt32) -> Pressure {
        let stall = Stall(average10: average, average60: 1, average300: 2, totalMicroseconds: 98_765)
        return Pressure(some: stall, full: stall)
    }
}
