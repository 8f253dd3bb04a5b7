// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOEmbedded
import NIOPosix
import TLS
import TLSChannel
import TLSTestSupport
import Testing
import Wire

@testable import Aggregator

@Suite("Frames on the push port")
struct FramingTests {
    private func service() async throws -> IngestService {
        try IngestService(
            store: SampleStore(),
            authenticator: StaticAgentAuthenticator.test(),
            metrics: IngestMetrics(), logger: LogCapture().logger, instance: "i",
            group: MultiThreadedEventLoopGroup.singleton)
    }

    private static let unusedContext = Result { try TestPKI.shared.serverContext() }

    /// The handler alone, so that the test decides what arrives together.
    private func feed(_ pieces: [some Sequence<UInt8>], to service: IngestService) throws {
        let tls = TLSHandler(context: try Self.unusedContext.get(), role: .server)
        let channel = EmbeddedChannel(handler: IngestHandler(service: service, tls: tls))
        channel.pipeline.fireChannelActive()
        for piece in pieces { try channel.writeInbound(ByteBuffer(bytes: piece)) }
        _ = try? channel.finish()
    }

    /// A Hello and two sweeps of two containers.
    private func session() throws -> [UInt8] {
        var node = SimulatedNode()
        var bytes = try AgentMessage.hello(.test()).encodedFrame()
        for second in [100.0, 105] {
            bytes += try node.frame(at: second) {
                $0.container(0, .app("a"), at: second, cpuSeconds: second, memoryKiB: 1)
                $0.container(1, .app("b", id: "c2"), at: second, cpuSeconds: second, memoryKiB: 1)
            }.bytes
        }
        return bytes
    }

    @Test("a session cut in two at any byte gives the same samples")
    func cutAnywhere() async throws {
        let bytes = try session()
        for cut in 0...bytes.count {
            let service = try await service()
            try feed([bytes[..<cut], bytes[cut...]], to: service)
            #expect(service.metrics.samplesReceived.value == 4, "cut at \(cut)")
            #expect(service.metrics.bytesReceived.value == bytes.count)
        }
    }

    @Test("a session that comes byte by byte gives the same samples")
    func byteByByte() async throws {
        let service = try await service()
        try feed(try session().map { [$0] }, to: service)
        #expect(service.metrics.samplesReceived.value == 4)
        #expect(service.metrics.refused.allSatisfy { $0.count == 0 })
    }

    @Test("what follows a refusal in the same read is not looked at")
    func nothingAfterRefusal() async throws {
        let service = try await service()
        try feed([try AgentMessage.hello(.test(token: "wrong")).encodedFrame() + session()], to: service)
        #expect(service.metrics.framesReceived.value == 1)
        #expect(service.store.records.isEmpty)
    }

    @Test("over TLS, in single bytes and in one piece", arguments: [1, 7, .max])
    func overTLS(piece: Int) async throws {
        let bytes = try session()
        try await IngestServer.run { server in
            let agent = try server.agent()
            var rest = bytes[...]
            while !rest.isEmpty {
                try agent.send(Array(rest.prefix(piece)))
                rest = rest.dropFirst(piece)
            }
            _ = try agent.welcome()
            #expect(try await eventually { server.samples == 4 })
        }
    }

    @Test("a frame larger than many reads is taken from an accepted session")
    func largeFrame() async throws {
        try await IngestServer.run { server in
            let agent = try server.welcomedAgent()
            var node = SimulatedNode()
            let frame = try node.frame(at: 100) { encoder in
                for slot in 0..<8_000 {
                    let identity = ContainerIdentity.app(
                        pod: "pod-with-a-name-of-usual-length-\(slot)", uid: "uid-\(slot)", id: "id-\(slot)")
                    encoder.container(slot, identity, at: 100, cpuSeconds: 1, memoryKiB: 1)
                }
            }
            #expect(frame.bytes.count > 8 * WireLimits.frameBytesBeforeWelcome)
            try agent.send(frame)
            #expect(try await eventually { server.samples == 8_000 })
            #expect(server.store.record(named: "n1")?.containerCount == 8_000)
        }
    }

    /// The header of a frame of so many bytes, and none of them.
    private func header(_ length: Int) -> [UInt8] { FrameHeader.encode(length: length) }

    @Test("a length beyond the cap is refused before its bytes come, and the cap grows with acceptance")
    func oversized() async throws {
        for (isAccepted, cap) in [
            (false, WireLimits.frameBytesBeforeWelcome), (true, WireLimits.agentFrameBytes),
        ] {
            try await IngestServer.run { server in
                let agent = isAccepted ? try server.welcomedAgent() : try server.agent()
                try agent.send(header(cap + 1))
                let refusal = try agent.refusal()
                #expect(refusal.code == .protocol)
                #expect(refusal.reason.hasPrefix("bad frame: frameTooLarge: the header names \(cap + 1) bytes"))
                #expect(server.refused == ["malformed_frame": 1])
                #expect(server.openSessions == 0)
                let within = isAccepted ? try server.welcomedAgent() : try server.agent()
                try within.send(header(cap) + [0])
                within.hangUp(politely: true)
                #expect(try await eventually { server.service.connections.count == 1 })
                agent.hangUp(politely: true)
                #expect(server.refused == ["malformed_frame": 1])
            }
        }
    }

    @Test(
        "garbage is refused with its reason and costs that session only",
        arguments: [
            [0, 0, 0, 0], [0, 0, 0, 1, 0xff], [0, 0, 0, 4, 1, 2, 3, 4], [0x16, 3, 1, 2],
            Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8),
        ] as [[UInt8]])
    func garbage(bytes: [UInt8]) async throws {
        try await IngestServer.run { server in
            let healthy = try server.welcomedAgent()
            let agent = try server.agent()
            try agent.send(bytes)
            let refusal = try agent.refusal()
            #expect(refusal.code == .protocol)
            #expect(refusal.reason.hasPrefix("bad frame: "))
            #expect(server.refused == ["malformed_frame": 1])
            var node = SimulatedNode()
            try healthy.send(try node.frame(at: 100) { $0.container(0, .app(), at: 100, cpuSeconds: 1, memoryKiB: 1) })
            #expect(try await eventually { server.samples == 1 })
        }
    }

    @Test("a gap in the sequence asks once for a complete frame, and goes on from it")
    func resync() async throws {
        try await IngestServer.run { server in
            let agent = try server.welcomedAgent()
            var node = SimulatedNode()
            func frame(_ second: Double) throws -> EncodedFrame {
                try node.frame(at: second) { $0.container(0, .app(), at: second, cpuSeconds: second, memoryKiB: 1) }
            }
            try agent.send(try frame(100))
            _ = try frame(105)
            try agent.send(try frame(110))
            #expect(try agent.resyncReason() == "after sweep 1 came sweep 3")
            // On its way already when the agent learns of it: passed over in silence.
            try agent.send(try frame(115))
            try agent.send(try node.snapshot())
            try agent.send(try frame(120))
            #expect(try await eventually { server.samples == 3 })
            #expect(server.metrics.resyncsRequested.value == 1)
            #expect(server.openSessions == 1)
            #expect(server.refused.isEmpty)
            try agent.send(.goodbye)
            #expect(try agent.next() == nil)
        }
    }
}
