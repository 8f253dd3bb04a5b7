// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// A column of the table: what it says of a pod, of a container, and of what a pod has beyond its containers.
struct DumpColumn: Sendable {
    let title: String
    var isFigure = true
    let pod: @Sendable (DumpPod) -> TextCell
    let row: @Sendable (DumpRow) -> TextCell
    var overhead: @Sendable (DumpOverhead) -> TextCell = { _ in "" }
}

extension DumpColumn {
    /// The same of every cgroup.
    private init(
        _ title: String, figure: @escaping @Sendable (DumpFigures) -> TextCell,
        overhead: @escaping @Sendable (DumpOverhead) -> TextCell = { _ in "" }
    ) {
        self.init(title: title, pod: { figure($0.figures) }, row: { figure($0.figures) }, overhead: overhead)
    }

    /// Columns that would hold nothing but zeros or dashes are left out, except from the wide table.
    static func shown(in report: DumpReport, wide: Bool) -> [DumpColumn] {
        func has(_ test: (DumpFigures) -> Bool) -> Bool {
            wide || report.pods.contains { test($0.figures) || $0.rows.contains { test($0.figures) } }
        }
        let restarts = report.pods.contains { $0.rows.contains { $0.name?.restartCount ?? 0 > 0 } }
        var columns = [name]
        if wide { columns.append(qos) }
        columns.append(cpu)
        if wide { columns.append(cpuLimit) }
        columns += [throttling, workingSet, usage]
        if wide { columns += [peak, anonymous] }
        columns += [limit, limitPercent]
        if has({ $0.details.swapBytes ?? 0 > 0 }) { columns.append(swap) }
        columns.append(kills)
        if has({ $0.worstPressure != nil }) { columns.append(pressure) }
        if wide { columns.append(processes) }
        columns.append(age(at: report.unixNanoseconds))
        if wide || restarts { columns.append(Self.restarts) }
        columns.append(wide ? nameSource : source)
        if wide { columns += [podUID, containerID, inode, path] }
        return columns
    }

    /// What a terminal that is too narrow does without, first things first: each is in the wide table.
    static let expendable = [source, restarts, usage, swap, pressure].map(\.title)

    private static let name = DumpColumn(
        title: "POD/CONTAINER", isFigure: false, pod: { TextCell(printable($0.displayName), .bold) },
        row: { "  \(printable($0.displayName))" }, overhead: { _ in "  (overhead)" })

    private static let qos = DumpColumn(
        title: "QOS", isFigure: false, pod: { TextCell($0.qos.text) }, row: { _ in "" })

    private static let cpu = DumpColumn(
        "CPU", figure: { TextCell(DumpTable.cpu($0.cpu?.nanocores)) },
        overhead: { TextCell(DumpTable.cpu($0.cpuNanocores)) })

    private static let cpuLimit = DumpColumn("CPU LIMIT") { figures in
        TextCell(figures.details.cpuLimitMillicores.map { "\($0)m" } ?? DumpTable.none)
    }

    private static let throttling = DumpColumn("THROT%") { figures in
        guard let permille = figures.throttling?.permille else { return TextCell(DumpTable.none) }
        return TextCell(DumpTable.decimal(permille), permille > 0 ? .warning : .plain)
    }

    private static let workingSet = DumpColumn(
        "WS", figure: { TextCell(DumpTable.memory($0.workingSetBytes)) },
        overhead: { TextCell(DumpTable.memory($0.workingSetBytes)) })

    private static let usage = DumpColumn(
        "CURRENT", figure: { TextCell(DumpTable.memory($0.usageBytes)) },
        overhead: { TextCell(DumpTable.memory($0.usageBytes)) })

    private static let peak = memory("PEAK", \.memoryPeakBytes)
    private static let anonymous = memory("ANON", \.anonymousBytes)
    private static let limit = memory("LIMIT", \.memoryLimitBytes)
    private static let swap = memory("SWAP", \.swapBytes)

    private static func memory(_ title: String, _ bytes: @escaping @Sendable (CgroupDetails) -> UInt64?) -> DumpColumn {
        DumpColumn(title) { TextCell(bytes($0.details).map { DumpTable.memory($0) } ?? DumpTable.none) }
    }

    /// From here on a container is about to lose its cache, or its life.
    private static let alarmingPercent: UInt64 = 90

    private static let limitPercent = DumpColumn("%LIM") { figures in
        guard let percent = figures.limitPercent else { return TextCell(DumpTable.none) }
        return TextCell("\(percent)", percent >= alarmingPercent ? .alarm : .plain)
    }

    private static let kills = DumpColumn("OOM") { figures in
        guard let kills = figures.details.outOfMemoryKills else { return TextCell(DumpTable.none) }
        return TextCell("\(kills)", kills > 0 ? .alarm : .plain)
    }

    private static let pressure = DumpColumn("PSI c/m/i") { TextCell(DumpTable.pressure($0.details)) }

    private static let processes = DumpColumn("PROCS") { figures in
        TextCell(figures.details.processes.map { "\($0)" } ?? DumpTable.none)
    }

    private static func age(at now: Int64) -> DumpColumn {
        DumpColumn(
            title: "AGE", pod: { pod in pod.cgroup == nil ? "" : TextCell(DumpTable.age(pod.figures.age(at: now))) },
            row: { TextCell(DumpTable.age($0.figures.age(at: now))) })
    }

    private static let restarts = DumpColumn(
        title: "RESTARTS", pod: { _ in "" },
        row: { row in
            if row.role == .sandbox { return "" }
            return TextCell(row.name?.restartCount.map { "\($0)" } ?? DumpTable.unknown)
        })

    /// A pod has a class and its containers have names: one column is enough for both.
    private static let source = DumpColumn(
        title: "QOS/FROM", isFigure: false, pod: { TextCell($0.qos.text) }, row: { TextCell($0.nameSource) },
        overhead: { _ in "pod-sum" })

    private static let nameSource = DumpColumn(
        title: "NAME FROM", isFigure: false, pod: { _ in "" }, row: { TextCell($0.nameSource) },
        overhead: { _ in "pod-sum" })

    private static let podUID = DumpColumn(
        title: "POD UID", isFigure: false, pod: { TextCell(printable($0.uid)) }, row: { _ in "" })

    private static let containerID = DumpColumn(
        title: "CONTAINER ID", isFigure: false, pod: { _ in "" },
        row: { TextCell(printable(String($0.identity.containerID.prefix(12)))) })

    private static let inode = DumpColumn(
        title: "INODE", pod: { TextCell($0.cgroup.map { "\($0.inode)" } ?? DumpTable.unknown) },
        row: { TextCell("\($0.identity.inode)") })

    private static let path = DumpColumn(
        title: "CGROUP", isFigure: false, pod: { TextCell(printable($0.cgroup?.path ?? DumpTable.unknown)) },
        row: { TextCell(printable($0.identity.path)) })
}
