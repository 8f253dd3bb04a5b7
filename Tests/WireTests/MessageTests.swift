// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite("Messages besides samples")
struct MessageTests {
    static let hello = Hello(
        nodeName: "node-é", bootID: "0b9d5a1e-3b0c-4a53-9d3c-0d8d3c4f5a6b", agentVersion: "1.0.0",
        intervalMilliseconds: 5_000, credential: "token", capacityMillicores: 64_000,
        capacityMemoryBytes: 256 << 30, cgroupMode: .hybrid)

    private func decode(_ frame: [UInt8]) throws -> AgentEvent {
        var decoder = AgentFrameDecoder()
        var batch = SampleBatch()
        let length = try FrameHeader.length(frame.span.bytes, cap: WireLimits.frameBytesBeforeWelcome)
        #expect(length == frame.count - FrameHeader.byteCount)
        return try decoder.decode(body: Array(frame.dropFirst(FrameHeader.byteCount)), into: &batch)
    }

    private func decodeBody(_ body: [UInt8]) throws -> AgentEvent {
        var decoder = AgentFrameDecoder()
        var batch = SampleBatch()
        return try decoder.decode(body: body, into: &batch)
    }

    private func roundTrip(_ message: AggregatorMessage) throws -> AggregatorMessage {
        try AggregatorMessage.decode(body: Array(message.encodedFrame().dropFirst(FrameHeader.byteCount)))
    }

    private func text(_ count: Int) -> String { String(repeating: "a", count: count) }

    @Test("what an agent says arrives")
    func agentMessages() throws {
        #expect(try decode(AgentMessage.hello(Self.hello).encodedFrame()) == .hello(Self.hello))
        #expect(try decode(AgentMessage.credential("rotated").encodedFrame()) == .credential("rotated"))
        #expect(try decode(AgentMessage.goodbye.encodedFrame()) == .goodbye)
    }

    @Test("every cgroup mode arrives, and one from the future as unspecified")
    func modes() throws {
        for mode in WireCgroupMode.allCases {
            var hello = Self.hello
            hello.cgroupMode = mode
            #expect(try decode(AgentMessage.hello(hello).encodedFrame()) == .hello(hello))
        }
        let future = Proto().message(1, Proto().number(1, 1).text(2, "n").number(5, 5_000).number(9, 77))
        guard case .hello(let hello) = try decodeBody(future.bytes) else {
            Issue.record("no hello")
            return
        }
        #expect(hello.cgroupMode == .unspecified)
    }

    @Test("what an aggregator says arrives")
    func aggregatorMessages() throws {
        let welcome = AggregatorMessage.welcome(Welcome(instance: "i-1", serverTimeMicroseconds: -7))
        #expect(try roundTrip(welcome) == welcome)
        for code in RejectCode.allCases {
            let reject = AggregatorMessage.reject(Reject(code: code, reason: "because é"))
            #expect(try roundTrip(reject) == reject)
        }
        #expect(try roundTrip(.resync(reason: "gap")) == .resync(reason: "gap"))
        let future = Proto().message(2, Proto().number(1, 99).text(2, "new"))
        let decoded = try AggregatorMessage.decode(body: future.bytes)
        #expect(decoded == .reject(Reject(code: .unspecified, reason: "new")))
    }

    static var caps: [(WritableKeyPath<Hello, String>, field: UInt64, cap: Int)] {
        [(\.nodeName, 2, 253), (\.bootID, 3, 64), (\.agentVersion, 4, 64), (\.credential, 6, 16 << 10)]
    }

