// SPDX-License-Identifier: Apache-2.0

/// `Bench agent --pid PID --state DIR --containers N --sweeps N --warm-up N`: CPU of a whole agent process, which pushes
/// once a second to the aggregator of DIR and is the only one to do so.
enum AgentBench {
    private static let interval: Int64 = 1_000_000_000

    static func run(_ flags: inout Flags) throws {
        let process = try ObservedProcess(pid: try flags.number("pid", 1...Int(Int32.max)))
        let aggregator = try AggregatorState(directory: try flags.text("state"))
        let containers = try flags.number("containers", 1...20_000)
        let sweeps = try flags.number("sweeps", 1...600)
        let warmUp = try flags.number("warm-up", 1...600)
        try flags.finish()

        let first = try aggregator.counters()
        try awaitSweeps(warmUp, after: first, aggregator)
        // A sweep has just ended. From the middle between two to the middle between two others it is counted, so that
        // none is cut.
        let start = Clocks.monotonic + interval / 2
        Clocks.sleep(until: start)
        let countersBefore = try aggregator.counters()
        let before = try process.cpuNanoseconds()
        Clocks.sleep(until: start + Int64(sweeps) * interval)
        let after = try process.cpuNanoseconds()
        let counters = try aggregator.counters()

        let made = counters.frames - countersBefore.frames
        guard made == sweeps, counters.samples - countersBefore.samples == sweeps * containers else {
            throw BenchError(
                "in \(sweeps) s the agent sent \(made) frames with \(counters.samples - countersBefore.samples) samples "
                    + "of \(containers) containers; is another agent connected, or the machine overloaded?")
        }
        try record("agent.ns", Double(after - before) / Double(sweeps))
    }

    private static func awaitSweeps(
        _ count: Int, after first: AggregatorState.Counters, _ aggregator: AggregatorState
    ) throws {
        let deadline = Clocks.monotonic + Int64(count + 20) * interval
        while try aggregator.counters().frames < first.frames + count {
            guard Clocks.monotonic < deadline else { throw BenchError("the agent sends nothing") }
            Clocks.sleep(milliseconds: 20)
        }
    }
}
