// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLS
import Wire

/// An agent without a node: the real encoder and the real session over real TLS, with made-up counters.
final class SimulatedNode {
    /// When it pushes, after the start of each interval, ns.
    let phase: Int64

    private let name: String
    private let containers: Int
    private let interval: Int64
    private var stream: TLSStream
    private var load: SteadyLoad
    private var encoder = SampleEncoder()
    private var lastSweep: Int64?

    static func name(_ index: Int) -> String { "bench-\(index)" }

    /// Connects, says Hello and waits for the Welcome.
    /// - Parameter interval: ns.
    init(
        index: Int, containers: Int, interval: Int64, phase: Int64, bootID: String, aggregator: AggregatorState
    ) throws {
        name = Self.name(index)
        self.containers = containers
        self.interval = interval
        self.phase = phase
        load = SteadyLoad(containers: containers, node: index)
        let deadline = Deadline.after(milliseconds: 10_000)
        stream = try TLSStream.connect(
            address: aggregator.pushAddress, context: aggregator.pushContext, serverName: AggregatorState.serverName,
            deadline: deadline)
        let hello = Hello(
            nodeName: name, bootID: bootID, agentVersion: "bench",
            intervalMilliseconds: UInt32(clamping: interval / 1_000_000), credential: aggregator.agentToken,
            capacityMillicores: 16_000, capacityMemoryBytes: 64 << 30, cgroupMode: .v2)
        try stream.write(try AgentMessage.hello(hello).encodedFrame(), deadline: deadline)
        var assembler = FrameAssembler(cap: WireLimits.aggregatorFrameBytes)
        while true {
            var bytes: [UInt8] = []
            guard try stream.read(into: &bytes, maximum: 4 << 10, deadline: deadline) > 0 else {
                throw BenchError("\(name): the aggregator closed the session before it welcomed it")
            }
            try assembler.append(bytes.span.bytes)
            guard let body = try assembler.next() else { continue }
            guard case .welcome = try AggregatorMessage.decode(body: body.span.bytes) else {
                throw BenchError("\(name): the aggregator does not welcome the session")
            }
            return
        }
    }

    /// A sweep that ends now, sent.
    /// - Returns: how many samples of containers were in it.
    func push() throws -> Int {
        // Whatever the aggregator says now is a complaint.
        guard try stream.wait(wake: -1, deadline: .after(milliseconds: 0)) == .timedOut else {
            throw BenchError("\(name): the aggregator is not content with the session; see its log")
        }
        // The load's readings are up to 60 µs apart, and now and then 3 ms.
        let sweep = Clocks.boot - Int64(containers) * 100_000
        load.sweep(
            &encoder, bootTimeMicroseconds: UInt64(clamping: sweep / 1_000),
            realTimeMicroseconds: (Clocks.real - Clocks.boot + sweep) / 1_000,
            elapsedMicroseconds: UInt64(clamping: (lastSweep.map { sweep - $0 } ?? interval) / 1_000))
        lastSweep = sweep
        try stream.write(try encoder.finish().bytes, deadline: .after(milliseconds: 5_000))
        return containers
    }

    func close() throws {
        try stream.write(try AgentMessage.goodbye.encodedFrame(), deadline: .after(milliseconds: 1_000))
    }
}
