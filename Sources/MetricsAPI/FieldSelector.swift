// SPDX-License-Identifier: Apache-2.0

/// A parsed field selector (apimachinery `fields.ParseSelector`): all terms must hold.
struct FieldSelector: Hashable, Sendable {
    struct Term: Hashable, Sendable {
        var field: String
        var value: String
        var negated: Bool
    }

    var terms: [Term] = []

    struct ParseError: Error, Equatable {
        var message: String
    }

    /// Each term is tried on each object of a list, as with labels.
    static let maxTerms = 1000

    init() {}

    /// `field=value`, `field==value` and `field!=value`, separated by commas. In values `\` escapes `\`, `,` and `=`.
    init(parsing text: String) throws(ParseError) {
        let parts = Self.split(text).sorted { $0.lexicographicallyPrecedes($1) }
        for part in parts where !part.isEmpty {
            guard self.terms.count < Self.maxTerms else {
                throw ParseError(message: "selector has more than \(Self.maxTerms) terms")
            }
            guard let (field, value, negated) = Self.term(part) else {
                let shown = String(decoding: part, as: UTF8.self)
                throw ParseError(message: "invalid selector: '\(text)'; can't understand '\(shown)'")
            }
            self.terms.append(Term(field: field, value: try Self.unescaped(value), negated: negated))
        }
    }

    /// True when every term holds for the object's `fields`; a field the object lacks is an empty one.
    func matches(_ field: (String) -> String) -> Bool {
        self.terms.allSatisfy { (field($0.field) == $0.value) != $0.negated }
    }

    var isEmpty: Bool { self.terms.isEmpty }

    /// The value `field` must have, if a term says so.
    func exactMatch(_ field: String) -> String? {
        self.terms.first { $0.field == field && !$0.negated }?.value
    }

    private typealias Bytes = ArraySlice<UInt8>

    private static func split(_ text: String) -> [Bytes] {
        let bytes = Array(text.utf8)
        var parts: [Bytes] = []
        var start = 0
        var escaped = false
        for at in bytes.indices {
            if escaped {
                escaped = false
            } else if bytes[at] == UInt8(ascii: "\\") {
                escaped = true
            } else if bytes[at] == UInt8(ascii: ",") {
                parts.append(bytes[start..<at])
                start = at + 1
            }
        }
        parts.append(bytes[start...])
        return parts
    }

    /// Cuts at the first operator; `==` wins over `=` at the same place.
    private static func term(_ part: Bytes) -> (field: String, value: Bytes, negated: Bool)? {
        for at in part.indices {
            let equalsFollows = at + 1 < part.endIndex && part[at + 1] == UInt8(ascii: "=")
            switch part[at] {
            case UInt8(ascii: "!") where equalsFollows: return (Self.text(part[..<at]), part[(at + 2)...], true)
            case UInt8(ascii: "="): return (Self.text(part[..<at]), part[(equalsFollows ? at + 2 : at + 1)...], false)
            default: continue
            }
        }
        return nil
    }

    private static func text(_ bytes: Bytes) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func unescaped(_ value: Bytes) throws(ParseError) -> String {
        var out = String.UnicodeScalarView()
        var escaped = false
        for scalar in String(decoding: value, as: UTF8.self).unicodeScalars {
            if escaped {
                guard scalar == "\\" || scalar == "," || scalar == "=" else {
                    throw ParseError(message: "invalid field selector: invalid escape sequence: \\\(scalar)")
                }
                out.append(scalar)
                escaped = false
            } else if scalar == "\\" {
                escaped = true
            } else if scalar == "," || scalar == "=" {
                throw ParseError(message: "invalid field selector: unescaped character in value: \(scalar.value)")
            } else {
                out.append(scalar)
            }
        }
        if escaped { throw ParseError(message: "invalid field selector: invalid escape sequence: \\") }
        return String(out)
    }
}
