// SPDX-License-Identifier: Apache-2.0

extension ByteWriter {
    /// `value` in decimal.
    @inline(__always)
    mutating func decimal(_ value: UInt64) { self.decimal(value, digits: Self.digits(value)) }

    /// The lowest `digits` decimal digits of `value`, zero-padded.
    mutating func decimal(_ value: UInt64, digits: Int) {
        if digits == 0 { return }
        unsafe self.append(roomFor: digits) { room in
            guard let start = room.baseAddress else { return 0 }
            unsafe Self.writeDecimal(value, digits: digits, to: start)
            return digits
        }
    }

    /// The same, to where there is room for `digits` bytes.
    @inline(__always)
    static func writeDecimal(_ value: UInt64, digits: Int, to start: UnsafeMutableRawPointer) {
        var rest = value
        var at = digits
        // Two at a time: each division waits for the one before.
        while at > 1 {
            at -= 2
            let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 100)
            // A tenth of what is below 100, without a division.
            let tens = (remainder &* 103) >> 10
            let ones = remainder &- tens &* 10
            unsafe start.storeBytes(of: UInt8(truncatingIfNeeded: tens | 0x30), toByteOffset: at, as: UInt8.self)
            unsafe start.storeBytes(of: UInt8(truncatingIfNeeded: ones | 0x30), toByteOffset: at + 1, as: UInt8.self)
            rest = quotient
        }
        if at == 1 { unsafe start.storeBytes(of: UInt8(truncatingIfNeeded: (rest % 10) | 0x30), as: UInt8.self) }
    }

    mutating func decimal(_ value: Int64) {
        if value < 0 { self.byte(UInt8(ascii: "-")) }
        self.decimal(value.magnitude)
    }

    /// How many decimal digits `value` has; 1 for zero.
    @inline(__always)
    static func digits(_ value: UInt64) -> Int {
        // What nearly all are: without a comparison, which is as good as a coin's toss.
        if value >> 32 == 0 {
            return Int(truncatingIfNeeded: (value &+ Self.steps[63 &- (value | 1).leadingZeroBitCount]) >> 32)
        }
        // log10(2) is 1233 / 4096, near enough for 64 bits; the power tells which side of it the value is on.
        let guess = ((64 &- (value | 1).leadingZeroBitCount) &* 1233) >> 12
        return guess &+ (value >= Self.powers[guess] ? 1 : 0)
    }

    /// By the number of the highest bit: what has to be added for the upper half to become the count of digits. Where numbers
    /// with that bit have d or d + 1 digits, that is (d + 1) * 2^32 - 10^d; where all have d, it is d * 2^32.
    /// (Lemire, "Computing the number of digits of an integer even faster", 2021.)
    private static let steps: [UInt64] = [
        4_294_967_296, 4_294_967_296, 4_294_967_296, 8_589_934_582, 8_589_934_592, 8_589_934_592, 12_884_901_788,
        12_884_901_888, 12_884_901_888, 17_179_868_184, 17_179_869_184, 17_179_869_184, 17_179_869_184,
        21_474_826_480, 21_474_836_480, 21_474_836_480, 25_769_703_776, 25_769_803_776, 25_769_803_776,
        30_063_771_072, 30_064_771_072, 30_064_771_072, 30_064_771_072, 34_349_738_368, 34_359_738_368,
        34_359_738_368, 38_554_705_664, 38_654_705_664, 38_654_705_664, 41_949_672_960, 42_949_672_960,
        42_949_672_960,
    ]

    /// 10^0 … 10^19, but 0 for the first: zero has one digit, too.
    private static let powers: [UInt64] = [
        0, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
        100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
        10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
    ]
}
