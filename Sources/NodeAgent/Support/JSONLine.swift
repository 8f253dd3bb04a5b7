// SPDX-License-Identifier: Apache-2.0

/// One JSON object on a line, written key by key (RFC 8259).
package struct JSONLine {
    private var body = ""

    package init() {}

    package var text: String { "{\(body)}" }

    package mutating func add(_ key: String, _ value: String?) { add(key, raw: value.map(Self.quoted) ?? "null") }

    package mutating func add(_ key: String, _ value: UInt64?) { add(key, raw: value.map { "\($0)" } ?? "null") }

    package mutating func add(_ key: String, _ values: [String]) {
        add(key, raw: "[" + values.map(Self.quoted).joined(separator: ",") + "]")
    }

    private mutating func add(_ key: String, raw: String) {
        if !body.isEmpty { body += "," }
        body += "\"\(key)\":\(raw)"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
