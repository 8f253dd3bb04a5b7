// SPDX-License-Identifier: Apache-2.0
import Console

/// `Bench report --part agent|aggregator|all --file FILE`: the tables of what was recorded.
enum Report {
    static func run(_ flags: inout Flags) throws {
        let part = try flags.text("part")
        let figures = try Figures.read(try flags.text("file"))
        try flags.finish()
        var tables: [String] = []
        if part != "aggregator" { tables.append(try agent(figures)) }
        if part != "agent" { tables += [try ReachReport.text(figures), try GrowthReport.text(figures)] }
        guard StandardOutput.write(tables.joined(separator: "\n\n") + "\n") else {
            throw BenchError("standard output is gone")
        }
    }

    private static func agent(_ figures: [String: [Double]]) throws -> String {
        var figures = figures
        for (name, pair) in growths {
            figures[name] = try ReportRow.ratios(figures[pair.of] ?? [], figures[pair.against] ?? [])
        }
        let heading = ["", "measured", "C", "ratio", "goal", ""]
        return TextTable.aligned(try [heading] + rows.map { try $0.cells(figures) }, numbers: 1...3)
    }

    private static let few = 25
    private static let usual = 250
    private static let many = 2_500

    /// How much more is paid for ten times as many containers.
    private static let growths: KeyValuePairs<String, (of: String, against: String)> = [
        "growth.sweep.few": ("sweep.\(usual).ns", "sweep.\(few).ns"),
        "growth.read.few": ("read.\(usual).ns", "read.\(few).ns"),
        "growth.sweep.many": ("sweep.\(many).ns", "sweep.\(usual).ns"),
        "growth.read.many": ("read.\(many).ns", "read.\(usual).ns"),
    ]

    private static var rows: [ReportRow] {
        [
            ReportRow(
                title: "bytes per container and sample, 60 containers", figure: "wire.bytes.60", unit: .bytes,
                goal: .atMost(8)),
            ReportRow(
                title: "bytes per container and sample, 250 containers", figure: "wire.bytes.250", unit: .bytes,
                goal: .atMost(8)),
        ] + agentRows
    }

    private static var agentRows: [ReportRow] {
        let agent = "agent, \(usual) containers:"
        var rows = [
            ReportRow(
                title: "\(agent) CPU per sweep, sampler alone", figure: "sweep.\(usual).ns", unit: .milliseconds,
                floor: "read.\(usual).ns", goal: .timesFloor(1.2)),
            ReportRow(
                title: "\(agent) CPU per sweep, whole process", figure: "agent.\(usual).ns", unit: .milliseconds,
                floor: "read.paced.\(usual).ns", goal: .timesFloor(1.2)),
            ReportRow(
                title: "\(agent) CPU at an interval of 5 s", figure: "agent.\(usual).milliCPU", unit: .milliCPU,
                goal: .atMost(3)),
            ReportRow(
                title: "\(agent) RSS", figure: "agent.\(usual).rss", unit: .megabytes, floor: "tls.rss",
                goal: .timesFloor(1.6)),
            ReportRow(
                title: "\(agent) anonymous memory", figure: "agent.\(usual).anonymous", unit: .megabytes,
                floor: "tls.anonymous", goal: .atMost(2.5e6)),
            ReportRow(
                title: "\(agent) --dump from exec to exit, less its pause", figure: "dump.\(usual).ns",
                unit: .milliseconds, goal: .atMost(30e6)),
            ReportRow(title: "sampler: heap after 1,000 sweeps", figure: "heap.bytes", unit: .bytes),
            ReportRow(
                title: "sampler: ... grown by the next 9,000", figure: "heap.grown", unit: .bytes, goal: .atMost(0)),
            ReportRow(
                title: "sampler: anonymous memory grown by these", figure: "heap.anonymousGrown", unit: .bytes,
                goal: .atMost(0)),
        ]
        for count in [few, many] {
            let agent = "agent, \(count) containers:"
            rows += [
                ReportRow(
                    title: "\(agent) CPU per sweep, sampler alone", figure: "sweep.\(count).ns", unit: .milliseconds,
                    floor: "read.\(count).ns"),
                ReportRow(title: "\(agent) RSS", figure: "agent.\(count).rss", unit: .megabytes),
                ReportRow(title: "\(agent) anonymous memory", figure: "agent.\(count).anonymous", unit: .megabytes),
            ]
        }
        // The kernel's own files get slower, too: what counts is that the agent does not get slower than they do.
        return rows + [
            ReportRow(
                title: "agent, \(few) to \(usual) containers: CPU per sweep", figure: "growth.sweep.few", unit: .times,
                floor: "growth.read.few", goal: .timesFloor(1.1)),
            ReportRow(
                title: "agent, \(usual) to \(many) containers: CPU per sweep", figure: "growth.sweep.many",
                unit: .times, floor: "growth.read.many", goal: .timesFloor(1.1)),
        ]
    }
}
