// SPDX-License-Identifier: Apache-2.0
import Cgroups
import TLSTestSupport
import Testing

@testable import NodeAgent

@Suite("agent --dump -o json")
struct DumpJSONTests {
    private func objects(_ report: DumpReport) throws -> [StrictJSON] {
        let text = DumpJSON.render(report)
        #expect(text.hasSuffix("}\n"))
        return try text.split(separator: "\n").map { try StrictJSON(String($0)) }
    }

    @Test("the first line is the node, with raw figures")
    func node() throws {
        let node = try #require(try objects(.of([.app()])).first)
        #expect(node["kind"] == .string("node") && node["schema"] == .number("1"))
        #expect(node["node"] == .string("node-1") && node["boot_id"] == .string("boot"))
        #expect(node["cgroup_mode"] == .string("v2") && node["cgroup_driver"] == .string("systemd"))
        #expect(node["time_unix_ns"] == .number("1700000000123456789"))
        #expect(node["capacity_millicores"] == .number("2000"))
        #expect(node["cpu_nanocores"] == .number("1500000000"))
        #expect(node["working_set_bytes"] == .number("\(2 << 30)"))
        #expect(node["problems"] == .array([]))
    }

    @Test("each further line is a container")
    func containers() throws {
        let lines = try objects(.of([.app(), .unknown(role: .sandbox), .unknown()]))
        #expect(lines.count == 4)
        let app = lines[1]
        #expect(app["kind"] == .string("container") && app["namespace"] == .string("default"))
        #expect(app["pod"] == .string("web") && app["container"] == .string("app"))
        #expect(app["restart_count"] == .number("3") && app["inode"] == .number("42"))
        #expect(app["qos"] == .string("Burstable") && app["name_source"] == .string("log-link"))
        #expect(app["cpu_nanocores"] == .number("250000000"))
        #expect(app["memory_limit_bytes"] == .number("\(128 << 20)"))
        #expect(app["cpu_limit_millicores"] == .number("500"))
        #expect(lines[2]["kind"] == .string("sandbox"))
    }

    @Test("what is not known is null, and every container has the same keys")
    func nulls() throws {
        let lines = try objects(.of([.app(), .unknown()], node: NodeReading(), nodeCPU: nil))
        for key in ["cpu_nanoseconds", "cpu_nanocores", "working_set_bytes", "usage_bytes"] {
            #expect(lines[0][key] == .null, "\(key)")
            #expect(lines[2][key] == .null, "\(key)")
        }
        for key in [
            "namespace", "pod", "container", "restart_count", "start_time_unix_ns", "memory_limit_bytes",
            "cpu_limit_millicores",
        ] { #expect(lines[2][key] == .null, "\(key)") }
        guard case .object(let full) = lines[1], case .object(let bare) = lines[2] else {
            Issue.record("no objects")
            return
        }
        #expect(Set(full.keys) == Set(bare.keys))
        #expect(!full.values.contains(.null))
    }

    @Test("hostile names come back as they were, and no control byte is in the output")
    func hostileNames() throws {
        let report = DumpReport.of(
            [.app(hostile, pod: hostile, namespace: hostile)], nodeName: hostile, kubepodsPath: hostile,
            problems: [hostile, "two"])
        let lines = try objects(report)
        #expect(lines.count == 2)
        #expect(lines[0]["node"] == .string(hostile) && lines[0]["kubepods"] == .string(hostile))
        #expect(lines[0]["problems"] == .array([.string(hostile), .string("two")]))
        #expect(lines[1]["container"] == .string(hostile))
        for scalar in DumpJSON.render(report).unicodeScalars where scalar != "\n" {
            #expect(scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value))
        }
    }

    @Test("figures at the end of their range are numbers still")
    func extremes() throws {
        let line = try objects(.of([.app(cpu: .max, memory: .max - 1, details: .limits(memory: .max))]))[1]
        #expect(line["cpu_nanocores"] == .number("18446744073709551615"))
        #expect(line["usage_bytes"] == .number("18446744073709551615"))
    }

    /// The reader above has to do where there is none.
    private static let hasPython = (try? ChildProcess.run(["python3", "-c", "import json"]))?.status == 0

    @Test("another program's parser takes every line", .enabled(if: hasPython))
    func foreignParser() throws {
        let text = DumpJSON.render(.of([.app(hostile), .unknown()], problems: [hostile]))
        let script = "import json,sys\nfor line in sys.stdin: print(json.loads(line)['kind'])"
        let result = try ChildProcess.run(["python3", "-c", script], input: text)
        #expect(result.status == 0 && result.text == "node\ncontainer\ncontainer\n", "\(result.text)")
    }
}
