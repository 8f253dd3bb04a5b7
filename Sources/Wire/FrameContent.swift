// SPDX-License-Identifier: Apache-2.0

/// The one message that a frame holds.
struct FrameContent {
    /// Its number in the frame's `oneof`.
    let field: UInt64
    /// Where it lies in the body.
    let range: Range<Int>

    /// - Parameters:
    ///   - fields: the numbers of the messages that this version knows.
    ///   - cap: of the body, in bytes.
    /// - Returns: nil for a frame without any of them.
    /// - Throws: `emptyFrame`, `frameTooLarge`, `fieldTooLarge`, `malformed`.
    static func find(
        _ fields: ClosedRange<UInt64>, in body: RawSpan, cap: Int
    ) throws(WireError) -> FrameContent? {
        guard body.byteCount > 0 else { throw WireError(.emptyFrame, "a frame of no bytes") }
        guard body.byteCount <= cap else {
            throw WireError(.frameTooLarge, "the frame has \(body.byteCount) bytes; at most \(cap) are allowed")
        }
        var content: FrameContent?
        var cursor = FieldCursor(0..<body.byteCount, isChoice: true)
        while let field = try cursor.next(in: body) {
            if fields.contains(field) {
                content = FrameContent(field: field, range: try cursor.bytes(in: body))
            } else {
                try cursor.skip(in: body)
            }
        }
        return content
    }
}
