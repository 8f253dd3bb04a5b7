// SPDX-License-Identifier: Apache-2.0

/// A column of slots, in ascending order and in range: one pass can then compare it to the slots in use.
struct SlotList {
    private var reader: ColumnReader
    private var left: Int
    /// The first slot that was not taken yet; nil when all are.
    private(set) var next: UInt16?

    /// - Throws: `malformed` for any other order.
    init(_ column: Column, in body: RawSpan, _ name: StaticString) throws(WireError) {
        reader = column.reader(in: body)
        left = column.count
        guard left > 0 else { return }
        var ahead = reader
        var least: UInt64 = 0
        for _ in 0..<left {
            let slot = try ahead.next(in: body)
            guard slot < WireLimits.slots, slot >= least else { throw Self.disorder(name) }
            least = slot + 1
        }
        try advance(in: body)
    }

    /// Goes on when `slot` is the next one.
    mutating func take(_ slot: UInt16, in body: RawSpan) throws(WireError) -> Bool {
        guard next == slot else { return false }
        try advance(in: body)
        return true
    }

    private mutating func advance(in body: RawSpan) throws(WireError) {
        guard left > 0 else {
            next = nil
            return
        }
        left -= 1
        // In range: init has read it.
        next = UInt16(try reader.next(in: body))
    }

    @inline(never)
    static func disorder(_ name: StaticString) -> WireError {
        .malformed("\(name) is not in ascending order of slots below \(WireLimits.slots)")
    }
}
