// SPDX-License-Identifier: Apache-2.0
import Glibc

/// `Bench ingest --pid PID --state DIR --nodes N --containers N --interval SECONDS --rounds N --cycles N`: CPU and memory of
/// an aggregator that many nodes push to, each at its own moment of the interval. CYCLES intervals are a round.
enum IngestBench {
    /// Until the aggregator has all points that a rate needs, so that every sample replaces one.
    private static let warmUpSeconds = 20
    /// The rest of an interval is silent, so that rounds do not cut a push.
    private static let busyPart = 0.95
    /// Later than that, it is not the load that was asked for.
    private static let tolerance: Int64 = 1_000_000_000

    static func run(_ flags: inout Flags) throws {
        let process = try ObservedProcess(pid: try flags.number("pid", 1...Int(Int32.max)))
        let aggregator = try AggregatorState(directory: try flags.text("state"))
        let nodes = try flags.number("nodes", 1...5_000)
        let containers = try flags.number("containers", 1...1_000)
        let seconds = try flags.number("interval", 1...60)
        let rounds = try flags.number("rounds", 1...100)
        let cycles = try flags.number("cycles", 1...100)
        try flags.finish()
        try record("ingest.nodes", nodes)
        try record("ingest.containers", containers)
        try record("ingest.interval", seconds)

        let idle = try process.memory()
        var load = try IngestLoad(
            nodes: nodes, containers: containers, interval: Int64(seconds) * 1_000_000_000, busyPart: busyPart,
            aggregator: aggregator, process: process)
        try load.run(cycles: max(2, (warmUpSeconds + seconds - 1) / seconds))
        var before = try load.settle()
        for _ in 0..<rounds {
            try load.run(cycles: cycles)
            let after = try load.settle()
            let samples = after.counters.samples - before.counters.samples
            let cpu = Double(after.cpu - before.resumedCPU)
            try record("ingest.milliCPU", cpu / Double(cycles * seconds) / 1e6)
            try record("ingest.nsPerSample", cpu / Double(samples))
            try record(
                "ingest.bytesPerSample", Double(after.counters.bytes - before.counters.bytes) / Double(samples))
            before = after
        }
        guard load.latest < tolerance else {
            throw BenchError("a push was \(load.latest / 1_000_000) ms late: the load did not get the CPU it needs")
        }
        let memory = try process.memory()
        try record("ingest.rss", memory.resident)
        try record("ingest.bytesPerContainer", Double(memory.resident - idle.resident) / Double(nodes * containers))
        try record("ingest.handshake", load.connectCPU)
        try record("ingest.sent", load.sent)
        try record("ingest.lost", load.sent - before.counters.samples)
        load.close()
    }
}
