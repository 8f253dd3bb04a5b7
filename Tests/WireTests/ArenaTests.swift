// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Wire

@Suite("The arena")
struct ArenaTests {
    @Test("gives aligned memory up to its limit, and not a byte more")
    func limit() throws {
        let limit = 4_096
        let arena = try Arena(expected: 256, limit: limit)
        var taken = 0
        while taken <= limit, let memory = try? arena.allocate(UInt8.self, count: 24) {
            #expect(UInt(bitPattern: memory) % 8 == 0)
            memory.update(repeating: 0xAA, count: 24)
            taken += 24
        }
        let isExhausted = arena.isExhausted
        #expect(isExhausted)
        #expect(taken <= limit)
        // What a block's end wastes is at most one allocation for each of the few blocks.
        #expect(taken > limit - 5 * 24)
    }

    @Test("grows for one large piece", arguments: [255, 256, 257, 100_000])
    func largePiece(count: Int) throws {
        let arena = try Arena(expected: 256, limit: 200_000)
        let memory = try arena.allocate(UInt8.self, count: count)
        memory.update(repeating: 1, count: count)
        let isExhausted = arena.isExhausted
        #expect(!isExhausted)
        #expect(throws: WireError(.outOfMemory, "")) { _ = try arena.allocate(UInt8.self, count: 200_000) }
    }

    @Test("a frame of any length may take a bounded multiple of it")
    func bound() {
        for length in [1, 100, 10_000, 1 << 20, WireLimits.agentFrameBytes] {
            #expect(WireLimits.arenaBytes(frameLength: length) <= (16 << 10) + 24 * length)
            #expect(WireLimits.arenaBytes(frameLength: length) <= 16 << 20)
        }
    }

    @Test("ids of 64 lower-case hexadecimal digits are packed, all others are not")
    func containerIDs() {
        let id = String(repeating: "0123456789abcdef", count: 4)
        #expect(ContainerID.packed(id) != nil)
        for other in ["", "0", String(id.dropLast()), id + "0", id.uppercased(), String(id.dropLast()) + "g"] {
            #expect(ContainerID.packed(other) == nil)
        }
    }
}
