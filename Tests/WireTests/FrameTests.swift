// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite("Frame headers and the assembler")
struct FrameTests {
    private func header(_ length: Int) -> [UInt8] { FrameHeader.encode(length: length) }

    private func length(_ bytes: [UInt8], cap: Int) throws -> Int {
        try FrameHeader.length(bytes.span.bytes, cap: cap)
    }

    @Test("a header says its length, up to the cap and not one more", arguments: [1, 255, 256, 65_536, 4 << 20])
    func caps(value: Int) throws {
        #expect(try length(header(value), cap: value) == value)
        #expect(try length(header(value) + [9, 9], cap: value) == value)
        #expect(throws: WireError(.frameTooLarge, "")) { try length(header(value), cap: value - 1) }
    }

    @Test("the header is big-endian")
    func endian() { #expect(header(0x0102_0304) == [1, 2, 3, 4]) }

    @Test("no length, a length beyond all bounds, and half a header are refused")
    func refused() {
        #expect(throws: WireError(.emptyFrame, "")) { try length([0, 0, 0, 0], cap: 10) }
        #expect(throws: WireError(.frameTooLarge, "")) { try length([255, 255, 255, 255], cap: 4 << 20) }
        #expect(throws: WireError(.malformed, "")) { try length([0, 0, 1], cap: 10) }
        #expect(throws: WireError(.malformed, "")) { try length([], cap: 10) }
    }

    @Test("a client that speaks HTTP gets an error that says so")
    func http() throws {
        let error = try #require(throws: WireError.self) {
            try length(Array("GET / HTTP/1.1".utf8), cap: WireLimits.frameBytesBeforeWelcome)
        }
        #expect(error == WireError(.frameTooLarge, ""))
        #expect(error.description.contains(PushProtocol.alpn))
    }

    @Test("frames come out whole however the bytes are cut", arguments: seeds)
    func cuts(seed: UInt64) throws {
        var random = Generator(seed: seed)
        var assembler = FrameAssembler(cap: 1_000)
        let bodies = (0..<100).map { _ in
            (0..<Int.random(in: 1...1_000, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        var bytes = bodies.flatMap { header($0.count) + $0 }[...]
        var found: [[UInt8]] = []
        while !bytes.isEmpty {
            let count = min(bytes.count, .random(in: 0...1_500, using: &random))
            try assembler.append(Array(bytes.prefix(count)))
            bytes = bytes.dropFirst(count)
            while let body = try assembler.next() { found.append(body) }
        }
        #expect(found == bodies)
        #expect(assembler.count == 0)
    }

    @Test("a length over the cap is refused before any of the body is kept")
    func overCap() throws {
        var assembler = FrameAssembler(cap: 10)
        try assembler.append([0, 0, 0])
        #expect(throws: WireError(.frameTooLarge, "")) { try assembler.append([11, 1, 2, 3]) }
        #expect(assembler.count == 3)
    }

    @Test("a second frame over the cap is refused when its turn comes")
    func secondOverCap() throws {
        var assembler = FrameAssembler(cap: 10)
        try assembler.append(header(1) + [7] + header(11) + [1, 2])
        let first = try assembler.next()
        #expect(first == [7])
        #expect(throws: WireError(.frameTooLarge, "")) { try assembler.next() }
        #expect(throws: WireError(.frameTooLarge, "")) { try assembler.append([1]) }
    }

    @Test("a reader that never takes its frames is stopped")
    func backlog() throws {
        var assembler = FrameAssembler(cap: 10)
        let frames = Array(repeating: header(1) + [7], count: 1_000).flatMap { $0 }
        #expect(throws: WireError(.invalidState, "")) {
            while true { try assembler.append(frames) }
        }
        #expect(assembler.count <= FrameHeader.byteCount + 10 + FrameAssembler.slackBytes)
    }
}
