// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing
import Wire

@testable import NodeAgent

@Suite("An aggregator that does not keep to the protocol")
struct ViolationTests {
    /// What a session ends with when its peer runs `script`.
    private func failure(_ script: @escaping FakeAggregator.Script) throws -> String {
        let aggregator = try FakeAggregator { session in
            try script(session)
            session.outlast()
        }
        let rig = try PushRig()
        defer { rig.end() }
        let end = try rig.session(to: aggregator.address).end()
        return try #require(end.failure, "\(end)")
    }

    @Test("a second Welcome ends the session")
    func twice() throws {
        let reason = try failure { session in
            try session.welcome()
            try session.say(.welcome(Welcome(instance: "i", serverTimeMicroseconds: 1)))
        }
        #expect(reason.contains("welcomed the session twice"))
    }

    @Test("a Resync before the Welcome ends the session")
    func early() throws {
        let reason = try failure { session in
            try session.hear()
            try session.say(.resync(reason: "x"))
        }
        #expect(reason.contains("asked for samples before it welcomed the session"))
    }

    @Test("a frame that is no message ends the session")
    func garbage() throws {
        let reason = try failure { session in
            try session.hear()
            try session.connection.write([0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff])
        }
        #expect(reason.contains("malformed"))
    }

    @Test("a message of a newer version that this one does not know ends the session")
    func unknown() throws {
        let reason = try failure { session in
            try session.hear()
            // Field 15, no bytes.
            try session.connection.write([0, 0, 0, 2, 0x7a, 0x00])
        }
        #expect(reason.contains("no message that an aggregator of this version sends"))
    }

    @Test("a header that names more bytes than any message has ends the session before they come")
    func oversized() throws {
        let reason = try failure { session in
            try session.hear()
            try session.connection.write([0x7f, 0xff, 0xff, 0xff])
        }
        #expect(reason.contains("2147483647 bytes") && reason.contains(PushProtocol.alpn))
    }

    @Test("a frame of no bytes ends the session")
    func empty() throws {
        let reason = try failure { session in
            try session.welcome()
            try session.connection.write([0, 0, 0, 0])
        }
        #expect(reason.contains("frame of no bytes"))
    }

    @Test("the answer may come in pieces, and several messages in one")
    func pieces() throws {
        let aggregator = try FakeAggregator { session in
            try session.hear()
            let welcome = AggregatorMessage.welcome(Welcome(instance: "slow", serverTimeMicroseconds: 1))
            for byte in welcome.encodedFrame() { try session.connection.write([byte]) }
            try session.hear()
            let resync = AggregatorMessage.resync(reason: "x").encodedFrame()
            let reject = AggregatorMessage.reject(Reject(code: .overloaded, reason: "full")).encodedFrame()
            try session.connection.write(resync + reject)
            session.outlast()
        }
        let rig = try PushRig()
        defer { rig.end() }
        try rig.publish(1)
        guard case .refused(let reject) = try rig.session(to: aggregator.address).end() else {
            Issue.record("not refused")
            return
        }
        #expect(reject == Reject(code: .overloaded, reason: "full"))
        try rig.collected.line(with: "instance=slow")
    }
}
