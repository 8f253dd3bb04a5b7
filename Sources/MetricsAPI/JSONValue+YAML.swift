// SPDX-License-Identifier: Apache-2.0
import Formats

/// Block-style YAML as sigs.k8s.io/yaml lays it out: members sorted, sequences not indented, two spaces per level.
extension JSONValue {
    func writeYAML(to out: inout ByteWriter) {
        switch self {
        case .array(let items) where !items.isEmpty: Self.writeItems(items, to: &out, depth: 0)
        case .object(let members) where !members.isEmpty: Self.writeMembers(members, to: &out, depth: 0, inItem: false)
        default:
            self.writeYAMLScalar(to: &out)
            out.byte(0x0a)
        }
    }

    /// An item of a sequence that is no member's, or a member of the outermost object's.
    func writeYAMLItem(to out: inout ByteWriter) { Self.writeItems([self], to: &out, depth: 0) }

    /// `inItem`: the first member stands behind the dash of a sequence item.
    private static func writeMembers(_ members: [Member], to out: inout ByteWriter, depth: Int, inItem: Bool) {
        let sorted = members.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        for (at, member) in sorted.enumerated() {
            if at > 0 || !inItem { Self.indent(depth, to: &out) }
            Self.writeYAMLString(member.name, to: &out)
            out.byte(0x3a)
            switch member.value {
            case .array(let items) where !items.isEmpty:
                out.byte(0x0a)
                Self.writeItems(items, to: &out, depth: depth)
            case .object(let inner) where !inner.isEmpty:
                out.byte(0x0a)
                Self.writeMembers(inner, to: &out, depth: depth + 1, inItem: false)
            default:
                out.byte(0x20)
                member.value.writeYAMLScalar(to: &out)
                out.byte(0x0a)
            }
        }
    }

    private static func writeItems(_ items: [JSONValue], to out: inout ByteWriter, depth: Int) {
        for item in items {
            Self.indent(depth, to: &out)
            out.text("- ")
            switch item {
            case .object(let members) where !members.isEmpty:
                Self.writeMembers(members, to: &out, depth: depth + 1, inItem: true)
            case .null, .bool, .int, .decimal, .string, .array, .object:
                // No document here nests sequences directly; flow style is valid for any that ever would.
                item.writeYAMLScalar(to: &out)
                out.byte(0x0a)
            }
        }
    }

    private static func indent(_ depth: Int, to out: inout ByteWriter) {
        for _ in 0..<depth { out.text("  ") }
    }

    private func writeYAMLScalar(to out: inout ByteWriter) {
        if case .string(let text) = self {
            Self.writeYAMLString(text, to: &out)
        } else {
            self.write(to: &out)
        }
    }

    private static func writeYAMLString(_ text: String, to out: inout ByteWriter) {
        switch Self.style(of: text) {
        case .plain: out.text(text)
        case .single:
            out.byte(0x27)
            for byte in text.utf8 {
                if byte == 0x27 { out.byte(0x27) }
                out.byte(byte)
            }
            out.byte(0x27)
        case .double: out.jsonString(text)
        }
    }

    private enum Style { case plain, single, double }

    /// Double quotes where the text would be read as another type, single quotes where its characters mean something
    /// to YAML; JSON's escapes are YAML's too.
    private static func style(of text: String) -> Style {
        if text.isEmpty || Self.readsAsOtherType(text) { return .double }
        let bytes = Array(text.utf8)
        if bytes.contains(where: { $0 < 0x20 || $0 >= 0x7f }) { return .double }
        if bytes.first == 0x20 || bytes.last == 0x20 { return .single }
        if let first = bytes.first {
            let mayStart = bytes.count > 1 && bytes[1] != 0x20
            if "-?:".utf8.contains(first), !mayStart { return .single }
            if ",[]{}#&*!|>'\"%@`".utf8.contains(first) { return .single }
            if text == "---" || text == "..." || text.hasPrefix("--- ") || text.hasPrefix("... ") { return .single }
        }
        for at in bytes.indices {
            if bytes[at] == 0x3a, at + 1 == bytes.count || bytes[at + 1] == 0x20 { return .single }
            if bytes[at] == 0x23, at > 0, bytes[at - 1] == 0x20 { return .single }
        }
        return .plain
    }

    /// Booleans and nulls of YAML 1.1, and anything a reader could take for a number or a time. Wide on purpose: needless
    /// quotes do no harm, a label `1e3` or `on` that changes its type does.
    private static func readsAsOtherType(_ text: String) -> Bool {
        let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "<<", "=", ".nan", ".inf"]
        if words.contains(text.lowercased()) { return true }
        var bytes = Array(text.utf8)[...]
        if bytes.first == UInt8(ascii: "-") || bytes.first == UInt8(ascii: "+") { bytes = bytes.dropFirst() }
        guard let first = bytes.first else { return false }
        let isDigit = { (byte: UInt8) in UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
        if bytes.elementsEqual(".inf".utf8) || bytes.elementsEqual(".Inf".utf8) || bytes.elementsEqual(".INF".utf8) {
            return true
        }
        guard isDigit(first) || (first == UInt8(ascii: ".") && bytes.dropFirst().first.map(isDigit) ?? false)
        else { return false }
        // A date or time: digits, dashes, colons, dots, T and Z and blanks.
        if bytes.allSatisfy({ isDigit($0) || "-:.TtZz +".utf8.contains($0) }) { return true }
        // Decimal, float with exponent, binary, octal, hexadecimal, with YAML 1.1's underscores.
        let lowered = String(decoding: bytes, as: UTF8.self).lowercased()
        if lowered.hasPrefix("0x") {
            return lowered.dropFirst(2).utf8.allSatisfy { isDigit($0) || (97...102 ~= $0) || $0 == 95 }
        }
        if lowered.hasPrefix("0b") || lowered.hasPrefix("0o") {
            return lowered.dropFirst(2).utf8.allSatisfy { isDigit($0) || $0 == 95 }
        }
        guard let exponent = lowered.utf8.firstIndex(of: UInt8(ascii: "e")) else {
            return lowered.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
        }
        let mantissa = lowered.utf8[..<exponent]
        let power = lowered.utf8[exponent...].dropFirst().drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
        return mantissa.allSatisfy { isDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
            && !power.isEmpty && power.allSatisfy(isDigit)
    }
}
