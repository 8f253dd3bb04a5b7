// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// The report as a table for a person.
enum DumpTable {
    static let unknown = "?"
    /// Nothing to know: no limit, no quota, no such accounting.
    static let none = "-"

    /// - Parameter terminal: nil when the text goes elsewhere; then nothing is cut and nothing coloured.
    static func render(_ report: DumpReport, wide: Bool = false, terminal: Terminal? = nil) -> String {
        lines(report, wide: wide, terminal: terminal).joined(separator: "\n") + "\n"
    }

    static func lines(_ report: DumpReport, wide: Bool = false, terminal: Terminal? = nil) -> [String] {
        var lines = header(report)
        lines += report.problems.map { "! \(printable($0))" }
        if report.pods.isEmpty {
            let root = printable(report.kubepodsPath)
            lines.append(
                report.counts.pods == 0
                    ? "no containers below \(root)" : "none of the pods matches --namespace and --pod")
            return lines
        }
        var columns = DumpColumn.shown(in: report, wide: wide)
        // Wide lines fit no terminal; cutting the names would not help.
        let width = wide ? nil : terminal?.width
        var table = table(report, columns, width: width, colour: terminal?.hasColour ?? false)
        for title in DumpColumn.expendable where !table.fits {
            columns.removeAll { $0.title == title }
            table = Self.table(report, columns, width: width, colour: table.hasColour)
        }
        return lines + [""] + table.lines()
    }

    private static func table(
        _ report: DumpReport, _ columns: [DumpColumn], width: Int?, colour: Bool
    ) -> TextTable {
        var rows: [[TextCell]] = []
        for pod in report.pods {
            rows.append(columns.map { $0.pod(pod) })
            rows += pod.rows.map { row in columns.map { $0.row(row) } }
            if let overhead = pod.overhead { rows.append(columns.map { $0.overhead(overhead) }) }
        }
        return TextTable(
            columns: columns.map { TextTable.Column(title: $0.title, isFigure: $0.isFigure) }, rows: rows,
            width: width, hasColour: colour)
    }

    private static func header(_ report: DumpReport) -> [String] {
        let capacity = UInt64(report.capacity.cpuMillicores) * 1_000_000
        return [
            "NODE \(printable(report.nodeName))  cgroup \(report.mode.text) \(report.driver.text)  "
                + "root \(printable(report.kubepodsPath))",
            "cpu \(cpu(report.nodeCPU?.nanocores)) of \(report.capacity.cpuMillicores)m"
                + share(report.nodeCPU?.nanocores, of: capacity)
                + "  working set \(memory(report.node.workingSetBytes)) of \(memory(report.capacity.memoryBytes))"
                + share(report.node.workingSetBytes, of: report.capacity.memoryBytes)
                + "  usage \(memory(report.node.usageBytes))",
            "pods \(report.counts.pods)  names \(report.counts.named)/\(report.counts.containers)  "
                + "sweep \(milliseconds(report.statistics.lastSweepNanoseconds)) ms  "
                + "files \(report.statistics.filesRead)"
                + (report.isSinceStart ? "  means since the start" : ""),
        ]
    }

    private static func share(_ value: UInt64?, of whole: UInt64) -> String {
        guard let value, let percent = scaled(value, by: 100, over: whole) else { return "" }
        return " (\(percent)%)"
    }
}