    @Test("each string of a hello has its cap, in both directions", arguments: caps.indices)
    func helloCaps(index: Int) throws {
        let (path, field, cap) = Self.caps[index]
        var hello = Self.hello
        hello[keyPath: path] = text(cap)
        #expect(try decode(AgentMessage.hello(hello).encodedFrame()) == .hello(hello))
        hello[keyPath: path] = text(cap + 1)
        #expect(throws: WireError(.fieldTooLarge, "")) { try AgentMessage.hello(hello).encodedFrame() }
        let body = Proto().message(1, Proto().text(field, text(cap + 1))).bytes
        #expect(throws: WireError(.fieldTooLarge, "")) { try decodeBody(body) }
        hello[keyPath: path] = "a\0b"
        #expect(throws: WireError(.invalidValue, "")) { try AgentMessage.hello(hello).encodedFrame() }
        #expect(throws: WireError(.malformed, "")) {
            try decodeBody(Proto().message(1, Proto().text(field, "a\0b")).bytes)
        }
        #expect(throws: WireError(.malformed, "")) {
            try decodeBody(Proto().message(1, Proto().raw(field, [0x61, 0xFF])).bytes)
        }
    }

    @Test("the largest hello fits the cap for strangers")
    func largestHello() throws {
        var hello = Self.hello
        for (path, _, cap) in Self.caps { hello[keyPath: path] = text(cap) }
        #expect(try AgentMessage.hello(hello).encodedFrame().count <= WireLimits.frameBytesBeforeWelcome)
    }

    @Test("a rotated credential has the same cap")
    func credentialCap() throws {
        #expect(try decode(AgentMessage.credential(text(16 << 10)).encodedFrame()) == .credential(text(16 << 10)))
        #expect(throws: WireError(.fieldTooLarge, "")) {
            try AgentMessage.credential(text((16 << 10) + 1)).encodedFrame()
        }
        #expect(throws: WireError(.fieldTooLarge, "")) {
            try decodeBody(Proto().message(3, Proto().text(1, text((16 << 10) + 1))).bytes)
        }
    }

    @Test(
        "intervals from a second to five minutes",
        arguments: [(999, false), (1_000, true), (300_000, true), (300_001, false)])
    func intervals(milliseconds: UInt32, isAllowed: Bool) throws {
        var hello = Self.hello
        hello.intervalMilliseconds = milliseconds
        let body = Proto().message(1, Proto().number(1, 1).text(2, "n").number(5, UInt64(milliseconds))).bytes
        if isAllowed {
            #expect(try decode(AgentMessage.hello(hello).encodedFrame()) == .hello(hello))
            _ = try decodeBody(body)
        } else {
            #expect(throws: WireError(.invalidValue, "")) { try AgentMessage.hello(hello).encodedFrame() }
            #expect(throws: WireError(.invalidValue, "")) { try decodeBody(body) }
        }
    }

    @Test("a hello without a node, or with more memory than 64 bits, is refused")
    func helloValues() {
        #expect(throws: WireError(.invalidValue, "")) {
            try decodeBody(Proto().message(1, Proto().number(1, 1).number(5, 5_000)).bytes)
        }
        #expect(throws: WireError(.invalidValue, "")) {
            try decodeBody(Proto().message(1, Proto().number(8, .max)).bytes)
        }
    }

    @Test("a hello of another version comes through, so that it can be rejected by name")
    func otherVersion() throws {
        let body = Proto().message(1, Proto().number(1, 2).number(5, 1).number(30, 1)).bytes
        guard case .hello(let hello) = try decodeBody(body) else {
            Issue.record("no hello")
            return
        }
        #expect(hello.protocolVersion == 2)
    }

    @Test("over-long reasons are cut where a character ends")
    func cutReasons() throws {
        let accents = "e" + String(repeating: "\u{301}", count: 2_000)
        let cases: [(String, String)] = [
            (text(1_024), text(1_024)), (text(1_025), text(1_024)), (text(1_023) + "é", text(1_023)),
            (text(1_022) + "é", text(1_022) + "é"), (text(1_020) + "👩‍👩‍👧", text(1_020)), ("a\0b", "ab"),
            (accents, String(accents.unicodeScalars.prefix(512))),
        ]
        for (reason, expected) in cases {
            let decoded = [
                try roundTrip(.resync(reason: reason)), try roundTrip(.reject(Reject(code: .protocol, reason: reason))),
            ]
            #expect(decoded == [.resync(reason: expected), .reject(Reject(code: .protocol, reason: expected))])
        }
        let welcome = try roundTrip(.welcome(Welcome(instance: text(400), serverTimeMicroseconds: 1)))
        #expect(welcome == .welcome(Welcome(instance: text(WireLimits.instanceBytes), serverTimeMicroseconds: 1)))
    }

    @Test("an aggregator's strings have their caps on the agent's side")
    func aggregatorCaps() {
        for body in [
            Proto().message(1, Proto().text(1, text(254))), Proto().message(2, Proto().text(2, text(1_025))),
            Proto().message(3, Proto().text(1, text(1_025))),
        ] {
            #expect(throws: WireError(.fieldTooLarge, "")) { try AggregatorMessage.decode(body: body.bytes) }
        }
        #expect(throws: WireError(.frameTooLarge, "")) {
            try AggregatorMessage.decode(body: [UInt8](repeating: 0, count: WireLimits.aggregatorFrameBytes + 1))
        }
        #expect(throws: WireError(.emptyFrame, "")) { try AggregatorMessage.decode(body: []) }
    }

    @Test("no message, or one from the future, is unexpected")
    func unexpected() {
        #expect(throws: WireError(.unexpectedMessage, "")) { try decodeBody(Proto().message(9, Proto()).bytes) }
        #expect(throws: WireError(.unexpectedMessage, "")) {
            try AggregatorMessage.decode(body: Proto().message(9, Proto()).bytes)
        }
        #expect(throws: WireError(.emptyFrame, "")) { try decodeBody([]) }
    }
}
