// SPDX-License-Identifier: Apache-2.0

/// A moment in UTC, broken into the fields of the proleptic Gregorian calendar.
///
/// Hand-written because the programs do without Foundation; the conversion from days is the one of Howard Hinnant's
/// "chrono-compatible low-level date algorithms".
public struct UTCTime: Equatable, Sendable {
    public let year: Int64
    public let month: Int64
    public let day: Int64
    public let hour: Int64
    public let minute: Int64
    public let second: Int64

    public init(unixSeconds: Int64) {
        let (days, rest) = Self.floorDivide(unixSeconds, by: 86_400)
        (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60)
        // Eras of 400 years, counted from 0000-03-01, so that the leap day comes last in its year.
        let (era, dayOfEra) = Self.floorDivide(days + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// RFC 3339 with whole seconds: `2026-11-23T09:40:09Z`.
    public var rfc3339: String { "\(date)Z" }

    /// RFC 3339 with milliseconds.
    public func rfc3339(milliseconds: Int64) -> String { "\(date).\(Self.padded(milliseconds, to: 3))Z" }

    private var date: String {
        "\(Self.padded(year, to: 4))-\(Self.padded(month, to: 2))-\(Self.padded(day, to: 2))"
            + "T\(Self.padded(hour, to: 2)):\(Self.padded(minute, to: 2)):\(Self.padded(second, to: 2))"
    }

    private static func padded(_ number: Int64, to width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    private static func floorDivide(_ number: Int64, by divisor: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = number.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
