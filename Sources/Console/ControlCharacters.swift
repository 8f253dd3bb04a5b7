// SPDX-License-Identifier: Apache-2.0

extension String {
    /// For a terminal or a line of a log: what would steer either is shown by its number.
    public var withControlsEscaped: String {
        var result = ""
        for scalar in unicodeScalars {
            if scalar.isControl { result += scalar.numbered } else { result.unicodeScalars.append(scalar) }
        }
        return result
    }
}

extension Unicode.Scalar {
    /// C0, DEL and C1: of the last U+009B alone begins a terminal's command, as ESC with [ does.
    var isControl: Bool { value < 0x20 || (0x7f...0x9f).contains(value) }

    var numbered: String { "\\u{" + String(value, radix: 16) + "}" }
}
