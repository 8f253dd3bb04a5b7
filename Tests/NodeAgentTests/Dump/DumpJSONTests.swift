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
        let node = try #require(try objects(.of([.of([.app()])])).first)
        #expect(node["kind"] == .string("node") && node["schema"] == .number("2"))
        #expect(node["node"] == .string("node-1") && node["boot_id"] == .string("boot"))
        #expect(node["cgroup_mode"] == .string("v2") && node["cgroup_driver"] == .string("systemd"))
        #expect(node["time_unix_ns"] == .number("1700000000123456789"))
        #expect(node["capacity_millicores"] == .number("2000"))
        #expect(node["cpu_nanocores"] == .number("1500000000"))
        #expect(node["working_set_bytes"] == .number("\(2 << 30)"))
        #expect(node["cpu_window_ns"] == .number("1000000000") && node["files_read"] == .number("340"))
        #expect(node["pods"] == .number("1") && node["containers_named"] == .number("1"))
        #expect(node["problems"] == .array([]))
    }

    @Test("each further line is a pod, or one of its containers")
    func containers() throws {
        let lines = try objects(.of([.of([.app(), .unknown(role: .sandbox), .unknown()])]))
        #expect(lines.map { $0["kind"] } == ["node", "pod", "container", "sandbox", "container"].map { .string($0) })
        let app = lines[2]
        #expect(app["namespace"] == .string("default"))
        #expect(app["pod"] == .string("web") && app["container"] == .string("app"))
        #expect(app["restart_count"] == .number("3") && app["inode"] == .number("42"))
        #expect(app["qos"] == .string("Burstable") && app["name_source"] == .string("log-link"))
        #expect(app["cpu_nanocores"] == .number("250000000"))
        #expect(app["memory_limit_bytes"] == .number("\(128 << 20)"))
        #expect(app["cpu_limit_millicores"] == .number("500"))
        #expect(app["flags"] == .array([]))
        let pod = lines[1]
        #expect(pod["namespace"] == .string("default") && pod["pod"] == .string("web") && pod["container"] == .null)
        #expect(pod["pod_uid"] == .string("u-1") && pod["inode"] == .number("41"))
        #expect(pod["cgroup"] == .string("kubepods/u-1") && pod["working_set_bytes"] == .number("\(120 << 20)"))
        // A sandbox is its pod's; a container without a name is not given one.
        #expect(lines[3]["pod"] == .string("web") && lines[4]["pod"] == .null && lines[4]["namespace"] == .null)
    }

    @Test("the pod's line says what its containers leave of it")
    func overhead() throws {
        let lines = try objects(.of([.of([.app(), .sandbox()])]))
        #expect(lines[1]["overhead_cpu_nanocores"] == .number("50000000"))
        #expect(lines[1]["overhead_working_set_bytes"] == .number("\((20 << 20) - (300 << 10))"))
        #expect(lines[2]["overhead_cpu_nanocores"] == .null)
    }

    @Test("all that the kernel tells is there raw")
    func details() throws {
        let throttling = ThrottledPeriods(periods: 10, throttled: 4)
        let line = try objects(.of([.of([.app(throttling: throttling, details: .full)])]))[2]
        for (key, value) in [
            ("cpu_periods", 1000), ("cpu_throttled_periods", 400), ("cpu_throttled_nanoseconds", 5_000_000),
            ("cpu_window_periods", 10), ("cpu_window_throttled_periods", 4), ("memory_peak_bytes", 110 << 20),
            ("anonymous_bytes", 90 << 20), ("swap_bytes", 8 << 20), ("swap_limit_bytes", 64 << 20), ("oom_kills", 2),
            ("processes", 17), ("cpu_pressure_some_avg10_hundredths", 1234), ("io_pressure_full_total_us", 98_765),
        ] {
            #expect(line[key] == .number("\(value)"), "\(key)")
        }
    }

    @Test("flags tell why a figure or a name is not there, or is not the container's own")
    func flags() throws {
        func flags(_ pod: DumpPod, line: Int = 2) throws -> StrictJSON? { try objects(.of([pod]))[line]["flags"] }
        #expect(try flags(.bare([.unknown()]), line: 1) == .array([.string("no-pod-cgroup"), .string("no-name")]))
        #expect(
            try flags(.bare([.unknown()]))
                == .array([.string("cpu-unavailable"), .string("memory-unavailable"), .string("no-name")]))
        #expect(try flags(.of([.app(source: .byElimination)])) == .array([.string("by-elimination")]))
        var record = ContainerRecord(
            identity: ContainerIdentity(podUID: "u", containerID: "c", inode: 1, qos: .burstable, path: "p"),
            role: .sandbox, cpuNanoseconds: 1, usageBytes: 5)
        record.isInactiveFileStale = true
        record.attribution = .wholePod
        #expect(
            try flags(.of([DumpRow(record)]))
                == .array(["working-set-unavailable", "stale-inactive-file", "whole-pod"].map { .string($0) }))
    }

    @Test("what is not known is null, and every line behind the node's has the same keys")
    func nulls() throws {
        let throttling = ThrottledPeriods(periods: 10, throttled: 4)
        let lines = try objects(
            .of(
                [.of([.app(throttling: throttling, details: .full)]), .bare([.unknown()])], node: NodeReading(),
                nodeCPU: nil))
        for key in ["cpu_nanoseconds", "cpu_nanocores", "working_set_bytes", "usage_bytes"] {
            #expect(lines[0][key] == .null, "\(key)")
            #expect(lines[4][key] == .null, "\(key)")
        }
        var keys: Set<Set<String>> = []
        for line in lines.dropFirst() {
            guard case .object(let members) = line else { continue }
            keys.insert(Set(members.keys))
        }
        #expect(keys.count == 1)
        guard case .object(let full) = lines[2], case .object(let bare) = lines[4] else {
            Issue.record("no objects")
            return
        }
        #expect(full.filter { $0.value == .null }.keys.allSatisfy { $0.hasPrefix("overhead_") })
        let known = bare.filter { $0.value != .null }.keys.sorted()
        #expect(known == ["cgroup", "container_id", "flags", "inode", "kind", "name_source", "pod_uid", "qos"])
    }

    @Test("hostile names come back as they were, and no control byte is in the output")
    func hostileNames() throws {
        let report = DumpReport.of(
            [.of([.app(hostile, pod: hostile, namespace: hostile)])], nodeName: hostile, kubepodsPath: hostile,
            problems: [hostile, "two"])
        let lines = try objects(report)
        #expect(lines.count == 3)
        #expect(lines[0]["node"] == .string(hostile) && lines[0]["kubepods"] == .string(hostile))
        #expect(lines[0]["problems"] == .array([.string(hostile), .string("two")]))
        #expect(lines[2]["container"] == .string(hostile))
        for scalar in DumpJSON.render(report).unicodeScalars where scalar != "\n" {
            #expect(scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value))
        }
    }

    @Test("figures at the end of their range are numbers still")
    func extremes() throws {
        let line = try objects(
            .of([.of([.app(cpu: .max, memory: .max - 1, details: .limits(memory: .max))])]))[2]
        #expect(line["cpu_nanocores"] == .number("18446744073709551615"))
        #expect(line["usage_bytes"] == .number("18446744073709551615"))
    }

    /// The reader above has to do where there is none.
    private static let hasPython = (try? ChildProcess.run(["python3", "-c", "import json"]))?.status == 0

    @Test("another program's parser takes every line", .enabled(if: hasPython))
    func foreignParser() throws {
        let text = DumpJSON.render(.of([.of([.app(hostile), .unknown()])], problems: [hostile]))
        let script = "import json,sys\nfor line in sys.stdin: print(json.loads(line)['kind'])"
        let result = try ChildProcess.run(["python3", "-c", script], input: text)
        #expect(result.status == 0 && result.text == "node\npod\ncontainer\ncontainer\n", "\(result.text)")
    }
}
