// SPDX-License-Identifier: Apache-2.0

/// Durations as Kubernetes' command lines write them: Go's syntax, `5s`, `1m30s`, `1.5h`, `250ms`.
public enum DurationFlag {
    /// Longest unit names first, so that `ms` is not read as `m`.
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ms", 1_000_000), ("us", 1_000), ("µs", 1_000), ("ns", 1),
        ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000),
    ]

    /// No flag of ours takes more; it also keeps every sum below far from overflow.
    private static let longest: Int64 = 366 * 24 * 3_600_000_000_000

    /// Reads a duration of zero or more.
    /// - Throws: `FlagError` when the text is no duration, has no unit, is negative, or is longer than a year.
    public static func parse(_ text: String) throws(FlagError) -> Duration {
        if text == "0" { return .zero }
        var rest = Substring(text)
        var total: Int64 = 0
        if rest.isEmpty { throw malformed(text) }
        while !rest.isEmpty {
            let whole = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(whole.count)
            var fraction: Substring = ""
            if rest.first == "." {
                rest = rest.dropFirst()
                fraction = rest.prefix { $0.isASCII && $0.isNumber }
                rest = rest.dropFirst(fraction.count)
            }
            guard !whole.isEmpty || !fraction.isEmpty, whole.count <= 12, fraction.count <= 9,
                let unit = units.first(where: { rest.hasPrefix($0.name) })
            else { throw malformed(text) }
            rest = rest.dropFirst(unit.name.count)
            let (nanoseconds, overflow) = (Int64(whole) ?? 0).multipliedReportingOverflow(by: unit.nanoseconds)
            guard !overflow, nanoseconds <= longest else { throw tooLong(text) }
            total += nanoseconds + fractionNanoseconds(fraction, of: unit.nanoseconds)
            guard total <= longest else { throw tooLong(text) }
        }
        return .nanoseconds(total)
    }

    /// Reads a duration that must lie in a range.
    public static func parse(_ text: String, in range: ClosedRange<Duration>) throws(FlagError) -> Duration {
        let value = try parse(text)
        guard range.contains(value) else {
            throw FlagError(
                "\"\(text)\" is out of range; it must be from \(format(range.lowerBound)) to \(format(range.upperBound))"
            )
        }
        return value
    }

    /// The shortest spelling with one or two units: `5s`, `1m30s`, `250ms`.
    public static func format(_ duration: Duration) -> String {
        let parts = duration.components
        let milliseconds = parts.attoseconds / 1_000_000_000_000_000
        if parts.seconds == 0 { return milliseconds == 0 ? "0s" : "\(milliseconds)ms" }
        if milliseconds != 0 { return "\(parts.seconds).\(padded(milliseconds))s" }
        let (hours, minutes, seconds) = (parts.seconds / 3600, parts.seconds / 60 % 60, parts.seconds % 60)
        return (hours > 0 ? "\(hours)h" : "") + (minutes > 0 ? "\(minutes)m" : "") + (seconds > 0 ? "\(seconds)s" : "")
    }

    private static func padded(_ milliseconds: Int64) -> String {
        let digits = String(milliseconds)
        return String(repeating: "0", count: 3 - digits.count) + digits
    }

    private static func fractionNanoseconds(_ digits: Substring, of unit: Int64) -> Int64 {
        var (sum, scale) = (Int64(0), unit)
        for digit in digits {
            scale /= 10
            sum += scale * Int64(digit.wholeNumberValue ?? 0)
        }
        return sum
    }

    private static func malformed(_ text: String) -> FlagError {
        FlagError("\"\(text)\" is not a duration; write a number with its unit, such as 5s, 500ms or 1m30s")
    }

    private static func tooLong(_ text: String) -> FlagError {
        FlagError("\"\(text)\" is longer than a year")
    }
}

extension Duration {
    /// Whole nanoseconds; durations of ours are far below the 292 years that fit.
    public var wholeNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }

    public var wholeMilliseconds: Int64 { wholeNanoseconds / 1_000_000 }
}
