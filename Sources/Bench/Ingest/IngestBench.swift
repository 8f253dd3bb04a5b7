// SPDX-License-Identifier: Apache-2.0
import Formats
import Glibc

/// `Bench ingest --pid PID --state DIR --swarm PROGRAM --report FILE --nodes N --containers N --interval SECONDS --rounds N
/// --cycles N`: CPU and memory of an aggregator that a swarm pushes to, each node at its own moment of the interval. CYCLES
/// intervals are a round; the swarm reports to FILE.
enum IngestBench {
    /// Until the aggregator has all points that a rate needs, so that every sample replaces one.
    private static let warmUpSeconds = 20
    /// What the swarm pushes longer than it is watched.
    private static let slackSeconds = 5

    static func run(_ flags: inout Flags) throws {
        let process = try ObservedProcess(pid: try flags.number("pid", 1...Int(Int32.max)))
        let aggregator = try AggregatorState(directory: try flags.text("state"))
        let program = try flags.text("swarm")
        let report = try flags.text("report")
        let nodes = try flags.number("nodes", 1...5_000)
        let containers = try flags.number("containers", 2...1_000)
        let seconds = try flags.number("interval", 1...60)
        let rounds = try flags.number("rounds", 1...100)
        let cycles = try flags.number("cycles", 1...100)
        try flags.finish()
        guard containers % 2 == 0 else { throw BenchError("--containers: the pods have two each", isUsage: true) }
        try record("ingest.nodes", nodes)
        try record("ingest.containers", containers)
        try record("ingest.interval", seconds)

        let idle = try process.memory()
        let warmUp = max(2 * seconds, warmUpSeconds)
        let watched = warmUp + rounds * cycles * seconds
        let swarm = try SwarmProcess(
            program: program, report: report, aggregator: aggregator, nodes: nodes,
            flags: [
                "--pods-per-node", "\(containers / 2)", "--containers-per-pod", "2", "--churn", "0",
                "--interval", "\(seconds)s", "--duration", "\(watched + slackSeconds)s",
            ])
        try swarm.awaitSessions(within: 120)
        var next = Clocks.monotonic + Int64(warmUp) * 1_000_000_000
        Clocks.sleep(until: next)
        var before = try look(process, aggregator, nodes: nodes)
        for _ in 0..<rounds {
            next += Int64(cycles * seconds) * 1_000_000_000
            Clocks.sleep(until: next)
            let after = try look(process, aggregator, nodes: nodes)
            let samples = after.counters.samples - before.counters.samples
            let cpu = Double(after.cpu - before.resumedCPU)
            try record("ingest.milliCPU", cpu / Double(after.moment - before.moment) * 1e3)
            try record("ingest.nsPerSample", cpu / Double(samples))
            try record(
                "ingest.bytesPerSample", Double(after.counters.bytes - before.counters.bytes) / Double(samples))
            before = after
        }
        let memory = try process.memory()
        try record("ingest.rss", memory.resident)
        try record("ingest.bytesPerContainer", Double(memory.resident - idle.resident) / Double(nodes * containers))
        guard let sent = try swarm.finish(within: 60)["samples"]?.integer else {
            throw BenchError("the swarm does not say how many samples it sent")
        }
        try record("ingest.sent", sent)
        try record("ingest.lost", Int(sent) - aggregator.counters().samples)
    }

    /// The aggregator's state between two rounds.
    private struct Look {
        /// ns on CLOCK_MONOTONIC.
        let moment: Int64
        /// CPU time when the round's samples were taken in, ns.
        let cpu: Int64
        /// ... and after it was asked for its counters, which is not part of any round.
        let resumedCPU: Int64
        let counters: AggregatorState.Counters
    }

    private static func look(_ process: ObservedProcess, _ aggregator: AggregatorState, nodes: Int) throws -> Look {
        let moment = Clocks.monotonic
        let cpu = try process.cpuNanoseconds()
        let counters = try aggregator.counters()
        guard counters.resyncs == 0, counters.sessions == nodes else {
            throw BenchError("\(counters.resyncs) resyncs, \(counters.sessions) of \(nodes) sessions open")
        }
        return Look(moment: moment, cpu: cpu, resumedCPU: try process.cpuNanoseconds(), counters: counters)
    }
}
