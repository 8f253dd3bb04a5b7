// SPDX-License-Identifier: Apache-2.0

/// The corners of Go's strconv that are visible in the API's error messages.
enum GoText {
    /// `strconv.Quote`.
    static func quote(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\u{07}": out += "\\a"
            case "\u{08}": out += "\\b"
            case "\u{0c}": out += "\\f"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case "\u{0b}": out += "\\v"
            case " "..."~": out.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x80: out += "\\x" + Self.hex(scalar.value, digits: 2)
            case _ where Self.isPrintable(scalar): out.unicodeScalars.append(scalar)
            case _ where scalar.value < 0x10000: out += "\\u" + Self.hex(scalar.value, digits: 4)
            default: out += "\\U" + Self.hex(scalar.value, digits: 8)
            }
        }
        return out + "\""
    }

    enum ParseIntFailure: Error {
        case invalidSyntax, outOfRange
    }

    /// `strconv.ParseInt(text, 10, 64)`: an optional sign, then decimal digits only.
    static func parseInt(_ text: String) throws(ParseIntFailure) -> Int64 {
        var digits = text.utf8[...]
        var negative = false
        if let sign = digits.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            negative = sign == UInt8(ascii: "-")
            digits = digits.dropFirst()
        }
        guard !digits.isEmpty, digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 })
        else { throw .invalidSyntax }
        var value: Int64 = 0
        for digit in digits {
            let part = Int64(digit - UInt8(ascii: "0"))
            let (shifted, tooBig) = value.multipliedReportingOverflow(by: 10)
            let (next, over) =
                negative ? shifted.subtractingReportingOverflow(part) : shifted.addingReportingOverflow(part)
            if tooBig || over { throw .outOfRange }
            value = next
        }
        return value
    }

    /// The error text of `strconv.ParseInt`.
    static func parseIntMessage(_ text: String, _ failure: ParseIntFailure) -> String {
        let reason =
            switch failure {
            case .invalidSyntax: "invalid syntax"
            case .outOfRange: "value out of range"
            }
        return "strconv.ParseInt: parsing \(Self.quote(text)): \(reason)"
    }

    private static func hex(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
            .spaceSeparator:
            false
        default: true
        }
    }
}
