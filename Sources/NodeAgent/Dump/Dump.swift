// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import Glibc
import TLS

/// `agent --dump`: reads the node through the sampler that pushes, and prints what it found.
enum Dump {
    /// From the start to the second reading, at the least; CPU figures are means over the time between the two.
    static let pause: Duration = .seconds(1)

    static func run(_ options: AgentOptions) throws {
        // A reader that has seen enough (`| head`) is no failure.
        signal(SIGPIPE, SIG_IGN)
        let collector = DumpCollector(
            sampler: try NodeSampler(roots: options.roots), nodeName: options.nodeName,
            selection: try DumpSelection(options.dump), options: options.dump)
        if options.dump.watches {
            return try DumpWatch(collector: collector, options: options, signals: SignalDescriptor()).run()
        }
        // Counted from the start: the first reading is part of the pause.
        let end = Deadline.after(collector.pause)
        if collector.beginsWithReading { try collector.begin() }
        sleep(until: max(end, leastEnd(of: collector.pause)))
        let text = render(try collector.report(), options.dump.format, terminal: .current())
        guard StandardOutput.write(text) || errno == EPIPE else {
            throw SystemFailure(call: "write to standard output")
        }
    }

    /// When the second reading may begin, if this is asked right after the first one: that may have taken most of the
    /// pause, and means over next to nothing are of no use.
    static func leastEnd(of pause: Duration) -> Deadline { .after(pause / 2) }

    static func sleep(until deadline: Deadline) {
        while !deadline.hasPassed { poll(nil, 0, deadline.remainingMilliseconds) }
    }

    static func render(_ report: DumpReport, _ format: DumpFormat, terminal: Terminal?) -> String {
        switch format {
        case .table, .wide: DumpTable.render(report, wide: format == .wide, terminal: terminal)
        case .json: DumpJSON.render(report)
        case .csv: DumpCSV.header + DumpCSV.rows(report)
        case .openmetrics: DumpOpenMetrics.render(report)
        }
    }
}
