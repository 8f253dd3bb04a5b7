// SPDX-License-Identifier: Apache-2.0
import Calendar
import Cgroups
import Glibc

/// The lines of an explanation: headings, and below them what is said of a thing in a column of its own.
struct ExplainText {
    private(set) var text = ""

    private static let labelWidth = 11

    mutating func heading(_ words: String) {
        if !text.isEmpty { text += "\n" }
        text += printable(words) + "\n"
    }

    /// Lines behind the first have no label.
    mutating func row(_ label: String, _ lines: String...) { row(label, lines) }

    mutating func row(_ label: String, _ lines: [String]) {
        var label = label
        for line in lines {
            let padding = String(repeating: " ", count: max(1, Self.labelWidth - label.count))
            text += "  " + label + padding + printable(line) + "\n"
            label = ""
        }
    }

    /// With a digit behind the point, so that a difference can be followed.
    static func mebibytes(_ bytes: UInt64) -> String {
        let (mebibytes, rest) = (bytes >> 20, bytes & 0xf_ffff)
        return "\(mebibytes).\((rest * 10) >> 20)Mi"
    }

    static func microseconds(_ nanoseconds: UInt64) -> String {
        let tenths = nanoseconds / 100
        return "\(tenths / 10).\(tenths % 10) us"
    }

    /// Seconds with four digits behind the point.
    static func seconds(_ nanoseconds: UInt64) -> String {
        let digits = String(nanoseconds % 1_000_000_000 / 100_000)
        return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 4 - digits.count) + digits + " s"
    }

    static func time(_ unixNanoseconds: Int64) -> String {
        UTCTime(unixSeconds: unixNanoseconds / 1_000_000_000)
            .rfc3339(milliseconds: max(0, unixNanoseconds / 1_000_000 % 1_000))
    }

    static func seconds(since1970 seconds: Int64) -> String { UTCTime(unixSeconds: seconds).rfc3339 }

    static func error(_ number: Int32) -> String {
        guard let words = unsafe strerror(number) else { return "errno \(number)" }
        return unsafe String(cString: words)
    }
}
