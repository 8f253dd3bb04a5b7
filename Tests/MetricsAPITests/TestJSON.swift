// SPDX-License-Identifier: Apache-2.0

/// A JSON reader of the tests' own, so that the encoders are not checked with the module's parser. Members of an object
/// compare without regard to order.
enum TestJSON: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([TestJSON])
    case object([String: TestJSON])

    struct Malformed: Error {
        var at: Int
    }

    init(_ bytes: [UInt8]) throws {
        var reader = Reader(bytes: bytes)
        self = try reader.value()
        reader.skipBlanks()
        if reader.at != bytes.count { throw Malformed(at: reader.at) }
    }

    init(_ text: String) throws { try self.init(Array(text.utf8)) }

    subscript(name: String) -> TestJSON? {
        if case .object(let members) = self { return members[name] }
        return nil
    }

    subscript(index: Int) -> TestJSON? {
        if case .array(let items) = self, items.indices.contains(index) { return items[index] }
        return nil
    }

    var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }

    var items: [TestJSON]? {
        if case .array(let items) = self { return items }
        return nil
    }

    /// A copy in which `change` has seen each member of each object.
    func rewritten(_ change: (String, TestJSON) -> TestJSON) -> TestJSON {
        switch self {
        case .object(let members):
            .object(
                Dictionary(uniqueKeysWithValues: members.map { ($0.key, change($0.key, $0.value.rewritten(change))) }))
        case .array(let items): .array(items.map { $0.rewritten(change) })
        case .null, .bool, .number, .string: self
        }
    }

    private struct Reader {
        let bytes: [UInt8]
        var at = 0

        mutating func skipBlanks() {
            while self.at < self.bytes.count, [0x20, 0x0a, 0x0d, 0x09].contains(self.bytes[self.at]) { self.at += 1 }
        }

        mutating func next() throws -> UInt8 {
            guard self.at < self.bytes.count else { throw Malformed(at: self.at) }
            self.at += 1
            return self.bytes[self.at - 1]
        }

        mutating func value() throws -> TestJSON {
            self.skipBlanks()
            switch try self.next() {
            case UInt8(ascii: "{"):
                var members: [String: TestJSON] = [:]
                self.skipBlanks()
                if try self.next() == UInt8(ascii: "}") { return .object(members) }
                self.at -= 1
                while true {
                    self.skipBlanks()
                    guard try self.next() == 0x22 else { throw Malformed(at: self.at) }
                    let name = try self.string()
                    self.skipBlanks()
                    guard try self.next() == UInt8(ascii: ":"), members[name] == nil else {
                        throw Malformed(at: self.at)
                    }
                    members[name] = try self.value()
                    self.skipBlanks()
                    let end = try self.next()
                    if end == UInt8(ascii: "}") { return .object(members) }
                    guard end == UInt8(ascii: ",") else { throw Malformed(at: self.at) }
                }
            case UInt8(ascii: "["):
                var items: [TestJSON] = []
                self.skipBlanks()
                if try self.next() == UInt8(ascii: "]") { return .array(items) }
                self.at -= 1
                while true {
                    items.append(try self.value())
                    self.skipBlanks()
                    let end = try self.next()
                    if end == UInt8(ascii: "]") { return .array(items) }
                    guard end == UInt8(ascii: ",") else { throw Malformed(at: self.at) }
                }
            case 0x22: return .string(try self.string())
            default:
                let start = self.at - 1
                while self.at < self.bytes.count, !" \n,]}".utf8.contains(self.bytes[self.at]) { self.at += 1 }
                let word = String(decoding: self.bytes[start..<self.at], as: UTF8.self)
                switch word {
                case "null": return .null
                case "true": return .bool(true)
                case "false": return .bool(false)
                default:
                    guard Int64(word) != nil else { throw Malformed(at: start) }
                    return .number(word)
                }
            }
        }

        mutating func string() throws -> String {
            var out: [UInt8] = []
            while true {
                let byte = try self.next()
                if byte == 0x22 { return String(decoding: out, as: UTF8.self) }
                if byte < 0x20 { throw Malformed(at: self.at) }
                guard byte == 0x5c else {
                    out.append(byte)
                    continue
                }
                let escape = try self.next()
                switch escape {
                case UInt8(ascii: "n"): out.append(0x0a)
                case UInt8(ascii: "t"): out.append(0x09)
                case UInt8(ascii: "r"): out.append(0x0d)
                case UInt8(ascii: "b"): out.append(0x08)
                case UInt8(ascii: "f"): out.append(0x0c)
                case UInt8(ascii: "u"):
                    var value: UInt32 = 0
                    for _ in 0..<4 {
                        guard let digit = Character(Unicode.Scalar(try self.next())).hexDigitValue
                        else { throw Malformed(at: self.at) }
                        value = value << 4 | UInt32(digit)
                    }
                    guard let scalar = Unicode.Scalar(value) else { throw Malformed(at: self.at) }
                    out.append(contentsOf: String(Character(scalar)).utf8)
                case 0x22, 0x5c, UInt8(ascii: "/"): out.append(escape)
                default: throw Malformed(at: self.at)
                }
            }
        }
    }
}
