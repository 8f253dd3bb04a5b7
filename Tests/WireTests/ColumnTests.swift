// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Wire

@Suite("Packed columns")
struct ColumnTests {
    private func read(_ bytes: [UInt8], before: Int, after: Int) throws(WireError) -> [UInt64] {
        // What lies around a column must not matter: neither does it end numbers, nor is it read beyond the body.
        let body = [UInt8](repeating: 0xFF, count: before) + bytes + [UInt8](repeating: 0xFF, count: after)
        let span = body.span.bytes
        let column = try Column(before..<before + bytes.count, of: span, "a column")
        var reader = column.reader(in: span)
        var numbers: [UInt64] = []
        for _ in 0..<column.count { numbers.append(try reader.next(in: span)) }
        return numbers
    }

    @Test("numbers of every length, at every distance from the frame's end", arguments: 0..<12)
    func lengths(after: Int) throws {
        var random = Generator(seed: UInt64(after))
        for bits in 0...64 as ClosedRange<UInt64> {
            let most = bits == 64 ? UInt64.max : (1 << bits) - 1
            for value in [most, most / 2 + 1, .random(in: 0...most, using: &random)] {
                let least = Proto.varint(value).count
                for count in least...10 {
                    let bytes = Proto.varint(value, bytes: count)
                    #expect(try read(bytes, before: 0, after: after) == [value])
                    #expect(try read([7] + bytes + bytes, before: 3, after: after) == [7, value, value])
                }
            }
        }
    }

    @Test("the numbers of a column are counted, whatever their lengths", arguments: seeds)
    func counts(seed: UInt64) throws {
        var random = Generator(seed: seed)
        for count in 0..<200 {
            let numbers = (0..<count).map { _ in random.next() >> UInt64.random(in: 0..<64, using: &random) }
            #expect(try read(numbers.flatMap { Proto.varint($0) }, before: count % 9, after: count % 5) == numbers)
        }
    }

    @Test("a number that is cut off, of more than 10 bytes, or beyond 64 bits is refused")
    func refused() {
        for after in 0..<8 {
            for bytes in [[0x80], [1, 0xFF], [UInt8](repeating: 0x80, count: 12)] {
                #expect(throws: WireError(.malformed, "")) { try read(bytes, before: 0, after: after) }
            }
            let long = [UInt8](repeating: 0x80, count: 10) + [0]
            #expect(throws: WireError(.malformed, "")) { try read(long, before: 0, after: after) }
            let wide = [UInt8](repeating: 0xFF, count: 9) + [2]
            #expect(throws: WireError(.malformed, "")) { try read(wide, before: 0, after: after) }
        }
    }
}
