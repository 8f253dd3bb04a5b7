// SPDX-License-Identifier: Apache-2.0
import Synchronization
import TLS
import TLSTestSupport
import Wire

/// Takes what an agent pushes, over real TLS, and keeps every sample.
final class RecordingPeer: Sendable {
    struct Sample: Sendable {
        let identity: ContainerIdentity
        /// Real time of the CPU read, by the frame's own two clocks; ns.
        let time: Int64
        let cpuNanoseconds: UInt64?
        let memoryBytes: UInt64?
    }

    struct Sweep: Sendable {
        /// Real time at its start, ns.
        let time: Int64
        /// From the start to the last CPU read, ns.
        let length: Int64
        let samples: [Sample]
    }

    private final class Log: Sendable {
        let state = Mutex((sessions: 0, sweeps: [Sweep](), violations: [String]()))
    }

    private let log = Log()
    private let server: LoopbackServer
    private let token = TemporaryDirectory()

    init() throws {
        let context = try TestPKI.shared.serverContext(alpn: [PushProtocol.alpn])
        let log = log
        server = LoopbackServer(connections: .max) { connection in
            log.state.withLock { $0.sessions += 1 }
            do {
                try connection.handshake(context)
                try Self.record(connection) { sweep in log.state.withLock { $0.sweeps.append(sweep) } }
            } catch {
                log.state.withLock { $0.violations.append("\(error)") }
            }
        }
        _ = token.write("ca.pem", TestPKI.shared.authority.certificatePEM)
        _ = token.write("token", Array("0123456789abcdef0123456789abcdef\n".utf8))
    }

    /// The flags of an agent that pushes here.
    var flags: [String] {
        [
            "--aggregator", "127.0.0.1:\(server.port)", "--ca-file", token.file("ca.pem"), "--token-file",
            token.file("token"), "--node-name", "recorded",
        ]
    }

    var sessions: Int { log.state.withLock { $0.sessions } }
    var sweeps: [Sweep] { log.state.withLock { $0.sweeps } }
    /// What an agent without a fault never does, and connections that broke.
    var violations: [String] { log.state.withLock { $0.violations } }

    private struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    private static func record(_ connection: ServerConnection, _ keep: (Sweep) -> Void) throws {
        var assembler = FrameAssembler(cap: WireLimits.agentFrameBytes)
        var decoder = AgentFrameDecoder()
        var batch = SampleBatch()
        var slots: [Int: ContainerIdentity] = [:]
        while true {
            while let body = try assembler.next() {
                switch try decoder.decode(body: body.span.bytes, into: &batch) {
                case .hello:
                    let welcome = Welcome(instance: "recorder", serverTimeMicroseconds: RealTime.now() / 1_000)
                    try connection.write(AggregatorMessage.welcome(welcome).encodedFrame())
                case .samples: keep(try sweep(batch, &slots))
                case .credential: continue
                case .goodbye: return
                case .resyncNeeded(let reason): throw Violation(description: reason)
                case .ignored: throw Violation(description: "a difference while a complete frame was due")
                }
            }
            let bytes = try connection.read()
            if bytes.isEmpty { return }
            try assembler.append(bytes.span.bytes)
        }
    }

    private static func sweep(_ batch: SampleBatch, _ slots: inout [Int: ContainerIdentity]) throws -> Sweep {
        if batch.isComplete { slots = [:] }
        for slot in batch.removed { slots[slot] = nil }
        for added in batch.added { slots[added.slot] = added.identity }
        let clock = batch.realTimeMicroseconds - Int64(batch.bootTimeMicroseconds)
        let samples = try batch.points.map { point in
            guard let identity = slots[point.slot] else { throw Violation(description: "no slot \(point.slot)") }
            return Sample(
                identity: identity, time: (clock + Int64(point.timeMicroseconds)) * 1_000,
                cpuNanoseconds: point.cpuMicroseconds.map { $0 * 1_000 },
                memoryBytes: point.memoryKiB.map { $0 << 10 })
        }
        let start = batch.realTimeMicroseconds * 1_000
        return Sweep(time: start, length: (samples.map(\.time).max() ?? start) - start, samples: samples)
    }
}
