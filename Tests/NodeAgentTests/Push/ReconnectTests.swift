// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import NodeAgent

@Suite("Trying again")
struct ReconnectTests {
    /// Accepts sessions and ends them at once.
    private static func dropping() throws -> FakeAggregator {
        try FakeAggregator { session in
            try session.welcome()
            try session.connection.sendCloseNotify()
            session.outlast()
        }
    }

    @Test("a session that ends is followed by another one")
    func again() throws {
        let aggregator = try Self.dropping()
        let rig = try PushRig()
        defer { rig.end() }
        _ = try rig.pusher(to: aggregator.address)
        try aggregator.connections(4)
    }

    @Test("a session that held makes the waits start over")
    func heldSession() throws {
        let aggregator = try Self.dropping()
        let rig = try PushRig {
            $0.held = .zero
            $0.span = .milliseconds(5)
        }
        defer { rig.end() }
        _ = try rig.pusher(to: aggregator.address)
        // With waits that go on to grow this would take three quarters of a minute.
        try aggregator.sessions.wait(until: "100 connections", within: .seconds(30)) { $0.count >= 100 }
    }

    @Test("an aggregator that accepts and drops at once is not asked again and again without a wait")
    func flapping() throws {
        let aggregator = try Self.dropping()
        let rig = try PushRig()
        defer { rig.end() }
        _ = try rig.pusher(to: aggregator.address)
        #expect(throws: Watched<[FakeAggregator.Record]>.TimedOut.self) {
            try aggregator.sessions.wait(until: "20 connections", within: .milliseconds(800)) { $0.count >= 20 }
        }
    }

    @Test("what does not change is logged once")
    func once() throws {
        let attempts = Watched(0)
        let server = LoopbackServer(connections: .max) { connection in
            _ = try connection.receiveRaw()
            attempts.change { $0 += 1 }
        }
        let rig = try PushRig()
        defer { rig.end() }
        _ = try rig.pusher(to: server.address)
        try attempts.wait(until: "6 attempts") { $0 >= 6 }
        #expect(rig.collected.lines.now.count == 1)
        try rig.collected.line(with: "no session; trying again")
    }

    @Test("another reason is logged when it comes, a recovery too, and after it the same reason once more")
    func changes() throws {
        let context = try TestPKI.shared.serverContext(alpn: [PushProtocol.alpn])
        let attempts = Watched(0)
        let server = LoopbackServer(connections: .max) { connection in
            var attempt = 0
            attempts.change {
                attempt = $0
                $0 += 1
            }
            switch attempt {
            case 0, 1, 6, 7:
                _ = try connection.receiveRaw()
                try connection.sendRaw(Array("HTTP/1.1 503 Service Unavailable\r\n\r\n".utf8))
                _ = try connection.receiveRaw()
            case 2, 3: _ = try connection.receiveRaw()
            case 4:
                try connection.handshake(context)
                try FakeSession(number: 4, connection: connection) { _ in }.welcome()
                try connection.sendCloseNotify()
                _ = try connection.receiveRaw()
            default: _ = try connection.receiveRaw()
            }
        }
        let rig = try PushRig()
        defer { rig.end() }
        _ = try rig.pusher(to: server.address)
        try attempts.wait(until: "8 attempts") { $0 >= 8 }
        try rig.collected.lines.wait(until: "6 lines") { $0.count >= 6 }
        let lines = rig.collected.lines.now.prefix(6)
        let expected = [
            "plain HTTP", "closed the connection during the TLS handshake", "session open", "closed the session",
            "closed the connection during the TLS handshake", "plain HTTP",
        ]
        for (line, part) in zip(lines, expected) { #expect(line.contains(part), "\(lines)") }
    }

    @Test("stop: an open session goes on, and is the last")
    func stopped() throws {
        let close = Watched(false)
        let aggregator = try FakeAggregator { session in
            try session.welcome()
            try session.hear()
            try session.hear()
            try close.wait(until: "permission to close") { $0 }
        }
        let rig = try PushRig()
        defer { rig.end() }
        try rig.publish(1)
        let (pusher, running) = try rig.pusher(to: aggregator.address)
        try aggregator.batches(1)
        pusher.stop()
        try rig.publish(2)
        try aggregator.batches(2)
        #expect(running.result.now == nil)
        close.change { $0 = true }
        _ = try running.end()
        #expect(aggregator.sessions.now.count == 1)
        #expect(rig.collected.count("level=warning") == 0, "it was meant to end")
    }

    @Test("stop: a wait between two attempts ends at once")
    func stoppedWaiting() throws {
        let aggregator = try FakeAggregator { session in
            try session.hear()
            try session.say(.reject(Reject(code: .wrongNode, reason: "no")))
            session.outlast()
        }
        let rig = try PushRig { $0.afterRefusal = .seconds(60) }
        defer { rig.end() }
        let (pusher, running) = try rig.pusher(to: aggregator.address)
        try rig.collected.line(with: "refuses")
        pusher.stop()
        _ = try running.end(within: .seconds(9))
    }
}
