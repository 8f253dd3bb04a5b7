// SPDX-License-Identifier: Apache-2.0

extension JSONValue {
    /// Reads back JSON that this module wrote, to lay it out for people. Total all the same: anything else is nil.
    init?(parsing bytes: [UInt8]) {
        var parser = Parser(bytes: bytes)
        guard let value = parser.value(depth: 0) else { return nil }
        self = value
    }

    private struct Parser {
        let bytes: [UInt8]
        var at = 0

        /// Our deepest document nests 9 levels.
        static let maxDepth = 32

        init(bytes: [UInt8]) { self.bytes = bytes }

        var next: UInt8? { self.at < self.bytes.count ? self.bytes[self.at] : nil }

        mutating func take(_ byte: UInt8) -> Bool {
            guard self.next == byte else { return false }
            self.at += 1
            return true
        }

        mutating func take(_ word: String) -> Bool {
            guard self.bytes[self.at...].starts(with: word.utf8) else { return false }
            self.at += word.utf8.count
            return true
        }

        mutating func value(depth: Int) -> JSONValue? {
            guard depth < Self.maxDepth, let first = self.next else { return nil }
            switch first {
            case 0x7b: return self.object(depth: depth)
            case 0x5b: return self.array(depth: depth)
            case 0x22: return self.string().map(JSONValue.string)
            case UInt8(ascii: "t"): return self.take("true") ? .bool(true) : nil
            case UInt8(ascii: "f"): return self.take("false") ? .bool(false) : nil
            case UInt8(ascii: "n"): return self.take("null") ? .null : nil
            default: return self.number()
            }
        }

        mutating func object(depth: Int) -> JSONValue? {
            self.at += 1
            var members: [Member] = []
            if self.take(0x7d) { return .object(members) }
            while true {
                guard let name = self.string(), self.take(0x3a), let value = self.value(depth: depth + 1)
                else { return nil }
                members.append(Member(name: name, value: value))
                if self.take(0x7d) { return .object(members) }
                guard self.take(0x2c) else { return nil }
            }
        }

        mutating func array(depth: Int) -> JSONValue? {
            self.at += 1
            var items: [JSONValue] = []
            if self.take(0x5d) { return .array(items) }
            while true {
                guard let item = self.value(depth: depth + 1) else { return nil }
                items.append(item)
                if self.take(0x5d) { return .array(items) }
                guard self.take(0x2c) else { return nil }
            }
        }

        mutating func number() -> JSONValue? {
            let start = self.at
            while let byte = self.next, byte == UInt8(ascii: "-") || UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte {
                self.at += 1
            }
            return Int64(String(decoding: self.bytes[start..<self.at], as: UTF8.self)).map(JSONValue.int)
        }

        mutating func string() -> String? {
            guard self.take(0x22) else { return nil }
            var out: [UInt8] = []
            while let byte = self.next {
                self.at += 1
                switch byte {
                case 0x22: return String(decoding: out, as: UTF8.self)
                case 0x5c:
                    guard let escape = self.next else { return nil }
                    self.at += 1
                    switch escape {
                    case UInt8(ascii: "n"): out.append(0x0a)
                    case UInt8(ascii: "r"): out.append(0x0d)
                    case UInt8(ascii: "t"): out.append(0x09)
                    case UInt8(ascii: "b"): out.append(0x08)
                    case UInt8(ascii: "f"): out.append(0x0c)
                    case UInt8(ascii: "u"):
                        let digits = String(decoding: self.bytes[self.at...].prefix(4), as: UTF8.self)
                        guard let scalar = UInt32(digits, radix: 16).flatMap(Unicode.Scalar.init) else { return nil }
                        self.at += 4
                        out.append(contentsOf: Character(scalar).utf8)
                    default: out.append(escape)
                    }
                default: out.append(byte)
                }
            }
            return nil
        }
    }
}
