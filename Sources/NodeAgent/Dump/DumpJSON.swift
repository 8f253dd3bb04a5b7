// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// The report as one JSON object a line: the node first, then a line for each container. Raw figures, in the units that
/// the keys name; what could not be read is null.
enum DumpJSON {
    /// Raised when a key changes its meaning.
    static let schema = 1

    static func render(_ report: DumpReport) -> String {
        var text = node(report) + "\n"
        for row in report.rows { text += container(row) + "\n" }
        return text
    }

    private static func node(_ report: DumpReport) -> String {
        var line = JSONLine()
        line.add("kind", "node")
        line.add("schema", UInt64(schema))
        line.add("node", report.nodeName)
        line.add("time_unix_ns", UInt64(exactly: report.unixNanoseconds))
        line.add("boot_time_ns", report.node.bootTimeNanoseconds)
        line.add("boot_id", report.bootID)
        line.add("cgroup_mode", report.mode.text)
        line.add("cgroup_driver", report.driver.text)
        line.add("kubepods", report.kubepodsPath)
        line.add("capacity_millicores", UInt64(report.capacity.cpuMillicores))
        line.add("capacity_memory_bytes", report.capacity.memoryBytes)
        line.add("cpu_nanoseconds", report.node.cpuNanoseconds)
        line.add("cpu_nanocores", report.nodeCPUNanocores)
        line.add("working_set_bytes", report.node.workingSetBytes)
        line.add("usage_bytes", report.node.usageBytes)
        line.add("sweep_nanoseconds", report.statistics.lastSweepNanoseconds)
        line.add("problems", report.problems)
        return line.text
    }

    private static func container(_ row: DumpRow) -> String {
        let record = row.record
        var line = JSONLine()
        line.add("kind", record.role == .sandbox ? "sandbox" : "container")
        line.add("namespace", record.name?.namespace)
        line.add("pod", record.name?.pod)
        line.add("container", record.name?.container)
        line.add("restart_count", record.name?.restartCount.flatMap { UInt64(exactly: $0) })
        line.add("name_source", row.nameSource)
        line.add("pod_uid", record.identity.podUID)
        line.add("container_id", record.identity.containerID)
        line.add("inode", record.identity.inode)
        line.add("qos", record.identity.qos.text)
        line.add("cgroup", record.identity.path)
        line.add("start_time_unix_ns", record.startTimeUnixNanoseconds.flatMap { UInt64(exactly: $0) })
        line.add("boot_time_ns", record.bootTimeNanoseconds)
        line.add("cpu_nanoseconds", record.cpuNanoseconds)
        line.add("cpu_nanocores", row.cpuNanocores)
        line.add("working_set_bytes", record.workingSetBytes)
        line.add("usage_bytes", record.usageBytes)
        line.add("memory_limit_bytes", row.details.memoryLimitBytes)
        line.add("cpu_limit_millicores", row.details.cpuLimitMillicores)
        return line.text
    }
}

/// One JSON object, written key by key (RFC 8259).
private struct JSONLine {
    private var body = ""

    var text: String { "{\(body)}" }

    mutating func add(_ key: String, _ value: String?) { add(key, raw: value.map(Self.quoted) ?? "null") }

    mutating func add(_ key: String, _ value: UInt64?) { add(key, raw: value.map { "\($0)" } ?? "null") }

    mutating func add(_ key: String, _ values: [String]) {
        add(key, raw: "[" + values.map(Self.quoted).joined(separator: ",") + "]")
    }

    private mutating func add(_ key: String, raw: String) {
        if !body.isEmpty { body += "," }
        body += "\"\(key)\":\(raw)"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
