// SPDX-License-Identifier: Apache-2.0

/// Walks the fields of one protobuf message where it lies, so that what is not wanted costs a glance at its length.
///
/// Offsets are those of the whole body: nested messages are walked by another cursor over the same bytes.
/// Format: protobuf.dev/programming-guides/encoding. Any bytes give fields or an error, in time linear in their number.
struct ProtoCursor {
    struct Field {
        let number: UInt64
        let value: Value
    }

    enum Value {
        case number(UInt64)
        /// A string, bytes, or a message.
        case bytes(Range<Int>)
        /// fixed32 and fixed64: no field that we read is one.
        case fixed
    }

    private(set) var offset: Int
    private let end: Int

    /// - Parameter range: of the message's bytes; must lie within the body that is given to ``next(in:)``.
    init(_ range: Range<Int>) {
        offset = range.lowerBound
        end = range.upperBound
    }

    /// The next field; nil at the end.
    @inline(__always)
    mutating func next(in body: RawSpan) throws(KubeDecodingError) -> Field? {
        guard offset < end else { return nil }
        let tag = try varint(in: body)
        let number = tag >> 3
        guard number > 0 else { throw .malformed(at: offset) }
        switch tag & 7 {
        case 0: return Field(number: number, value: .number(try varint(in: body)))
        case 1: return Field(number: number, value: try fixed(8))
        case 2:
            let length = try varint(in: body)
            guard length <= UInt64(end - offset) else { throw .malformed(at: offset) }
            let start = offset
            offset += Int(length)
            return Field(number: number, value: .bytes(start..<offset))
        case 5: return Field(number: number, value: try fixed(4))
        // Groups: no Kubernetes object has any.
        default: throw .malformed(at: offset)
        }
    }

    private mutating func fixed(_ count: Int) throws(KubeDecodingError) -> Value {
        guard count <= end - offset else { throw .malformed(at: offset) }
        offset += count
        return .fixed
    }

    @inline(__always)
    private mutating func varint(in body: RawSpan) throws(KubeDecodingError) -> UInt64 {
        if offset < end {
            let byte = body[offset]
            if byte < 0x80 {
                offset += 1
                return UInt64(byte)
            }
        }
        return try longVarint(in: body)
    }

    private mutating func longVarint(in body: RawSpan) throws(KubeDecodingError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while offset < end {
            let byte = body[offset]
            offset += 1
            guard shift < 63 || byte <= 1 else { throw .malformed(at: offset) }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        throw .malformed(at: offset)
    }
}

extension String {
    /// nil for what is not UTF-8. `String(validating:as:)` says the same, through generic code that costs half as much
    /// again for a whole page of metadata.
    init?(strict bytes: UnsafeBufferPointer<UInt8>) {
        guard let utf8 = try? unsafe UTF8Span(validating: bytes.span) else { return nil }
        self.init(copying: utf8)
    }
}

extension RawSpan {
    /// One byte; the index is checked.
    @inline(__always)
    subscript(offset: Int) -> UInt8 {
        precondition(offset >= 0 && offset < byteCount)
        return unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The text of a field.
    func text(_ range: Range<Int>) throws(KubeDecodingError) -> String {
        let text = unsafe extracting(range).withUnsafeBytes {
            unsafe String(strict: $0.assumingMemoryBound(to: UInt8.self))
        }
        guard let text else { throw KubeDecodingError("text that is not UTF-8 (at byte \(range.lowerBound))") }
        return text
    }

    /// A copy of a field's bytes.
    func array(_ range: Range<Int>) -> [UInt8] {
        unsafe extracting(range).withUnsafeBytes { unsafe Array($0) }
    }

    /// Whether a field is this text, byte for byte.
    func holds(_ range: Range<Int>, _ text: StaticString) -> Bool {
        unsafe extracting(range).withUnsafeBytes { bytes in
            unsafe bytes.elementsEqual(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }
    }

    func holds(_ range: Range<Int>, utf8 wanted: [UInt8]) -> Bool {
        guard range.count == wanted.count else { return false }
        return unsafe extracting(range).withUnsafeBytes { unsafe $0.elementsEqual(wanted) }
    }
}
