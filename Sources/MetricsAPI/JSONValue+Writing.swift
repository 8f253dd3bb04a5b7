// SPDX-License-Identifier: Apache-2.0
import Formats

/// Laying a tree out, and building one.
extension JSONValue {
    /// An object without the members that are nil.
    static func members(_ members: (String, JSONValue?)...) -> JSONValue {
        .object(members.compactMap { name, value in value.map { Member(name: name, value: $0) } })
    }

    static func strings(_ values: [String]) -> JSONValue { .array(values.map(JSONValue.string)) }

    static func map(_ labels: Labels) -> JSONValue {
        .object(labels.pairs.map { Member(name: $0.key, value: .string($0.value)) })
    }

    func write(to out: inout ByteWriter) {
        switch self {
        case .null: out.text("null")
        case .bool(let value): out.text(value ? "true" : "false")
        case .int(let value): out.decimal(value)
        case .decimal(let value): out.text(value)
        case .string(let value): out.jsonString(value)
        case .array(let items):
            out.byte(0x5b)
            for (at, item) in items.enumerated() {
                if at > 0 { out.byte(0x2c) }
                item.write(to: &out)
            }
            out.byte(0x5d)
        case .object(let members):
            out.byte(0x7b)
            for (at, member) in members.enumerated() {
                if at > 0 { out.byte(0x2c) }
                out.jsonString(member.name)
                out.byte(0x3a)
                member.value.write(to: &out)
            }
            out.byte(0x7d)
        }
    }

    /// As Go's `MarshalIndent(value, "", "  ")`.
    func writeIndented(to out: inout ByteWriter, depth: Int = 0) {
        func line(_ depth: Int) {
            out.byte(0x0a)
            for _ in 0..<depth { out.text("  ") }
        }
        switch self {
        case .array(let items) where !items.isEmpty:
            out.byte(0x5b)
            for (at, item) in items.enumerated() {
                if at > 0 { out.byte(0x2c) }
                line(depth + 1)
                item.writeIndented(to: &out, depth: depth + 1)
            }
            line(depth)
            out.byte(0x5d)
        case .object(let members) where !members.isEmpty:
            out.byte(0x7b)
            for (at, member) in members.enumerated() {
                if at > 0 { out.byte(0x2c) }
                line(depth + 1)
                out.jsonString(member.name)
                out.text(": ")
                member.value.writeIndented(to: &out, depth: depth + 1)
            }
            line(depth)
            out.byte(0x7d)
        case .null, .bool, .int, .decimal, .string, .array, .object: self.write(to: &out)
        }
    }
}
