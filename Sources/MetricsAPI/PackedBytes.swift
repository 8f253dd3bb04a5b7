// SPDX-License-Identifier: Apache-2.0

/// Bytes that are written once and then only read, in memory of exactly their size.
///
/// An array would take 32 bytes more, which counts with one of these for each pod. Its owner, a class, calls `free` in its
/// `deinit` and lets nobody keep the bytes longer than itself.
@unsafe
struct PackedBytes {
    private let start: UnsafeMutableRawPointer
    let count: UInt32

    /// - Precondition: fewer than 4 GiB, which no name or label comes near: what brings them in has bounds of its own.
    init(_ writer: borrowing ByteWriter) {
        let count = writer.count
        let start = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 1)
        unsafe self.count = UInt32(count)
        unsafe self.start = start
        unsafe writer.withBytes { bytes in
            if let from = bytes.baseAddress { unsafe start.copyMemory(from: from, byteCount: count) }
        }
    }

    func free() { unsafe self.start.deallocate() }

    @inline(__always)
    var buffer: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(start: self.start, count: Int(self.count)) }
}

/// Reads what `ByteWriter` wrote into a `PackedBytes`: fields with numbers below 16 that hold bytes.
@unsafe
struct PackedReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var at = 0

    @inline(__always)
    init(_ bytes: UnsafeRawBufferPointer) {
        unsafe self.bytes = unsafe bytes
    }

    /// The number of the next field; nil at the end.
    @inline(__always)
    var field: UInt8? { unsafe self.at < self.bytes.count ? unsafe self.bytes[self.at] >> 3 : nil }

    /// The bytes of the next field.
    @inline(__always)
    mutating func next() -> UnsafeRawBufferPointer {
        unsafe self.at += 1
        var length = 0
        var shift = 0
        while true {
            let byte = unsafe self.bytes[self.at]
            unsafe self.at += 1
            length |= Int(byte & 0x7f) << shift
            if byte < 0x80 { break }
            shift += 7
        }
        let value = unsafe UnsafeRawBufferPointer(rebasing: self.bytes[self.at..<self.at + length])
        unsafe self.at += length
        return unsafe value
    }
}

extension UnsafeRawBufferPointer {
    /// Byte order; a prefix comes first.
    func precedes(_ other: UnsafeRawBufferPointer) -> Bool {
        unsafe self.lexicographicallyPrecedes(other)
    }

    func equals(_ other: UnsafeRawBufferPointer) -> Bool {
        if self.count != other.count { return false }
        return unsafe self.elementsEqual(other)
    }

    func equals(_ text: String) -> Bool {
        if self.count != text.utf8.count { return false }
        return unsafe self.elementsEqual(text.utf8)
    }
}
