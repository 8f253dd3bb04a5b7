// SPDX-License-Identifier: Apache-2.0

/// Reads a message's tags and lengths before protobuf-c sees it, and refuses what would cost more than it should: strings
/// over their cap, repeated occurrences of a field, and wire types that protobuf-c does not know.
struct Prescan {
    /// What unpacking is likely to take, in bytes.
    private(set) var memory: Int

    /// - Throws: `fieldTooLarge`, `malformed`.
    init(_ body: RawSpan, _ range: Range<Int>, as shape: MessageShape) throws(WireError) {
        memory = 256 + shape.memory
        var cursor = FieldCursor(range)
        while let field = try cursor.next(in: body) {
            let start = cursor.offset
            switch shape.rule(of: field) {
            case .varint:
                _ = try cursor.number(in: body)
            case .text(let name, let cap):
                let text = try cursor.bytes(in: body)
                try body.checkText(text, name, cap: cap)
                memory += text.count + 16
            case .unknown:
                try cursor.skip(in: body)
                // protobuf-c copies it.
                memory += 48 + cursor.offset - start
            }
        }
    }
}
