// SPDX-License-Identifier: Apache-2.0

/// `Bench agent --pid PID --state DIR --containers N --interval S --sweeps N --warm-up N`: CPU of a whole agent process,
/// which pushes every S seconds to the aggregator of DIR and is the only one to do so. Per sweep as agent.N.ns where S is
/// 1, else as a share of one CPU, agent.N.milliCPU.
enum AgentBench {
    static func run(_ flags: inout Flags) throws {
        let process = try ObservedProcess(pid: try flags.number("pid", 1...Int(Int32.max)))
        let aggregator = try AggregatorState(directory: try flags.text("state"))
        let containers = try flags.number("containers", 1...20_000)
        let seconds = try flags.number("interval", 1...60)
        let sweeps = try flags.number("sweeps", 1...600)
        let warmUp = try flags.number("warm-up", 1...600)
        try flags.finish()
        let interval = Int64(seconds) * 1_000_000_000

        let first = try aggregator.counters()
        try awaitSweeps(warmUp, interval, after: first, aggregator)
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
                "in \(sweeps * seconds) s the agent sent \(made) frames with \(counters.samples - countersBefore.samples) samples "
                    + "of \(containers) containers; is another agent connected, or the machine overloaded?")
        }
        let used = Double(after - before) / Double(sweeps)
        if seconds == 1 {
            try record("agent.\(containers).ns", used)
        } else {
            try record("agent.\(containers).milliCPU", used / Double(interval) * 1_000)
        }
    }

    private static func awaitSweeps(
        _ count: Int, _ interval: Int64, after first: AggregatorState.Counters, _ aggregator: AggregatorState
    ) throws {
        let deadline = Clocks.monotonic + Int64(count + 20) * interval
        while try aggregator.counters().frames < first.frames + count {
            guard Clocks.monotonic < deadline else { throw BenchError("the agent sends nothing") }
            Clocks.sleep(milliseconds: 20)
        }
    }
}
