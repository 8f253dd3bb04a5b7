// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Wire

/// An aggregator that says what a test wants, to any number of agents, over real TLS on the loopback address.
final class FakeAggregator: Sendable {
    struct Record: Sendable {
        var heard: [Heard] = []
        /// Of the client's certificate.
        var client: String?
        var end: End?

        var hello: Hello? {
            if case .hello(let hello) = heard.first { hello } else { nil }
        }

        var batches: [SampleBatch] {
            heard.compactMap { if case .samples(let batch) = $0 { batch } else { nil } }
        }
    }

    enum End: Equatable {
        /// The script came to its end.
        case done
        case failed(String)
    }

    typealias Script = @Sendable (FakeSession) throws -> Void

    /// One for each connection, in the order in which they came.
    let sessions: Watched<[Record]>
    private let server: LoopbackServer
    private let isOver = Watched(false)

    var address: SocketAddress { server.address }

    /// - Parameters:
    ///   - alpn: nil: that of the push protocol.
    ///   - script: what to do with a connection whose handshake is done; without one it takes everything.
    init(
        clients: TLSContext.ClientAuthentication = .none, alpn: [String] = [PushProtocol.alpn],
        script: @escaping Script = { session in
            try session.welcome()
            try session.listen()
        }
    ) throws {
        let context = try TestPKI.shared.serverContext(clients: clients, alpn: alpn)
        let sessions = Watched<[Record]>([])
        self.sessions = sessions
        server = LoopbackServer(connections: .max) { [isOver] connection in
            var number = 0
            sessions.change {
                number = $0.count
                $0.append(Record())
            }
            let session = FakeSession(number: number, connection: connection, isOver: isOver) { [number] heard in
                sessions.change { $0[number].heard.append(heard) }
            }
            var end = End.done
            do {
                try connection.handshake(context)
                let client = connection.peerCertificate?.commonName
                sessions.change { [number] in $0[number].client = client }
                try script(session)
            } catch {
                end = .failed("\(error)")
            }
            sessions.change { [number, end] in $0[number].end = end }
        }
    }

    deinit { isOver.change { $0 = true } }

    /// Waits for a session with what `body` looks for.
    @discardableResult
    func session<Found>(
        _ number: Int = 0, with what: String, _ body: (Record) throws -> Found?
    ) throws -> Found {
        try sessions.wait(for: "session \(number) with \(what)") { sessions in
            number < sessions.count ? try body(sessions[number]) : nil
        }
    }

    /// Waits until a session was sent so many sweeps.
    @discardableResult
    func batches(_ count: Int, of number: Int = 0) throws -> [SampleBatch] {
        try session(number, with: "\(count) sweeps") { $0.batches.count >= count ? $0.batches : nil }
    }

    func connections(_ count: Int) throws {
        try sessions.wait(until: "\(count) connections") { $0.count >= count }
    }
}
