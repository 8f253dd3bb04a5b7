// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Wire

/// An agent's end of a session, as raw as a test wants it: the agent's TLS stream and encoder, and nothing that would
/// keep it from misbehaving.
final class TestAgent {
    private let client: TLSClient
    private var assembler = FrameAssembler(cap: WireLimits.aggregatorFrameBytes)

    struct Unexpected: Error {
        let message: AggregatorMessage?
    }

    init(
        port: UInt16, identity: TLSIdentity? = nil, alpn: [String] = [PushProtocol.alpn],
        trust: TrustRoots = TestPKI.shared.trust
    ) throws {
        client = try TLSClient(port: port, identity: identity, alpn: alpn, trust: trust)
    }

    func send(_ bytes: [UInt8]) throws { try client.send(bytes) }

    func send(_ message: AgentMessage) throws { try send(try message.encodedFrame()) }

    func send(_ frame: EncodedFrame) throws { try send(frame.bytes) }

    /// The aggregator's next message; nil when it has said goodbye.
    func next() throws -> AggregatorMessage? {
        while true {
            if let body = try assembler.next() { return try AggregatorMessage.decode(body: body) }
            let bytes = try client.receive()
            if bytes.isEmpty { return nil }
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
    func hangUp(politely: Bool) { client.hangUp(politely: politely) }
}
