// SPDX-License-Identifier: Apache-2.0

/// Bytes being written: the one output type of every encoder here, so that a list of thousands of objects costs
/// one growing array and no object per field.
struct ByteWriter {
    var bytes: [UInt8] = []

    @inline(__always)
    mutating func byte(_ value: UInt8) { self.bytes.append(value) }

    @inline(__always)
    mutating func text(_ value: String) { self.bytes.append(contentsOf: value.utf8) }

    /// `value` in decimal.
    mutating func decimal(_ value: UInt64) {
        if value < 10 {
            self.bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value))
            return
        }
        // 10, 100, … 10^19: what is not larger than the value adds a digit.
        var digits = 1
        var power: UInt64 = 10
        while value >= power {
            digits += 1
            let (next, overflow) = power.multipliedReportingOverflow(by: 10)
            if overflow { break }
            power = next
        }
        self.decimal(value, digits: digits)
    }

    /// The lowest `digits` decimal digits of `value`, zero-padded.
    mutating func decimal(_ value: UInt64, digits: Int) {
        self.bytes.append(contentsOf: repeatElement(UInt8(ascii: "0"), count: digits))
        var at = self.bytes.count
        var rest = value
        for _ in 0..<digits where rest > 0 {
            at -= 1
            self.bytes[at] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
    }

    mutating func decimal(_ value: Int64) {
        if value < 0 { self.byte(UInt8(ascii: "-")) }
        self.decimal(value.magnitude)
    }

    /// Makes room for the rest of a list once its first items show how large they are.
    mutating func reserveForList(writtenSince start: Int, items: Int, of total: Int) {
        guard items > 0, total > items else { return }
        let perItem = (self.bytes.count - start) / items + 1
        // One sixteenth of slack: later names are a little longer than the first ones.
        let (needed, overflow) = perItem.multipliedReportingOverflow(by: total - items)
        guard !overflow else { return }
        self.bytes.reserveCapacity(self.bytes.count + needed + needed / 16 + 64)
    }

    /// How many items are written before the rest is estimated from them.
    static let listSample = 32
}
