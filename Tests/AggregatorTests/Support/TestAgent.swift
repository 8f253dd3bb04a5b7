// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Wire

/// An agent's end of a session, as raw as a test wants it: the agent's TLS stream and encoder, and nothing that would
/// keep it from misbehaving.
final class TestAgent {
    private var stream: TLSStream?
    private var assembler = FrameAssembler(cap: WireLimits.aggregatorFrameBytes)
    private var deadline: Deadline { .after(milliseconds: 10_000) }

    struct Unexpected: Error {
        let message: AggregatorMessage?
    }

    init(port: UInt16, identity: TLSIdentity?, alpn: [String]) throws {
        guard let address = SocketAddress(ipLiteral: "127.0.0.1", port: port) else { throw Unexpected(message: nil) }
        stream = try TLSStream.connect(
            address: address, context: try TestPKI.shared.clientContext(identity: identity, alpn: alpn),
            serverName: "localhost", deadline: .after(milliseconds: 10_000))
    }

    func send(_ bytes: [UInt8]) throws { try stream?.write(bytes, deadline: deadline) }

    func send(_ message: AgentMessage) throws { try send(try message.encodedFrame()) }

    func send(_ frame: EncodedFrame) throws { try send(frame.bytes) }

    /// The aggregator's next message; nil when it has said goodbye.
    func next() throws -> AggregatorMessage? {
        while true {
            if let body = try assembler.next() { return try AggregatorMessage.decode(body: body) }
            var bytes: [UInt8] = []
            guard try stream?.read(into: &bytes, maximum: 16 << 10, deadline: deadline) ?? 0 > 0 else { return nil }
            try assembler.append(bytes)
        }
    }

    func welcome() throws -> Welcome {
        let message = try next()
        guard case .welcome(let welcome) = message else { throw Unexpected(message: message) }
        return welcome
    }

    func resyncReason() throws -> String {
        let message = try next()
        guard case .resync(let reason) = message else { throw Unexpected(message: message) }
        return reason
    }

    /// A refusal, and the end of the session behind it.
    func refusal() throws -> Reject {
        let message = try next()
        guard case .reject(let reject) = message else { throw Unexpected(message: message) }
        let end = try next()
        guard end == nil else { throw Unexpected(message: end) }
        return reject
    }

    /// Ends the connection with or without a goodbye of TLS.
    func hangUp(politely: Bool) {
        guard let stream = stream.take() else { return }
        if politely { stream.close(deadline: deadline) }
    }
}
