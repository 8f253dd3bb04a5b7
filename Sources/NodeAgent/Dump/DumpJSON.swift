// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// The report as one JSON object a line: the node first, then each pod before its containers. Raw figures, in the units
/// that the keys name; what could not be read is null.
enum DumpJSON {
    /// Raised when a key changes its meaning, or a kind of line is new.
    static let schema = 2

    static func render(_ report: DumpReport) -> String {
        var text = line(node(report))
        for pod in report.pods {
            text += line(DumpFields.of(pod))
            for row in pod.rows { text += line(DumpFields.of(row, in: pod)) }
        }
        return text
    }

    private static func node(_ report: DumpReport) -> [DumpField] {
        [
            DumpField("kind", "node"),
            DumpField("schema", UInt64(schema)),
            DumpField("node", report.nodeName),
            DumpField("time_unix_ns", UInt64(exactly: report.unixNanoseconds)),
            DumpField("boot_time_ns", report.node.bootTimeNanoseconds),
            DumpField("boot_id", report.bootID),
            DumpField("cgroup_mode", report.mode.text),
            DumpField("cgroup_driver", report.driver.text),
            DumpField("kubepods", report.kubepodsPath),
            DumpField("capacity_millicores", UInt64(report.capacity.cpuMillicores)),
            DumpField("capacity_memory_bytes", report.capacity.memoryBytes),
            DumpField("cpu_nanoseconds", report.node.cpuNanoseconds),
            DumpField("cpu_nanocores", report.nodeCPU?.nanocores),
            DumpField("cpu_window_ns", report.nodeCPU?.windowNanoseconds),
            DumpField("working_set_bytes", report.node.workingSetBytes),
            DumpField("usage_bytes", report.node.usageBytes),
            DumpField("pods", UInt64(report.counts.pods)),
            DumpField("containers", UInt64(report.counts.containers)),
            DumpField("containers_named", UInt64(report.counts.named)),
            DumpField("sweep_nanoseconds", report.statistics.lastSweepNanoseconds),
            DumpField("files_read", report.statistics.filesRead),
            DumpField("problems", report.problems),
        ]
    }

    private static func line(_ fields: [DumpField]) -> String {
        var line = JSONLine()
        for field in fields {
            switch field.value {
            case .text(let text): line.add(field.name, text)
            case .number(let number): line.add(field.name, number)
            case .list(let list): line.add(field.name, list)
            }
        }
        return line.text + "\n"
    }
}
