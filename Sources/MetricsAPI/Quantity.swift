// SPDX-License-Identifier: Apache-2.0

/// `resource.Quantity` as text, in the canonical form apimachinery prints: an integer and a suffix.
struct Quantity {
    let amount: UInt64
    /// 0: none.
    private let letter: UInt8
    private let isBinary: Bool

    /// CPU: decimal suffixes from n (10^-9) upwards; the largest suffix that keeps an integer.
    @inline(__always)
    init(nanocores: UInt64) { self.init(decimal: Self.likeInt64(nanocores), smallest: 0) }

    /// A quantity of cores is kept in thousandths by the core API.
    init(millicores: UInt64) { self.init(decimal: millicores, smallest: 2) }

    /// Memory and swap: Ki to Ei when the number is a multiple; below 1024 apimachinery falls back to decimal suffixes.
    @inline(__always)
    init(bytes: UInt64) {
        let value = Self.likeInt64(bytes)
        if value < 1024 {
            self.init(decimal: value, smallest: 3)
            return
        }
        let suffix = min(value.trailingZeroBitCount / 10, 6)
        self.init(
            amount: value >> UInt64(10 * suffix), letter: suffix == 0 ? 0 : Self.letters[3 + suffix],
            isBinary: suffix > 0)
    }

    @inline(__always)
    private init(amount: UInt64, letter: UInt8, isBinary: Bool) {
        self.amount = amount
        self.letter = letter
        self.isBinary = isBinary
    }

    /// `smallest` is the index of the suffix that stands for one unit of `value`.
    @inline(__always)
    private init(decimal value: UInt64, smallest: Int) {
        var amount = value
        var suffix = smallest
        if value == 0 {
            suffix = 3
        } else {
            while suffix < 9 {
                let (quotient, remainder) = amount.quotientAndRemainder(dividingBy: 1000)
                if remainder != 0 { break }
                amount = quotient
                suffix += 1
            }
        }
        // Ten to the third is a small k, two to the tenth a large one.
        self.init(
            amount: amount, letter: suffix == 4 ? UInt8(ascii: "k") : Self.letters[suffix], isBinary: false)
    }

    /// What an entry of a usage map takes in protobuf, with the longest key and text.
    static let mostEntryBytes = 40

    /// Bytes of the text.
    @inline(__always)
    var count: Int { ByteWriter.digits(self.amount) + (self.letter != 0 ? 1 : 0) + (self.isBinary ? 1 : 0) }

    func write(to out: inout ByteWriter) { out.append(upTo: self.count) { self.write(to: &$0) } }

    @inline(__always)
    func write(to out: inout ByteCursor) {
        out.decimal(self.amount, digits: ByteWriter.digits(self.amount))
        if self.letter != 0 { out.byte(self.letter) }
        if self.isBinary { out.byte(UInt8(ascii: "i")) }
    }

    /// The peer stores a quantity in an int64; what does not fit loses its last decimal digit there. Same here, so that
    /// both print the same text.
    @inline(__always)
    private static func likeInt64(_ value: UInt64) -> UInt64 {
        value > UInt64(Int64.max) ? value / 10 * 10 : value
    }

    // n u m (none) K M G T P E
    private static let letters: [UInt8] = [0x6e, 0x75, 0x6d, 0, 0x4b, 0x4d, 0x47, 0x54, 0x50, 0x45]
}

extension ByteWriter {
    mutating func cpuQuantity(nanocores: UInt64) { Quantity(nanocores: nanocores).write(to: &self) }
    mutating func cpuQuantity(millicores: UInt64) { Quantity(millicores: millicores).write(to: &self) }
    mutating func bytesQuantity(_ bytes: UInt64) { Quantity(bytes: bytes).write(to: &self) }
}
