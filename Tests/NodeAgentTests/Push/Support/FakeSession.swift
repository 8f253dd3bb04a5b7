// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Wire

/// What an agent said in one message.
enum Heard: Equatable {
    case hello(Hello)
    case samples(SampleBatch)
    case credential(String)
    case goodbye
    /// What only an agent with a fault brings about: a difference that nothing leads to.
    case unusable(String)
}

/// One connection as the fake aggregator sees it, in the thread that serves it.
final class FakeSession {
    /// Of the connections so far, from 0.
    let number: Int
    let connection: ServerConnection
    private let isOver: Watched<Bool>
    private let note: (Heard) -> Void
    private var assembler = FrameAssembler(cap: WireLimits.agentFrameBytes)
    private var decoder = AgentFrameDecoder()
    private var batch = SampleBatch()

    init(
        number: Int, connection: ServerConnection, isOver: Watched<Bool> = Watched(false),
        note: @escaping (Heard) -> Void
    ) {
        self.number = number
        self.connection = connection
        self.isOver = isOver
        self.note = note
    }

    /// Waits for the agent's next message.
    /// - Returns: nil after its close_notify.
    /// - Throws: when the connection ends in another way.
    @discardableResult
    func hear() throws -> Heard? {
        while true {
            if let body = try assembler.next() {
                let heard = try decode(body)
                note(heard)
                return heard
            }
            let bytes = try connection.read()
            if bytes.isEmpty { return nil }
            try assembler.append(bytes.span.bytes)
        }
    }

    private func decode(_ body: [UInt8]) throws -> Heard {
        switch try decoder.decode(body: body.span.bytes, into: &batch) {
        case .hello(let hello): .hello(hello)
        case .samples: .samples(batch)
        case .credential(let token): .credential(token)
        case .goodbye: .goodbye
        case .resyncNeeded(let reason): .unusable(reason)
        case .ignored: .unusable("a difference while a complete frame was due")
        }
    }

    func say(_ message: AggregatorMessage) throws { try connection.write(message.encodedFrame()) }

    /// Hears the Hello and accepts it.
    func welcome() throws {
        try hear()
        try say(.welcome(Welcome(instance: "instance-\(number)", serverTimeMicroseconds: 1)))
    }

    /// Hears everything until the agent ends the session.
    func listen() throws {
        while try hear() != nil {}
    }

    /// Says nothing more and waits for the agent to go.
    func outlast() {
        while let bytes = try? connection.receiveRaw(), !bytes.isEmpty {}
    }

    /// Reads nothing more until the test is over.
    func freeze() { try? isOver.wait(until: "end of the test", within: .seconds(20)) { $0 } }
}
