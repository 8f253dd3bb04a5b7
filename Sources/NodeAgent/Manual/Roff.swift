// SPDX-License-Identifier: Apache-2.0

/// Text in the man macros of groff and mandoc (man(7), groff_man(7)).
enum Roff {
    /// Of the source; `mandoc -Tlint` asks for it.
    private static let width = 78

    /// Running text.
    static func text(_ text: String) -> String {
        var lines: [String] = []
        for word in escaped(text).split(separator: " ") {
            if let last = lines.last, last.utf8.count + 1 + word.utf8.count <= width {
                lines[lines.count - 1] += " " + word
            } else {
                // A request starts with one of these.
                lines.append((word.hasPrefix(".") || word.hasPrefix("'") ? "\\&" : "") + word)
            }
        }
        return lines.joined(separator: "\n")
    }

    /// What can be typed: its hyphens are minus signs, which a pager must not break at or turn into typography.
    static func literal(_ text: String) -> String {
        escaped(text).split(separator: "-", omittingEmptySubsequences: false).joined(separator: "\\-")
    }

    /// Paragraphs with a tag each.
    static func list(_ items: [(tag: String, text: String)]) -> String {
        items.map { ".TP\n\($0.tag)\n\(text($0.text))" }.joined(separator: "\n")
    }

    static func bold(_ text: String) -> String { "\\fB\(literal(text))\\fR" }

    static func italic(_ text: String) -> String { "\\fI\(literal(text))\\fR" }

    private static func escaped(_ text: String) -> String {
        text.split(separator: "\\", omittingEmptySubsequences: false).joined(separator: "\\e")
    }
}
