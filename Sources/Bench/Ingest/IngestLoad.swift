// SPDX-License-Identifier: Apache-2.0

/// Many simulated nodes on one thread. Frames are small and the kernel takes them at once, so no node holds up another.
struct IngestLoad {
    /// Samples of containers.
    private(set) var sent = 0
    /// How late a push came at worst, ns.
    private(set) var latest: Int64 = 0
    /// CPU of the aggregator for a session's handshake and Hello, ns.
    let connectCPU: Double

    /// In the order of their phases.
    private let nodes: [SimulatedNode]
    private let interval: Int64
    private let aggregator: AggregatorState
    private let process: ObservedProcess
    /// When the next cycle begins, ns on CLOCK_MONOTONIC.
    private var next: Int64

    /// Opens all sessions.
    init(
        nodes count: Int, containers: Int, interval: Int64, busyPart: Double, aggregator: AggregatorState,
        process: ObservedProcess
    ) throws {
        self.interval = interval
        self.aggregator = aggregator
        self.process = process
        var random = Generator(seed: 1)
        let bootID = try TextFile.read("/proc/sys/kernel/random/boot_id").filter { !$0.isWhitespace }
        let before = try process.cpuNanoseconds()
        nodes = try (0..<count).map { index in
            let phase = Int64.random(in: 0..<Int64(Double(interval) * busyPart), using: &random)
            return try SimulatedNode(
                index: index, containers: containers, interval: interval, phase: phase, bootID: bootID,
                aggregator: aggregator)
        }.sorted { $0.phase < $1.phase }
        connectCPU = Double(try process.cpuNanoseconds() - before) / Double(count)
        next = Clocks.monotonic
    }

    /// Every node pushes once an interval.
    mutating func run(cycles: Int) throws {
        for _ in 0..<cycles {
            for node in nodes {
                Clocks.sleep(until: next + node.phase)
                sent += try node.push()
                latest = max(latest, Clocks.monotonic - next - node.phase)
            }
            next += interval
        }
        Clocks.sleep(until: next)
    }

    /// The aggregator's state between two rounds.
    struct Settled {
        /// CPU time when the round's samples were taken in, ns.
        let cpu: Int64
        /// ... and after it was asked for its counters, which is not part of any round.
        let resumedCPU: Int64
        let counters: AggregatorState.Counters
    }

    /// Waits until all that was sent has been received.
    func settle() throws -> Settled {
        let deadline = Clocks.monotonic + 10_000_000_000
        while true {
            let cpu = try process.cpuNanoseconds()
            let counters = try aggregator.counters()
            if counters.samples == sent || Clocks.monotonic >= deadline {
                guard counters.samples == sent, counters.resyncs == 0, counters.sessions == nodes.count else {
                    throw BenchError(
                        "\(sent) samples were sent and \(counters.samples) received; \(counters.resyncs) resyncs, "
                            + "\(counters.sessions) of \(nodes.count) sessions open")
                }
                return Settled(cpu: cpu, resumedCPU: try process.cpuNanoseconds(), counters: counters)
            }
            Clocks.sleep(milliseconds: 50)
        }
    }

    func close() {
        for node in nodes { try? node.close() }
    }
}
