// SPDX-License-Identifier: Apache-2.0

/// Base-128 numbers, the only ones in this protocol: protobuf.dev/programming-guides/encoding, "Base 128 Varints".
enum Varint {
    /// The number at `offset`, which is moved behind it. At most 10 bytes; bits beyond 64 are an error here, although
    /// protobuf drops them.
    ///
    /// - Parameter end: of the bytes that may be read; within `body`.
    @inline(__always)
    static func read(_ body: RawSpan, _ offset: inout Int, end: Int) throws(WireError) -> UInt64 {
        if offset < end {
            // Most are one byte: tags, slots, lengths of names.
            let byte = unsafe body.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            if byte < 0x80 {
                offset += 1
                return UInt64(byte)
            }
        }
        return try readOutOfLine(body, &offset, end: end)
    }

    @inline(never)
    private static func readOutOfLine(_ body: RawSpan, _ offset: inout Int, end: Int) throws(WireError) -> UInt64 {
        try readLong(body, &offset, end: end)
    }

    /// The same without the shortcut, and part of the caller.
    @inline(__always)
    static func readLong(_ body: RawSpan, _ offset: inout Int, end: Int) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end {
            // Below `end`, and so within the body.
            let byte = unsafe body.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)
            offset &+= 1
            guard shift < 63 || byte <= 1 else { throw tooLong(offset) }
            value |= UInt64(byte & 0x7F) &<< shift
            if byte < 0x80 { return value }
            shift &+= 7
        }
        throw cutOff(offset)
    }

    @inline(never)
    private static func tooLong(_ offset: Int) -> WireError {
        .malformed("byte \(offset - 1): a number beyond 64 bits")
    }

    @inline(never)
    private static func cutOff(_ offset: Int) -> WireError { .malformed("byte \(offset): a number that is cut off") }

    /// How many numbers end within these bytes.
    ///
    /// - Parameter range: within `body`.
    static func count(_ body: RawSpan, _ range: Range<Int>) -> Int {
        var offset = range.lowerBound
        let end = range.upperBound
        precondition(end <= body.byteCount)
        // No load below goes beyond `end`.
        var continued = 0
        while end &- offset >= 8 {
            // The top bits, which say that a number goes on, added up by one multiplication.
            let word = unsafe body.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self)
            let bits = (word & 0x8080_8080_8080_8080) >> 7
            continued &+= Int(truncatingIfNeeded: (bits &* 0x0101_0101_0101_0101) >> 56)
            offset &+= 8
        }
        while offset < end {
            continued &+= Int(unsafe body.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self) >> 7)
            offset &+= 1
        }
        return range.count - continued
    }
}

extension UInt64 {
    /// What a sint64 was before it became a number without sign: "ZigZag" there.
    var unzigzagged: Int64 { Int64(bitPattern: (self >> 1) ^ (0 &- (self & 1))) }
}
