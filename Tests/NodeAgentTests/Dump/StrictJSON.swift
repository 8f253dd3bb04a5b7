// SPDX-License-Identifier: Apache-2.0

/// A JSON reader that takes nothing but RFC 8259, and no member twice.
indirect enum StrictJSON: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([StrictJSON])
    case object([String: StrictJSON])

    struct Malformed: Error {
        let at: Int
    }

    init(_ text: String) throws {
        var reader = Reader(bytes: Array(text.utf8))
        self = try reader.value()
        guard reader.at == reader.bytes.count else { throw Malformed(at: reader.at) }
    }

    subscript(key: String) -> StrictJSON? {
        if case .object(let members) = self { return members[key] }
        return nil
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        var next: UInt8? { at < bytes.count ? bytes[at] : nil }

        mutating func skip() { while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { at += 1 } }

        mutating func take(_ text: String) throws {
            for byte in text.utf8 {
                guard next == byte else { throw Malformed(at: at) }
                at += 1
            }
        }

        mutating func value() throws -> StrictJSON {
            skip()
            defer { skip() }
            switch next {
            case UInt8(ascii: "n"):
                try take("null")
                return .null
            case UInt8(ascii: "t"):
                try take("true")
                return .bool(true)
            case UInt8(ascii: "f"):
                try take("false")
                return .bool(false)
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "["):
                var items: [StrictJSON] = []
                try list("[", "]") { reader in items.append(try reader.value()) }
                return .array(items)
            case UInt8(ascii: "{"):
                var members: [String: StrictJSON] = [:]
                try list("{", "}") { reader in
                    reader.skip()
                    let key = try reader.string()
                    reader.skip()
                    try reader.take(":")
                    let value = try reader.value()
                    guard members.updateValue(value, forKey: key) == nil else { throw Malformed(at: reader.at) }
                }
                return .object(members)
            default: return .number(try number())
            }
        }

        mutating func list(_ open: String, _ close: String, _ item: (inout Reader) throws -> Void) throws {
            try take(open)
            skip()
            if next == close.utf8.first { return try take(close) }
            while true {
                try item(&self)
                skip()
                if next == close.utf8.first { return try take(close) }
                try take(",")
            }
        }

        mutating func number() throws -> String {
            let start = at
            if next == UInt8(ascii: "-") { at += 1 }
            let digits = at
            while let byte = next, (0x30...0x39).contains(byte) { at += 1 }
            guard at > digits, bytes[digits] != 0x30 || at == digits + 1 else { throw Malformed(at: at) }
            return String(decoding: bytes[start..<at], as: UTF8.self)
        }

        mutating func string() throws -> String {
            try take("\"")
            var result: [UInt8] = []
            while let byte = next {
                at += 1
                switch byte {
                case UInt8(ascii: "\""):
                    guard let text = String(validating: result, as: UTF8.self) else { throw Malformed(at: at) }
                    return text
                case 0..<0x20: throw Malformed(at: at)
                case UInt8(ascii: "\\"): result += try escape().utf8
                default: result.append(byte)
                }
            }
            throw Malformed(at: at)
        }

        mutating func escape() throws -> String {
            guard let byte = next else { throw Malformed(at: at) }
            at += 1
            switch byte {
            case UInt8(ascii: "\""): return "\""
            case UInt8(ascii: "\\"): return "\\"
            case UInt8(ascii: "/"): return "/"
            case UInt8(ascii: "b"): return "\u{8}"
            case UInt8(ascii: "f"): return "\u{c}"
            case UInt8(ascii: "n"): return "\n"
            case UInt8(ascii: "r"): return "\r"
            case UInt8(ascii: "t"): return "\t"
            case UInt8(ascii: "u"):
                let digits = String(decoding: bytes[at...].prefix(4), as: UTF8.self)
                guard digits.utf8.count == 4, let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init)
                else { throw Malformed(at: at) }
                at += 4
                return String(Character(scalar))
            default: throw Malformed(at: at)
            }
        }
    }
}
