// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Console
import TLS
import Wire

/// What happens when, and what is told of it.
struct CourseOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Time between two frames of a node, 1s to 5m.", valueName: "duration"))
    var interval = "5s"

    @Option(help: ArgumentHelp("How long to push once all sessions are open.", valueName: "duration"))
    var duration = "1m"

    @Option(help: ArgumentHelp("New connections a second at the start.", valueName: "number"))
    var connectRate = 500

    @Option(
        help: ArgumentHelp(
            "Connections at the start that may wait for their Welcome; more come only when these have it.",
            valueName: "number"))
    var connectingAtOnce = SwarmPlan.mostNodes

    @Option(
        help: ArgumentHelp(
            "When to drop all connections, after they are open; the agents come back as agents do.",
            valueName: "duration"))
    var reconnectStorm: String?

    @Option(help: ArgumentHelp("Threads that simulate.", valueName: "number"))
    var eventLoops = 1

    @Option(help: ArgumentHelp("Time between two reports.", valueName: "duration"))
    var reportEvery = "5s"

    @Option(name: [.short, .long], help: ArgumentHelp("text, or json: one object a line.", valueName: "format"))
    var output = OutputFormat.text
}

enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
    case text, json
}

extension SwarmPlan {
    /// Reads the files of credentials.
    /// - Throws: `ValidationError` that names the flag; errors of the files' own.
    init(
        _ target: TargetOptions, _ load: LoadOptions, _ course: CourseOptions, names: NameScheme, shape: NodeShape
    ) throws {
        let interval = WireLimits.intervalMilliseconds
        self.init(
            aggregator: try target.address(), serverName: "", credentials: try target.credentials(nodes: load.nodes),
            names: names, nodes: load.nodes, shape: shape,
            interval: try Usage.duration(
                "--interval", course.interval,
                .milliseconds(Int64(interval.lowerBound)) ... .milliseconds(Int64(interval.upperBound))),
            duration: try Usage.duration("--duration", course.duration, .seconds(1)...Self.longest),
            connectRate: try Usage.number("--connect-rate", course.connectRate, 1...100_000),
            connectingAtOnce: try Usage.number(
                "--connecting-at-once", course.connectingAtOnce, 1...SwarmPlan.mostNodes),
            storm: try course.reconnectStorm.map {
                try Usage.duration("--reconnect-storm", $0, .zero...Self.longest)
            },
            eventLoops: try Usage.number("--event-loops", course.eventLoops, 1...64),
            reportEvery: try Usage.duration("--report-every", course.reportEvery, .milliseconds(100)...Self.longest),
            replacedPods: try load.replacedFile.map { path in
                try Usage.checked("--replaced-file") { () throws(FlagError) in try ReplacedPods(appendingTo: path) }
            })
        serverName = target.serverName ?? aggregator.ipText
        if let storm, storm >= duration {
            throw ValidationError(
                "--reconnect-storm: \(DurationFlag.format(storm)) is not before the end of --duration")
        }
        guard duration + rampLimit <= Self.longest else {
            throw ValidationError(
                "--duration: with \(DurationFlag.format(rampLimit)) to connect the run would take longer than "
                    + DurationFlag.format(Self.longest))
        }
    }
}
