// SPDX-License-Identifier: Apache-2.0

extension ByteWriter {
    /// `value` in decimal.
    @inline(__always)
    mutating func decimal(_ value: UInt64) { self.decimal(value, digits: Self.digits(value)) }

    /// The lowest `digits` decimal digits of `value`, zero-padded.
    mutating func decimal(_ value: UInt64, digits: Int) {
        unsafe self.append(roomFor: digits) { room in
            var rest = value
            var at = digits
            while at > 0 {
                at -= 1
                let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: 10)
                unsafe room[at] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: remainder)
                rest = quotient
            }
            return digits
        }
    }

    mutating func decimal(_ value: Int64) {
        if value < 0 { self.byte(UInt8(ascii: "-")) }
        self.decimal(value.magnitude)
    }

    /// How many decimal digits `value` has; 1 for zero.
    @inline(__always)
    static func digits(_ value: UInt64) -> Int {
        // log10(2) is 1233 / 4096, near enough for 64 bits; the power tells which side of it the value is on.
        let guess = ((64 &- (value | 1).leadingZeroBitCount) &* 1233) >> 12
        return guess &+ (value >= Self.powers[guess] ? 1 : 0)
    }

    /// 10^0 … 10^19. Zero is a number of one digit, so it is below the first.
    private static let powers: [UInt64] = [
        0, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000,
        100_000_000_000, 1_000_000_000_000, 10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000,
        10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000, 10_000_000_000_000_000_000,
    ]
}
