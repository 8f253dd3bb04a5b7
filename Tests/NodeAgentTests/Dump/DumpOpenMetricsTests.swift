// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Formats
import TLSTestSupport
import Testing

@testable import NodeAgent

@Suite("agent --dump -o openmetrics")
struct DumpOpenMetricsTests {
    private static let full = DumpReport.of([.of([.app(details: .full), .sandbox(), .unknown()])])

    private func metrics(_ report: DumpReport) throws -> StrictOpenMetrics {
        try StrictOpenMetrics(DumpOpenMetrics.render(report))
    }

    @Test("the names, labels, values and times of the kubelet")
    func names() throws {
        let metrics = try metrics(Self.full)
        let container = ["container": "app", "namespace": "default", "pod": "web"]
        let pod = ["namespace": "default", "pod": "web"]
        // 0.123 s before the report.
        let read = "1700000000"
        #expect(
            metrics.samples == [
                .init(name: "node_cpu_usage_seconds_total", labels: [:], value: "5", timestamp: "1700000000.123"),
                .init(
                    name: "node_memory_working_set_bytes", labels: [:], value: "\(2 << 30)",
                    timestamp: "1700000000.123"),
                .init(
                    name: "container_cpu_usage_seconds_total", labels: container, value: "4.710169", timestamp: read),
                .init(
                    name: "container_memory_working_set_bytes", labels: container, value: "\(100 << 20)",
                    timestamp: read),
                .init(name: "container_swap_usage_bytes", labels: container, value: "\(8 << 20)", timestamp: read),
                .init(name: "container_swap_limit_bytes", labels: container, value: "\(64 << 20)", timestamp: read),
                .init(
                    name: "container_start_time_seconds", labels: container, value: "1699989200.123456789",
                    timestamp: nil),
                .init(name: "pod_cpu_usage_seconds_total", labels: pod, value: "4.710169", timestamp: read),
                .init(name: "pod_memory_working_set_bytes", labels: pod, value: "\(120 << 20)", timestamp: read),
                .init(name: "resource_scrape_error", labels: [:], value: "0", timestamp: nil),
            ])
        #expect(metrics.types["container_cpu_usage_seconds"] == "counter")
        #expect(metrics.types["container_memory_working_set_bytes"] == "gauge")
    }

    @Test("what is not known has no sample, and what has no name none at all")
    func absent() throws {
        let report = DumpReport.of(
            [.bare([.unknown(), .app(cpu: nil, memory: nil, start: nil)]), .bare([.unknown()], uid: "u-3")],
            node: NodeReading(), nodeCPU: nil, problems: ["no kubepods"])
        #expect(try metrics(report).samples.map(\.name) == ["resource_scrape_error"])
        #expect(try metrics(report).samples.map(\.value) == ["1"])
    }

    @Test("of two pods or containers with one name the newest is told: a series may be there once")
    func newest() throws {
        let old = DumpPod.of([.app(memory: 1), .app(memory: 2, start: reportTime - 5)], memory: 10, start: 1)
        let new = DumpPod.of([.app(memory: 3)], uid: "u-9", memory: 30, start: 2)
        for pods in [[old, new], [new, old]] {
            let metrics = try metrics(.of(pods))
            #expect(metrics.samples("pod_memory_working_set_bytes").map(\.value) == ["30"])
            #expect(metrics.samples("container_memory_working_set_bytes").map(\.value) == ["3"])
        }
        #expect(try metrics(.of([old])).samples("container_memory_working_set_bytes").map(\.value) == ["2"])
    }

    @Test("hostile names are escaped, and nothing in them reaches a terminal")
    func hostileNames() throws {
        let report = DumpReport.of([.of([.app(hostile, pod: hostile, namespace: hostile)])])
        let text = DumpOpenMetrics.render(report)
        #expect(text.utf8.allSatisfy { $0 == 0x0a || (0x20...0x7e).contains($0) })
        let sample = try #require(try metrics(report).samples("container_cpu_usage_seconds_total").first)
        #expect(sample.labels["pod"] == printable(hostile) && sample.labels.count == 3)
    }

    @Test(
        "nanoseconds are seconds with no digit more than needed",
        arguments: [
            (0, "0"), (1, "0.000000001"), (1_000_000_000, "1"), (1_500_000_000, "1.5"), (999_999_999, "0.999999999"),
            (.max, "18446744073.709551615"),
        ] as [(UInt64, String)])
    func seconds(nanoseconds: UInt64, text: String) {
        #expect(PrometheusText.decimal(nanoseconds, digits: 9) == text)
    }

    @Test(
        "the reader above refuses what is not OpenMetrics",
        arguments: [
            "", "a 1\n# EOF\n", "# TYPE a gauge\na 1\n", "# TYPE a counter\na 1\n# EOF\n",
            "# TYPE a gauge\na 1\na 2\n# EOF\n", "# TYPE a gauge\n# UNIT a bytes\na 1\n# EOF\n",
            "# TYPE a gauge\na{b=\"c} 1\n# EOF\n", "# TYPE a gauge\na{b=\"\\x\"} 1\n# EOF\n",
            "# TYPE a gauge\na one\n# EOF\n", "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n# EOF\n",
        ])
    func refused(_ text: String) {
        #expect(throws: StrictOpenMetrics.Malformed.self) { try StrictOpenMetrics(text) }
    }

    private static let hasParser =
        (try? ChildProcess.run(["/usr/bin/python3", "-c", "import prometheus_client.openmetrics.parser"]))?.status == 0

    @Test("Prometheus' own parser takes it", .enabled(if: hasParser, "needs python3-prometheus-client"))
    func foreignParser() throws {
        let script = """
            import sys
            from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
            print(sum(len(family.samples) for family in parse(sys.stdin.read())))
            """
        let text = DumpOpenMetrics.render(.of([.of([.app(hostile, details: .full), .app()])]))
        let result = try ChildProcess.run(["/usr/bin/python3", "-c", script], input: text)
        #expect(result.status == 0 && result.text == "13\n", "\(result.text)")
    }
}
