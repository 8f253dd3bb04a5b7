// SPDX-License-Identifier: Apache-2.0
import Calendar

extension ByteWriter {
    /// A Go `time.Duration`, as its String method prints it: "15.953s", "1m0.5s", "2.5µs", "0s".
    mutating func goDuration(nanoseconds: Int64) {
        if nanoseconds < 0 { self.byte(UInt8(ascii: "-")) }
        let total = nanoseconds.magnitude
        switch total {
        case 0:
            self.text("0s")
        case ..<1000:
            self.decimal(total)
            self.text("ns")
        case ..<1_000_000:
            self.fraction(total, unit: 1000, digits: 3)
            self.text("µs")
        case ..<1_000_000_000:
            self.fraction(total, unit: 1_000_000, digits: 6)
            self.text("ms")
        default:
            let minutes = total / 60_000_000_000
            if minutes >= 60 {
                self.decimal(minutes / 60)
                self.byte(UInt8(ascii: "h"))
            }
            if minutes > 0 {
                self.decimal(minutes % 60)
                self.byte(UInt8(ascii: "m"))
            }
            self.fraction(total % 60_000_000_000, unit: 1_000_000_000, digits: 9)
            self.byte(UInt8(ascii: "s"))
        }
    }

    /// `value / unit` with the decimals that are not trailing zeros.
    private mutating func fraction(_ value: UInt64, unit: UInt64, digits: Int) {
        self.decimal(value / unit)
        let decimals = value % unit
        if decimals == 0 { return }
        self.byte(UInt8(ascii: "."))
        self.decimal(decimals, digits: digits)
        self.removeTrailing(UInt8(ascii: "0"))
    }

    /// RFC 3339 in UTC with whole seconds, the only form `metav1.Time` writes. Any Int64 of nanoseconds is in the years
    /// 1677 to 2262, so four digits are enough; callers with seconds of their own are clamped to years 0 to 9999.
    mutating func rfc3339(unixSeconds: Int64) {
        let time = UTCTime(unixSeconds: min(max(unixSeconds, -62_167_219_200), 253_402_300_799))
        self.padded(time.year, 4, then: UInt8(ascii: "-"))
        self.padded(time.month, 2, then: UInt8(ascii: "-"))
        self.padded(time.day, 2, then: UInt8(ascii: "T"))
        self.padded(time.hour, 2, then: UInt8(ascii: ":"))
        self.padded(time.minute, 2, then: UInt8(ascii: ":"))
        self.padded(time.second, 2, then: UInt8(ascii: "Z"))
    }

    private mutating func padded(_ value: Int64, _ digits: Int, then separator: UInt8) {
        self.decimal(value.magnitude, digits: digits)
        self.byte(separator)
    }
}

/// Whole seconds of a time in nanoseconds, rounded towards the past as Go's Unix() does.
func wholeSeconds(unixNanoseconds: Int64) -> Int64 {
    let seconds = unixNanoseconds / 1_000_000_000
    return unixNanoseconds % 1_000_000_000 < 0 ? seconds - 1 : seconds
}
