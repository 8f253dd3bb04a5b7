// SPDX-License-Identifier: Apache-2.0
import Console

/// `Bench report --file FILE`: the table of all that was recorded.
enum Report {
    static func run(_ flags: inout Flags) throws {
        let text = try TextFile.read(try flags.text("file"))
        try flags.finish()
        var figures: [String: [Double]] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let value = Double(words[1]) else { throw BenchError("\"\(line)\" is no figure") }
            figures[String(words[0]), default: []].append(value)
        }
        let heading = ["", "measured", "C", "ratio", "goal", ""]
        for (name, pair) in growths {
            figures[name] = try ReportRow.ratios(figures[pair.of] ?? [], figures[pair.against] ?? [])
        }
        let table = try [heading] + rows(figures).map { try $0.cells(figures) }
        guard StandardOutput.write(aligned(table) + "\n") else { throw BenchError("standard output is gone") }
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

    /// The goals are the project's; those of the aggregator are for 5,000 nodes of 60 containers every 5 s, and CPU is
    /// proportional to samples.
    private static func rows(_ figures: [String: [Double]]) throws -> [ReportRow] {
        func whole(_ name: String) throws -> Int {
            guard let value = figures[name]?.first else { throw BenchError("\(name) was not measured") }
            return Int(value)
        }
        let nodes = try whole("ingest.nodes")
        let perNode = try whole("ingest.containers")
        let interval = try whole("ingest.interval")
        let goalMilliCPU = 60.0
        let goalSamplesPerSecond = 5_000.0 * 60 / 5
        let share = Double(nodes * perNode) / Double(interval) / goalSamplesPerSecond
        return [
            ReportRow(
                title: "bytes per container and sample, 60 containers", figure: "wire.bytes.60", unit: .bytes,
                goal: .atMost(8)),
            ReportRow(
                title: "bytes per container and sample, 250 containers", figure: "wire.bytes.250", unit: .bytes,
                goal: .atMost(8)),
        ] + agentRows + [
            ReportRow(
                title: "aggregator, \(nodes) nodes x \(perNode) every \(interval) s: CPU", figure: "ingest.milliCPU",
                unit: .milliCPU, goal: .atMost(goalMilliCPU * share)),
            ReportRow(
                title: "aggregator: CPU per sample", figure: "ingest.nsPerSample", unit: .nanoseconds,
                goal: .atMost(goalMilliCPU * 1e6 / goalSamplesPerSecond)),
            ReportRow(
                title: "aggregator: bytes received per sample", figure: "ingest.bytesPerSample", unit: .bytes,
                goal: .atMost(8)),
            ReportRow(title: "aggregator: samples sent", figure: "ingest.sent", unit: .count),
            ReportRow(
                title: "aggregator: ... of these not received", figure: "ingest.lost", unit: .count,
                goal: .atMost(0)),
            ReportRow(title: "aggregator: RSS", figure: "ingest.rss", unit: .megabytes),
            ReportRow(
                title: "aggregator: RSS per container, sessions included", figure: "ingest.bytesPerContainer",
                unit: .bytes),
            ReportRow(
                title: "aggregator: CPU per new session", figure: "ingest.handshake", unit: .microseconds),
        ]
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

    private static func aligned(_ table: [[String]]) -> String {
        let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        return table.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let gap = String(repeating: " ", count: widths[column] - cell.count)
                // Numbers stand under each other.
                line += (1...3).contains(column) ? gap + cell + "  " : cell + gap + "  "
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
