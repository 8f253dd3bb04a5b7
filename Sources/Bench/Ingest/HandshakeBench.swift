// SPDX-License-Identifier: Apache-2.0

/// `Bench handshakes --pid PID --state DIR --swarm PROGRAM --report FILE --nodes N`: an aggregator's CPU for a session's
/// handshake and Hello.
enum HandshakeBench {
    static func run(_ flags: inout Flags) throws {
        let process = try ObservedProcess(pid: try flags.number("pid", 1...Int(Int32.max)))
        let aggregator = try AggregatorState(directory: try flags.text("state"))
        let program = try flags.text("swarm")
        let report = try flags.text("report")
        let nodes = try flags.number("nodes", 1...5_000)
        try flags.finish()
        let before = try process.cpuNanoseconds()
        let swarm = try SwarmProcess(
            program: program, report: report, aggregator: aggregator,
            // Hardly a node's time to push comes while the others connect.
            flags: [
                "--nodes", "\(nodes)", "--node-template", "bench-{node}", "--interval", "5m", "--connect-rate",
                "\(max(1, nodes / 2))", "--duration", "1s",
            ])
        try swarm.awaitSessions(within: 120)
        let cpu = try process.cpuNanoseconds() - before
        _ = try swarm.finish(within: 60)
        try record("handshake.cpu", Double(cpu) / Double(nodes))
    }
}
