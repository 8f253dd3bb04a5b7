// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// The report as a table for a person.
enum DumpTable {
    private static let header = [
        "NAMESPACE", "POD", "CONTAINER", "QOS", "CPU(cores)", "WORKING SET", "USAGE", "LIMIT", "NAME FROM",
    ]
    /// Numbers line up on the right.
    private static let rightAligned: Set<Int> = [4, 5, 6, 7]
    private static let unknown = "?"

    static func render(_ report: DumpReport) -> String {
        var text = nodeLine(report) + "\n"
        for problem in report.problems { text += "! \(printable(problem))\n" }
        if report.rows.isEmpty { return text + "no containers below \(printable(report.kubepodsPath))\n" }
        return text + "\n" + table([header] + report.rows.map(cells))
    }

    private static func nodeLine(_ report: DumpReport) -> String {
        let named = report.rows.count { $0.record.name != nil }
        let apps = report.rows.count { $0.record.role != .sandbox }
        return
            "NODE \(printable(report.nodeName))  cgroup \(report.mode.text) \(report.driver.text)  "
            + "root \(printable(report.kubepodsPath))\n"
            + "cpu \(cpu(report.nodeCPUNanocores)) of \(report.capacity.cpuMillicores)m  "
            + "working set \(memory(report.node.workingSetBytes)) of \(memory(report.capacity.memoryBytes))  "
            + "usage \(memory(report.node.usageBytes))  names \(named)/\(apps)  "
            + "sweep \(milliseconds(report.statistics.lastSweepNanoseconds)) ms"
    }

    private static func cells(_ row: DumpRow) -> [String] {
        [
            printable(row.namespace), printable(row.pod), printable(row.container), row.record.identity.qos.text,
            cpu(row.cpuNanocores), memory(row.record.workingSetBytes), memory(row.record.usageBytes),
            row.details.memoryLimitBytes.map { memory($0) } ?? "-", row.nameSource,
        ]
    }

    /// As kubectl top prints it, with a digit more where a container uses little.
    static func cpu(_ nanocores: UInt64?) -> String {
        guard let nanocores else { return unknown }
        let tenths = nanocores / 100_000
        return tenths < 100 ? "\(tenths / 10).\(tenths % 10)m" : "\(nanocores / 1_000_000)m"
    }

    static func memory(_ bytes: UInt64?) -> String {
        guard let bytes else { return unknown }
        if bytes < 10 << 20 {
            let tenths = bytes / 1024 * 10 / 1024
            return "\(tenths / 10).\(tenths % 10)Mi"
        }
        return "\(bytes >> 20)Mi"
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> String {
        let tenths = nanoseconds / 100_000
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func table(_ rows: [[String]]) -> String {
        let widths = header.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                if rightAligned.contains(column) { return padding + cell }
                return column == header.count - 1 ? cell : cell + padding
            }.joined(separator: "  ")
        }.joined(separator: "\n") + "\n"
    }

    /// Paths and names come from directories that others write: no byte of them may steer the terminal, and none may
    /// look wider or narrower than the table counts it. The names of Kubernetes are ASCII.
    static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            if (0x20...0x7e).contains(scalar.value) {
                result.unicodeScalars.append(scalar)
            } else {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            }
        }
        return result
    }
}
