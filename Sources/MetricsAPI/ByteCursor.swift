// SPDX-License-Identifier: Apache-2.0

/// A stretch of a `ByteWriter`'s room, for those who know how much they will write at most, and write it in many small pieces.
///
/// It keeps its place in a register, where a writer stores its count with each piece and may have to move. Each piece is checked
/// against the end of the room; past it the process ends.
@safe
struct ByteCursor: ~Copyable {
    private let start: UnsafeMutableRawPointer
    private var at: UnsafeMutableRawPointer
    private let end: UnsafeMutableRawPointer

    @inline(__always)
    fileprivate init(_ room: UnsafeMutableRawBufferPointer) {
        guard let base = room.baseAddress else { preconditionFailure("no room") }
        unsafe self.start = unsafe base
        unsafe self.at = unsafe base
        unsafe self.end = unsafe base + room.count
    }

    /// Bytes written so far.
    @inline(__always)
    var count: Int { unsafe self.at - self.start }

    /// Room for the next piece.
    @inline(__always)
    private mutating func take(_ count: Int) -> UnsafeMutableRawPointer {
        let place = unsafe self.at
        precondition(unsafe 0...(self.end - place) ~= count, "more is written than was measured")
        unsafe self.at = unsafe place + count
        return unsafe place
    }

    @inline(__always)
    mutating func byte(_ value: UInt8) { unsafe self.take(1).storeBytes(of: value, as: UInt8.self) }

    @inline(__always)
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress else { return }
        unsafe self.take(bytes.count).copyMemory(from: source, byteCount: bytes.count)
    }

    @inline(__always)
    mutating func append(_ bytes: [UInt8]) { unsafe bytes.withUnsafeBytes { unsafe self.append($0) } }

    /// Literals of a few bytes, which are not worth a call.
    @inline(__always)
    mutating func literal(_ value: StaticString) {
        let place = unsafe self.take(value.utf8CodeUnitCount)
        for at in 0..<value.utf8CodeUnitCount {
            unsafe place.storeBytes(of: value.utf8Start[at], toByteOffset: at, as: UInt8.self)
        }
    }

    /// `value` in decimal, which has so many digits.
    @inline(__always)
    mutating func decimal(_ value: UInt64, digits: Int) {
        unsafe ByteWriter.writeDecimal(value, digits: digits, to: self.take(digits))
    }
}

/// Protobuf's wire format; see `ByteWriter`.
extension ByteCursor {
    @inline(__always)
    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            self.byte(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        self.byte(UInt8(truncatingIfNeeded: rest))
    }

    /// What stands before the content of a field: its number, below 16, and its length.
    @inline(__always)
    mutating func head(_ field: UInt8, _ length: Int) {
        self.byte(field << 3 | 2)
        self.varint(UInt64(length))
    }

    @inline(__always)
    mutating func protoBytes(_ field: UInt8, _ bytes: UnsafeRawBufferPointer) {
        self.head(field, bytes.count)
        unsafe self.append(bytes)
    }

    @inline(__always)
    mutating func protoString(_ field: UInt8, _ value: String) {
        self.head(field, value.utf8.count)
        // Native strings have contiguous bytes; others are made so.
        if unsafe value.utf8.withContiguousStorageIfAvailable({ unsafe self.append(UnsafeRawBufferPointer($0)) }) == nil
        {
            self.append(Array(value.utf8))
        }
    }

    /// An entry of a map<string, Quantity>: {key = 1, value = 2 {string = 1}}. Key and text are a few bytes, so each length is
    /// one byte.
    @inline(__always)
    mutating func protoQuantity(_ field: UInt8, _ key: StaticString, _ quantity: Quantity) {
        let text = quantity.count
        let keyCount = key.utf8CodeUnitCount
        self.byte(field << 3 | 2)
        self.byte(UInt8(truncatingIfNeeded: keyCount + text + 6))
        self.byte(0x0a)
        self.byte(UInt8(truncatingIfNeeded: keyCount))
        self.literal(key)
        self.byte(0x12)
        self.byte(UInt8(truncatingIfNeeded: text + 2))
        self.byte(0x0a)
        self.byte(UInt8(truncatingIfNeeded: text))
        quantity.write(to: &self)
    }
}

extension ByteWriter {
    /// Has `body` write up to `most` bytes.
    @inline(__always)
    mutating func append(upTo most: Int, _ body: (inout ByteCursor) -> Void) {
        unsafe self.append(roomFor: most) { room in
            var cursor = unsafe ByteCursor(UnsafeMutableRawBufferPointer(rebasing: room[..<most]))
            body(&cursor)
            return cursor.count
        }
    }
}
