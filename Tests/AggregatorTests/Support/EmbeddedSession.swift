// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOEmbedded
import TLS
import TLSChannel
import TLSTestSupport
import Wire

@testable import Aggregator

/// One agent's session on a loop whose clock the test turns.
final class EmbeddedSession {
    private let service: IngestService
    private let loop = EmbeddedEventLoop()
    private let channel: EmbeddedChannel
    /// Since the session began, s.
    private var passed: Int64 = 0

    /// Connects and says Hello.
    init(_ service: IngestService) throws {
        self.service = service
        let tls = TLSHandler(context: try TestPKI.shared.serverContext(), role: .server)
        channel = EmbeddedChannel(handler: IngestHandler(service: service, tls: tls), loop: loop)
        channel.pipeline.fireChannelActive()
        try send(AgentMessage.hello(.test()).encodedFrame())
    }

    func send(_ frame: [UInt8]) throws { try channel.writeInbound(ByteBuffer(bytes: frame)) }

    /// Whether the session, the service's only one, is open at this time, s since it began. Times go up.
    func isOpen(at time: Int64) -> Bool {
        loop.advanceTime(by: .seconds(time - passed))
        passed = time
        return service.metrics.sessionsOpen.value == 1
    }

    func finish() { _ = try? channel.finish() }
}
