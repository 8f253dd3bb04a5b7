// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// nil for anything that is not one JSON text (RFC 8259), or that nests deeper than 32 levels.
    ///
    /// Of members with the same name all are kept. The caller bounds the length.
    public init?(parsing bytes: [UInt8]) {
        var parser = Parser(bytes: bytes)
        guard let value = parser.value(depth: 0) else { return nil }
        parser.skipBlanks()
        guard parser.next == nil else { return nil }
        self = value
    }

    private struct Parser {
        let bytes: [UInt8]
        var at = 0

        /// Recursion is on the stack; documents of ours and of Kubernetes' errors and tokens nest 9 levels at most.
        static let maxDepth = 32

        init(bytes: [UInt8]) { self.bytes = bytes }

        var next: UInt8? { at < bytes.count ? bytes[at] : nil }

        mutating func skipBlanks() {
            while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
        }

        /// Takes the byte if it comes next, blanks before it passed over.
        mutating func take(_ byte: UInt8) -> Bool {
            skipBlanks()
            guard next == byte else { return false }
            at += 1
            return true
        }

        mutating func take(word: String) -> Bool {
            guard bytes[at...].starts(with: word.utf8) else { return false }
            at += word.utf8.count
            return true
        }

        mutating func value(depth: Int) -> JSONValue? {
            skipBlanks()
            guard depth < Self.maxDepth, let first = next else { return nil }
            switch first {
            case 0x7b: return object(depth: depth)
            case 0x5b: return array(depth: depth)
            case 0x22: return string().map(JSONValue.string)
            case UInt8(ascii: "t"): return take(word: "true") ? .bool(true) : nil
            case UInt8(ascii: "f"): return take(word: "false") ? .bool(false) : nil
            case UInt8(ascii: "n"): return take(word: "null") ? .null : nil
            default: return number()
            }
        }

        mutating func object(depth: Int) -> JSONValue? {
            at += 1
            var members: [Member] = []
            if take(0x7d) { return .object(members) }
            while true {
                skipBlanks()
                guard let name = string(), take(0x3a), let value = value(depth: depth + 1) else { return nil }
                members.append(Member(name: name, value: value))
                if take(0x7d) { return .object(members) }
                guard take(0x2c) else { return nil }
            }
        }

        mutating func array(depth: Int) -> JSONValue? {
            at += 1
            var items: [JSONValue] = []
            if take(0x5d) { return .array(items) }
            while true {
                guard let item = value(depth: depth + 1) else { return nil }
                items.append(item)
                if take(0x5d) { return .array(items) }
                guard take(0x2c) else { return nil }
            }
        }

        mutating func number() -> JSONValue? {
            let start = at
            if next == UInt8(ascii: "-") { at += 1 }
            let first = next
            guard let whole = digits(), whole == 1 || first != UInt8(ascii: "0") else { return nil }
            if next == UInt8(ascii: ".") {
                at += 1
                guard digits() != nil else { return nil }
            }
            if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
                at += 1
                if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
                guard digits() != nil else { return nil }
            }
            let text = String(decoding: bytes[start..<at], as: UTF8.self)
            return Int64(text).map(JSONValue.int) ?? .decimal(text)
        }

        /// How many there are; nil for none.
        mutating func digits() -> Int? {
            let start = at
            while let byte = next, UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte { at += 1 }
            return at > start ? at - start : nil
        }

        mutating func string() -> String? {
            guard next == 0x22 else { return nil }
            at += 1
            var out: [UInt8] = []
            while let byte = next {
                at += 1
                switch byte {
                case 0x22: return String(validating: out, as: UTF8.self)
                case 0x5c:
                    guard let escaped = escape() else { return nil }
                    out.append(contentsOf: Character(escaped).utf8)
                case 0..<0x20: return nil
                default: out.append(byte)
                }
            }
            return nil
        }

        mutating func escape() -> Unicode.Scalar? {
            guard let byte = next else { return nil }
            at += 1
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
            case UInt8(ascii: "n"): return "\n"
            case UInt8(ascii: "r"): return "\r"
            case UInt8(ascii: "t"): return "\t"
            case UInt8(ascii: "b"): return "\u{8}"
            case UInt8(ascii: "f"): return "\u{c}"
            case UInt8(ascii: "u"): return codePoint()
            default: return nil
            }
        }

        /// Four digits, or twice four for what UTF-16 needs two units for. Half of a pair is nothing.
        mutating func codePoint() -> Unicode.Scalar? {
            guard let first = hexadecimal() else { return nil }
            guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) }
            guard take(word: "\\u"), let second = hexadecimal(), (0xdc00..<0xe000).contains(second) else { return nil }
            return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        }

        mutating func hexadecimal() -> UInt32? {
            var value: UInt32 = 0
            for _ in 0..<4 {
                guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else { return nil }
                value = value << 4 | UInt32(digit)
                at += 1
            }
            return value
        }
    }
}
