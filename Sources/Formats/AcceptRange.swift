// SPDX-License-Identifier: Apache-2.0

/// One alternative of an Accept header (RFC 9110 §12.5.1).
package struct AcceptRange: Equatable, Sendable {
    package struct Parameter: Equatable, Sendable {
        /// In lower case.
        package let name: String
        /// Without quotes.
        package let value: String
    }

    /// In lower case, as is the subtype.
    package let type: String
    package let subtype: String
    /// The weight in thousandths.
    package private(set) var quality = 1000
    /// All but the weight.
    package private(set) var parameters: [Parameter] = []

    /// More alternatives than any client sends; what is behind them is ignored.
    package static let maxCount = 64

    /// The alternatives, best first. As API servers do, malformed parts are skipped rather than refused.
    package static func parse(_ header: String) -> [AcceptRange] {
        var ranges: [AcceptRange] = []
        for part in header.utf8.split(separator: UInt8(ascii: ","), maxSplits: Self.maxCount) {
            guard ranges.count < Self.maxCount, let range = AcceptRange(part) else { continue }
            ranges.append(range)
        }
        return ranges.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            if a.quality != b.quality { return a.quality > b.quality }
            if a.specificity != b.specificity { return a.specificity > b.specificity }
            return left.offset < right.offset
        }.map(\.element)
    }

    private var specificity: Int { self.type == "*" ? 0 : self.subtype == "*" ? 1 : 2 }

    private init?(_ text: Substring.UTF8View) {
        var fields = text.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false).makeIterator()
        guard let range = fields.next() else { return nil }
        let names = Self.trimmed(range).split(separator: "/", omittingEmptySubsequences: false)
        switch names.count {
        case 1 where names[0] == "*": (self.type, self.subtype) = ("*", "*")
        case 2 where !names[0].isEmpty && !names[1].isEmpty:
            (self.type, self.subtype) = (names[0].lowercased(), names[1].lowercased())
        default: return nil
        }
        while let field = fields.next() {
            guard let equals = field.firstIndex(of: UInt8(ascii: "=")) else { continue }
            let value = Self.unquoted(Self.trimmed(field[field.index(after: equals)...]))
            let name = Self.trimmed(field[..<equals]).lowercased()
            if name == "q" {
                self.quality = Self.thousandths(value)
            } else {
                self.parameters.append(Parameter(name: name, value: value))
            }
        }
    }

    private static func trimmed(_ text: Substring.UTF8View) -> String {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        var part = text.drop(while: isBlank)
        while let last = part.last, isBlank(last) { part = part.dropLast() }
        return String(Substring(part))
    }

    private static func unquoted(_ text: String) -> String {
        text.utf8.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"")
            ? String(text.dropFirst().dropLast()) : text
    }

    /// "0.8" is 800; what is no weight counts as 1, as in the peer.
    private static func thousandths(_ text: String) -> Int {
        let parts = text.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        let isDigit = { (byte: UInt8) in UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
        guard let whole = parts.first, parts.allSatisfy({ $0.allSatisfy(isDigit) }), text.utf8.contains(where: isDigit)
        else { return 1000 }
        if whole.contains(where: { $0 != UInt8(ascii: "0") }) { return 1000 }
        var value = 0
        var scale = 100
        for digit in (parts.count > 1 ? parts[1] : whole.prefix(0)).prefix(3) {
            value += Int(digit - UInt8(ascii: "0")) * scale
            scale /= 10
        }
        return value
    }
}
