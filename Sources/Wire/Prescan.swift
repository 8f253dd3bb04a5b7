// SPDX-License-Identifier: Apache-2.0

/// Reads a frame's tags and lengths before protobuf-c sees it, and refuses what would cost more than it should: strings
/// over their cap, lists over theirs, repeated occurrences of a field (protobuf-c keeps 40 bytes for each two), and wire
/// types that protobuf-c does not know. Depth is bounded by ``MessageShape``: unknown fields are not looked into.
struct Prescan {
    /// What unpacking is likely to take, in bytes.
    private(set) var memory = 256
    private var entries = 0

    /// - Throws: `emptyFrame`, `frameTooLarge`, `fieldTooLarge`, `tooManySlots`, `malformed`.
    init(_ body: RawSpan, as shape: MessageShape, cap: Int) throws(WireError) {
        guard body.byteCount > 0 else { throw WireError(.emptyFrame, "a frame of no bytes") }
        guard body.byteCount <= cap else {
            throw WireError(.frameTooLarge, "the frame has \(body.byteCount) bytes; at most \(cap) are allowed")
        }
        try message(shape, in: body, 0..<body.byteCount)
    }

    private mutating func message(
        _ shape: MessageShape, in body: RawSpan, _ range: Range<Int>
    ) throws(WireError) {
        memory += shape.memory
        var offset = range.lowerBound
        // Field numbers of ours are all below 64.
        var seen: UInt64 = 0
        var unknown = 0
        while offset < range.upperBound {
            let at = offset
            let tag = try Self.varint(in: body, &offset, end: range.upperBound)
            let field = tag >> 3
            // 2^29 - 1 is the largest field number there is.
            guard field > 0, field < 1 << 29 else { throw .malformed("byte \(at): no field has this number") }
            let rule = shape.rule(of: field)
            if case .unknown = rule {
                unknown += 1
                guard unknown <= WireLimits.unknownFields else {
                    throw WireError(
                        .fieldTooLarge,
                        "byte \(at): more than \(WireLimits.unknownFields) fields that this version does not know")
                }
            } else if case .messages = rule {
                // The one field that may be repeated; counted in `value`.
            } else {
                let bit: UInt64 = shape.isChoice ? 1 : 1 << field
                guard seen & bit == 0 else { throw .malformed("byte \(at): field \(field) for the second time") }
                seen |= bit
            }
            try value(rule, wireType: tag & 7, in: body, &offset, end: range.upperBound)
        }
    }

    private mutating func value(
        _ rule: FieldRule, wireType: UInt64, in body: RawSpan, _ offset: inout Int, end: Int
    ) throws(WireError) {
        let at = offset
        switch wireType {
        case 0:
            _ = try Self.varint(in: body, &offset, end: end)
            switch rule {
            case .varint: return
            case .unknown: memory += Self.unknownMemory
            default: throw .malformed("byte \(at): a number where the field is none")
            }
        case 1, 5:
            guard case .unknown = rule else { throw .malformed("byte \(at): a fixed number where the field is none") }
            let count = wireType == 1 ? 8 : 4
            guard count <= end - offset else { throw .malformed("byte \(at): a number that is cut off") }
            offset += count
            memory += Self.unknownMemory
        case 2:
            let length = try Self.varint(in: body, &offset, end: end)
            guard length <= UInt64(end - offset) else {
                throw .malformed("byte \(at): a length of \(length) where \(end - offset) bytes are left")
            }
            let range = offset..<offset + Int(length)
            offset = range.upperBound
            try content(rule, in: body, range)
        default:
            throw .malformed("byte \(at): wire type \(wireType) is not used in this protocol")
        }
    }

    private mutating func content(_ rule: FieldRule, in body: RawSpan, _ range: Range<Int>) throws(WireError) {
        switch rule {
        case .varint:
            throw .malformed("byte \(range.lowerBound): bytes where the field is a number")
        case .text(let name, let cap):
            guard range.count <= cap else { throw .tooLong(name, bytes: range.count, cap: cap) }
            guard !Self.holdsNUL(body.extracting(range)) else { throw .malformed("\(name) holds a NUL character") }
            memory += range.count + 16
        case .bytes(let name, let count):
            guard range.isEmpty || range.count == count else {
                throw .malformed("\(name) has \(range.count) bytes instead of \(count)")
            }
            memory += range.count + 8
        case .column(let name, let width):
            let count = Self.varintCount(body.extracting(range))
            guard count <= WireLimits.slots else { throw Self.tooMany(name) }
            memory += count * width + 8
        case .message(let shape):
            try message(shape, in: body, range)
        case .messages(let name, let shape):
            entries += 1
            guard entries <= WireLimits.slots else { throw Self.tooMany(name) }
            // A pointer to it, and protobuf-c's note of where it was, in slabs that double.
            memory += 8 + 80
            try message(shape, in: body, range)
        case .unknown:
            memory += Self.unknownMemory + range.count
        }
    }

    private static let unknownMemory = 48

    @inline(never)
    private static func tooMany(_ name: StaticString) -> WireError {
        WireError(.tooManySlots, "\(name) has more than \(WireLimits.slots) entries")
    }

    /// At most 10 bytes; bits beyond 64 are an error here, although protobuf-c drops them.
    @inline(__always)
    private static func varint(in body: RawSpan, _ offset: inout Int, end: Int) throws(WireError) -> UInt64 {
        if offset < end {
            // Most are one byte: tags, slots, lengths of names.
            let byte = unsafe body.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            if byte < 0x80 {
                offset += 1
                return UInt64(byte)
            }
        }
        return try longVarint(in: body, &offset, end: end)
    }

    private static func longVarint(in body: RawSpan, _ offset: inout Int, end: Int) throws(WireError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end {
            let byte = unsafe body.unsafeLoad(fromByteOffset: offset, as: UInt8.self)
            offset += 1
            guard shift < 63 || byte <= 1 else { throw .malformed("byte \(offset - 1): a number beyond 64 bits") }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .malformed("byte \(offset): a number that is cut off")
    }

    private static func varintCount(_ bytes: RawSpan) -> Int {
        unsafe bytes.withUnsafeBytes { bytes in
            var count = 0
            for index in bytes.indices { unsafe count += bytes[index] < 0x80 ? 1 : 0 }
            return count
        }
    }

    private static func holdsNUL(_ bytes: RawSpan) -> Bool {
        unsafe bytes.withUnsafeBytes { unsafe $0.contains(0) }
    }
}

extension Arena {
    /// Why protobuf-c gave nothing.
    var unpackError: WireError {
        isExhausted
            ? WireError(.outOfMemory, "unpacking the frame takes more memory than a frame of its length may")
            : .malformed("protobuf-c could not unpack the frame")
    }
}
