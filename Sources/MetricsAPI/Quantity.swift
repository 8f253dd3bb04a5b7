// SPDX-License-Identifier: Apache-2.0

/// `resource.Quantity` as text, in the canonical form apimachinery prints.
extension ByteWriter {
    /// CPU: decimal suffixes from n (10^-9) upwards; the largest suffix that keeps an integer.
    mutating func cpuQuantity(nanocores: UInt64) {
        self.decimalQuantity(Self.likeInt64(nanocores), smallest: 0)
    }

    /// Memory and swap: Ki to Ei when the number is a multiple; below 1024 apimachinery falls back to decimal suffixes.
    mutating func bytesQuantity(_ bytes: UInt64) {
        let value = Self.likeInt64(bytes)
        if value < 1024 {
            self.decimalQuantity(value, smallest: 3)
            return
        }
        var amount = value
        var suffix = 0
        while amount & 1023 == 0, suffix < Self.binarySuffixes.count {
            amount >>= 10
            suffix += 1
        }
        self.decimal(amount)
        if suffix > 0 {
            self.byte(Self.binarySuffixes[suffix - 1])
            self.byte(UInt8(ascii: "i"))
        }
    }

    /// A quantity of cores is kept in thousandths by the core API.
    mutating func cpuQuantity(millicores: UInt64) {
        self.decimalQuantity(millicores, smallest: 2)
    }

    /// `smallest` is the index of the suffix that stands for one unit of `value`.
    private mutating func decimalQuantity(_ value: UInt64, smallest: Int) {
        if value == 0 {
            self.byte(UInt8(ascii: "0"))
            return
        }
        var amount = value
        var suffix = smallest
        while amount % 1000 == 0, suffix + 1 < Self.decimalSuffixes.count {
            amount /= 1000
            suffix += 1
        }
        self.decimal(amount)
        let letter = Self.decimalSuffixes[suffix]
        if letter != 0 { self.byte(letter) }
    }

    /// The peer stores a quantity in an int64; what does not fit loses its last decimal digit there. Same here, so that
    /// both print the same text.
    private static func likeInt64(_ value: UInt64) -> UInt64 {
        value > UInt64(Int64.max) ? value / 10 * 10 : value
    }

    // n u m (none) k M G T P E
    private static let decimalSuffixes: [UInt8] = [0x6e, 0x75, 0x6d, 0, 0x6b, 0x4d, 0x47, 0x54, 0x50, 0x45]
    // K M G T P E
    private static let binarySuffixes: [UInt8] = [0x4b, 0x4d, 0x47, 0x54, 0x50, 0x45]
}
