// SPDX-License-Identifier: Apache-2.0

/// Walks the fields of one message where it lies. After ``next(in:)`` has named a field, exactly one of the other methods
/// takes its value or passes over it.
///
/// Refuses what protobuf allows and this protocol does not: a field for the second time, wire types that it does not use,
/// numbers beyond 64 bits, and more than a few fields that this version does not know. Offsets are those of the whole
/// body. Any bytes give fields or an error, in time linear in their number.
struct FieldCursor {
    private(set) var offset: Int
    private let end: Int
    /// Only one known field may be there: a `oneof` is all the message has.
    private let isChoice: Bool
    private var field: UInt64 = 0
    private var wireType: UInt64 = 0
    /// Known fields; their numbers are all below 64.
    private var seen: UInt64 = 0
    private var unknown = 0

    /// - Parameter range: of the message; must lie within the body that is given to the methods.
    init(_ range: Range<Int>, isChoice: Bool = false) {
        offset = range.lowerBound
        end = range.upperBound
        self.isChoice = isChoice
    }

    /// The next field's number; nil at the end.
    @inline(__always)
    mutating func next(in body: RawSpan) throws(WireError) -> UInt64? {
        guard offset < end else { return nil }
        let start = offset
        let tag = try Varint.read(body, &offset, end: end)
        field = tag >> 3
        wireType = tag & 7
        // 2^29 - 1 is the largest field number there is; it takes 5 bytes, as many as protobuf-c reads.
        guard field > 0, field < 1 << 29, offset &- start <= 5 else { throw malformed("no field has this number") }
        return field
    }

    /// The value of a numeric field.
    @inline(__always)
    mutating func number(in body: RawSpan) throws(WireError) -> UInt64 {
        guard wireType == 0 else { throw malformed("no number where the field is one") }
        try once()
        return try Varint.read(body, &offset, end: end)
    }

    /// The content of a string, a message, or a packed column.
    @inline(__always)
    mutating func bytes(in body: RawSpan) throws(WireError) -> Range<Int> {
        try once()
        return try repeatedBytes(in: body)
    }

    /// The same for the one kind of field that may be there again.
    mutating func repeatedBytes(in body: RawSpan) throws(WireError) -> Range<Int> {
        guard wireType == 2 else { throw malformed("a number where the field is none") }
        let prefix = offset
        let length = try Varint.read(body, &offset, end: end)
        guard length <= UInt64(end - offset), offset &- prefix <= 5 else {
            throw malformed("a length of \(length) where \(end - offset) bytes are left")
        }
        let start = offset
        offset += Int(length)
        return start..<offset
    }

    /// Passes over a field that this version does not know.
    @inline(never)
    mutating func skip(in body: RawSpan) throws(WireError) {
        unknown += 1
        guard unknown <= WireLimits.unknownFields else {
            throw WireError(
                .fieldTooLarge,
                "byte \(offset): more than \(WireLimits.unknownFields) fields that this version does not know")
        }
        try pass(in: body)
    }

    /// Passes over any field, without looking into it.
    mutating func pass(in body: RawSpan) throws(WireError) {
        switch wireType {
        case 0: _ = try Varint.read(body, &offset, end: end)
        case 1, 5:
            let count = wireType == 1 ? 8 : 4
            guard count <= end - offset else { throw malformed("a number that is cut off") }
            offset += count
        case 2: _ = try repeatedBytes(in: body)
        default: throw malformed("wire type \(wireType) is not used in this protocol")
        }
    }

    private mutating func once() throws(WireError) {
        let bit: UInt64 = isChoice ? 1 : 1 &<< field
        guard seen & bit == 0 else { throw malformed("field \(field) for the second time") }
        seen |= bit
    }

    @inline(never)
    private func malformed(_ detail: String) -> WireError { .malformed("byte \(offset): \(detail)") }
}
