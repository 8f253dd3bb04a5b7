// SPDX-License-Identifier: Apache-2.0

/// Times in messages.
enum UTCTime {
    /// RFC 3339 in seconds, UTC.
    static func text(_ unixSeconds: Int64) -> String {
        let secondsPerDay: Int64 = 86_400
        var days = unixSeconds / secondsPerDay
        var rest = unixSeconds % secondsPerDay
        if rest < 0 {
            rest += secondsPerDay
            days -= 1
        }
        // Days to civil date, proleptic Gregorian, years starting in March
        // (Hinnant, http://howardhinnant.github.io/date_algorithms.html#civil_from_days).
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(year)-\(two(month))-\(two(day))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }
}
