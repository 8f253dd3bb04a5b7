// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Bench

@Suite("The bench's tables")
struct ReportTests {
    private let figures: [String: [Double]] = ["cpu": [62e6, 58e6, 71e6], "rate": [990], "sent": [3_600_123]]

    private func row(_ figure: String, _ unit: ReportUnit, _ goal: ReportRow.Goal?, peer: String? = nil) -> ReportRow {
        ReportRow(title: "it", figure: figure, unit: unit, peer: peer, goal: goal)
    }

    @Test("A goal is met or missed by the median")
    func goals() throws {
        func verdict(_ figure: String, _ goal: ReportRow.Goal?) throws -> String? {
            try row(figure, .milliseconds, goal).cellsBesidePeer(figures).last
        }
        #expect(try verdict("cpu", .atMost(62e6))?.hasPrefix("met") == true)
        #expect(try verdict("cpu", .atMost(61e6))?.hasPrefix("MISSED") == true)
        #expect(try verdict("rate", .atLeast(990))?.hasPrefix("met") == true)
        #expect(try verdict("rate", .atLeast(991))?.hasPrefix("MISSED") == true)
        #expect(try verdict("cpu", nil) == "")
    }

    @Test("The peer's words stand beside what was measured")
    func peer() throws {
        #expect(
            try row("sent", .exactly, .atMost(0), peer: "50-80 ms").cellsBesidePeer(figures)
                == ["it", "3600123", "50-80 ms", "≤ 0", "MISSED"])
    }

    @Test("What was not measured is an error, not an empty cell")
    func missing() {
        #expect(throws: BenchError.self) { try row("none", .exactly, nil).cellsBesidePeer(figures) }
        #expect(throws: BenchError.self) { try ReachReport.text(figures) }
        #expect(throws: BenchError.self) { try GrowthReport.text(["ingest.nodes": [500]]) }
    }

    @Test("A cluster's growth has a line for each size")
    func growth() throws {
        var figures: [String: [Double]] = ["ingest.nodes": [500, 1_000]]
        for nodes in [500, 1_000] {
            for name in [
                "containers", "milliCPU", "nsPerSample", "rss", "bytesPerContainer", "bytesPerSample",
                "wireBytesPerSample", "lost",
            ] { figures["ingest.\(nodes).\(name)"] = [Double(nodes)] }
        }
        let lines = try GrowthReport.text(figures).split(separator: "\n")
        #expect(lines.count == 4 && lines[3].contains("1000 mCPU"))
    }
}
