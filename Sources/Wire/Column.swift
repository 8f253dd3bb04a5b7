// SPDX-License-Identifier: Apache-2.0

/// A packed column of a message, where it lies.
struct Column {
    private let range: Range<Int>
    /// How many numbers it has; at most ``WireLimits/slots``.
    let count: Int

    /// A column that is not there.
    init() {
        range = 0..<0
        count = 0
    }

    /// - Throws: `tooManySlots`; `malformed` when the last number is cut off.
    init(_ range: Range<Int>, of body: RawSpan, _ name: StaticString) throws(WireError) {
        self.range = range
        count = Varint.count(body, range)
        guard count <= WireLimits.slots else {
            throw WireError(.tooManySlots, "\(name) has more than \(WireLimits.slots) entries")
        }
        guard !range.isEmpty else { return }
        let last = unsafe body.unsafeLoad(fromByteOffset: range.upperBound - 1, as: UInt8.self)
        guard last < 0x80 else { throw .malformed("\(name) ends in a number that is cut off") }
    }

    /// - Parameter body: the one that the column was found in.
    func reader(in body: RawSpan) -> ColumnReader {
        ColumnReader(offset: range.lowerBound, end: range.upperBound, lastWord: body.byteCount - 4)
    }

    /// Reads it for nothing but errors.
    func check(in body: RawSpan) throws(WireError) {
        var reader = reader(in: body)
        for _ in 0..<count { _ = try reader.next(in: body) }
    }
}

/// Takes the numbers of a column one by one; at most ``Column/count`` of them.
struct ColumnReader {
    fileprivate var offset: Int
    fileprivate let end: Int
    /// Four bytes can be loaded from here, and from wherever is before; negative in a body that is shorter.
    fileprivate let lastWord: Int

    /// - Throws: `malformed` for a number beyond 64 bits.
    @inline(__always)
    mutating func next(in body: RawSpan) throws(WireError) -> UInt64 {
        assert(offset < end, "more numbers were asked for than the column has")
        // No bounds are checked: a number ends in a byte below 0x80, `count` of these are in the column, and no read goes
        // beyond the next of them, except for the word, for which `lastWord` is there.
        let byte = unsafe body.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
        if byte < 0x80 {
            offset &+= 1
            return UInt64(byte)
        }
        // Half of what memory and time of reading differ by.
        let second = unsafe body.unsafeLoad(fromUncheckedByteOffset: offset &+ 1, as: UInt8.self)
        if second < 0x80 {
            offset &+= 2
            return UInt64(byte & 0x7F) | UInt64(second) << 7
        }
        if offset <= lastWord {
            // 4 bytes are 28 bits: four minutes of CPU time in µs, 128 GiB in KiB.
            let word = UInt32(
                littleEndian: unsafe body.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
            let ends = ~word & 0x8080_8080
            if ends != 0 {
                offset &+= (ends.trailingZeroBitCount &+ 1) &>> 3
                // The bits up to the first byte that ends a number; then the gaps between groups of 7 are closed.
                let bits = word & (ends ^ (ends &- 1)) & 0x7F7F_7F7F
                let pairs = (bits & 0x007F_007F) | (bits & 0x7F00_7F00) >> 1
                return UInt64((pairs & 0x3FFF) | (pairs & 0x3FFF_0000) >> 2)
            }
        }
        return try Varint.readLong(body, &offset, end: end)
    }
}
