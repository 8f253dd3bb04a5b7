// SPDX-License-Identifier: Apache-2.0

/// The four bytes before each message: its length, big-endian.
public struct FrameHeader {
    public static let byteCount = 4

    /// The body's length, checked before a byte of the body is taken.
    ///
    /// - Parameter bytes: the header, and anything after it.
    /// - Throws: `emptyFrame`, `frameTooLarge`; `malformed` when there are fewer than ``byteCount`` bytes.
    public static func length(_ bytes: RawSpan, cap: Int) throws(WireError) -> Int {
        guard bytes.byteCount >= byteCount else {
            throw .malformed("a frame header has \(byteCount) bytes, here are \(bytes.byteCount)")
        }
        let length = Int(unsafe UInt32(bigEndian: bytes.unsafeLoadUnaligned(as: UInt32.self)))
        guard length > 0 else { throw WireError(.emptyFrame, "a frame of no bytes") }
        guard length <= cap else {
            throw WireError(
                .frameTooLarge,
                "the header names \(length) bytes, at most \(cap) are allowed here; is the peer speaking "
                    + "\(PushProtocol.alpn)?")
        }
        return length
    }

    /// - Precondition: `length` is one that ``length(_:cap:)`` can return.
    public static func encode(length: Int) -> [UInt8] {
        precondition(length > 0 && length <= Int(UInt32.max), "a frame cannot have this length")
        return (0..<byteCount).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) }
    }
}
