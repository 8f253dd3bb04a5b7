// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import NodeAgent

@Suite("An aggregator that goes away or says nothing")
struct LostPeerTests {
    /// The connect deadline is so far away that a handshake which the machine holds up is not what misses it; the ones that
    /// must not be waited for are further away than a test waits.
    private func connectRig() throws -> PushRig {
        try PushRig { ($0.connect, $0.write, $0.goodbye) = (.seconds(4), .seconds(60), .seconds(60)) }
    }

    private func failure(
        of rig: PushRig, at address: SocketAddress, within limit: Duration = .seconds(10)
    ) throws -> String {
        defer { rig.end() }
        let end = try rig.session(to: address).end(within: limit)
        return try #require(end.failure, "\(end)")
    }

    @Test("an orderly end of the session says so")
    func closed() throws {
        let aggregator = try FakeAggregator { session in
            try session.welcome()
            try session.connection.sendCloseNotify()
            session.outlast()
        }
        let reason = try failure(of: PushRig(), at: aggregator.address)
        #expect(reason == "\(aggregator.address) (localhost) closed the session")
    }

    @Test("an orderly end instead of an answer to the Hello says so")
    func closedEarly() throws {
        let aggregator = try FakeAggregator { session in
            try session.hear()
            try session.connection.sendCloseNotify()
            session.outlast()
        }
        #expect(try failure(of: PushRig(), at: aggregator.address).hasSuffix("closed the session"))
    }

    @Test("a connection that ends without close_notify is told apart from one that was closed")
    func truncated() throws {
        let aggregator = try FakeAggregator { session in try session.welcome() }
        #expect(try failure(of: PushRig(), at: aggregator.address).contains("without close_notify"))
    }

    @Test("a reset while the session waits ends it, without a new sweep to notice it by")
    func reset() throws {
        let aggregator = try FakeAggregator { session in
            try session.welcome()
            try session.hear()
            session.connection.reset()
        }
        let rig = try PushRig()
        try rig.publish(1)
        #expect(try failure(of: rig, at: aggregator.address).contains("Connection reset by peer"))
    }

    @Test("a peer that takes the connection and never starts TLS has until the connect deadline")
    func silentBeforeTLS() throws {
        let server = SilentServer()
        let reason = try failure(of: connectRig(), at: server.address, within: .seconds(30))
        #expect(reason.contains("\(server.address) (localhost)"))
        #expect(reason.contains("does the peer speak TLS on this port?"))
    }

    @Test("a peer that never answers the Hello has until the connect deadline")
    func silentAfterHello() throws {
        let aggregator = try FakeAggregator { session in try session.listen() }
        let reason = try failure(of: connectRig(), at: aggregator.address, within: .seconds(30))
        #expect(reason.contains("no answer to the agent's Hello"))
    }

    @Test("a trickle of bytes that never become an answer does not hold the deadline up")
    func trickle() throws {
        let aggregator = try FakeAggregator { session in
            try session.hear()
            for byte in [0, 0, 1, 0] as [UInt8] { try session.connection.write([byte]) }
            while true {
                try session.connection.write([0])
                // Paces the sender: a client that is gone ends it.
                pause(milliseconds: 20)
            }
        }
        let reason = try failure(of: connectRig(), at: aggregator.address, within: .seconds(30))
        #expect(reason.contains("no answer to the agent's Hello"))
    }
}
