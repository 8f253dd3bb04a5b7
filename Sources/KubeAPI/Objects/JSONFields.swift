// SPDX-License-Identifier: Apache-2.0

/// The texts and whole numbers of a JSON object and of the objects directly in it, by dotted name.
///
/// The API server answers in protobuf; only `/version`, and errors from before it knows what we accept, are JSON. So
/// this is one pass that keeps what a Status or a version has, and checks no more grammar than that takes.
struct JSONFields {
    /// A Status has a dozen fields.
    private static let mostFields = 256
    private static let deepest = 32

    private var texts: [String: String] = [:]
    private var numbers: [String: Int] = [:]

    func text(_ name: String) -> String? { texts[name] }
    func number(_ name: String) -> Int? { numbers[name] }

    /// nil for what is not a JSON object.
    init?(_ body: RawSpan) {
        var reader = Reader(end: body.byteCount)
        guard value(&reader, body, name: "", depth: 0), texts.count + numbers.count > 0 else { return nil }
    }

    private struct Reader {
        var at = 0
        let end: Int

        mutating func next(_ body: RawSpan) -> UInt8? {
            while at < end {
                switch body[at] {
                case 0x20, 0x09, 0x0A, 0x0D: at += 1
                default: return body[at]
                }
            }
            return nil
        }

        mutating func take(_ byte: Character, _ body: RawSpan) -> Bool {
            guard next(body) == byte.asciiValue else { return false }
            at += 1
            return true
        }
    }

    private mutating func value(_ reader: inout Reader, _ body: RawSpan, name: String, depth: Int) -> Bool {
        guard depth < Self.deepest, let first = reader.next(body) else { return false }
        switch Character(UnicodeScalar(first)) {
        case "{": return members(&reader, body, name: name, depth: depth)
        case "[": return depth > 0 && items(&reader, body, depth: depth)
        case "\"":
            guard depth > 0, let text = string(&reader, body) else { return false }
            if depth <= 2, !name.isEmpty, texts.count < Self.mostFields { texts[name] = text }
            return true
        default:
            let word = bareWord(&reader, body)
            if depth <= 2, !name.isEmpty, let number = Int(word), numbers.count < Self.mostFields {
                numbers[name] = number
            }
            return depth > 0 && !word.isEmpty
        }
    }

    private mutating func members(_ reader: inout Reader, _ body: RawSpan, name: String, depth: Int) -> Bool {
        guard reader.take("{", body) else { return false }
        if reader.take("}", body) { return true }
        while true {
            guard reader.next(body) == UInt8(ascii: "\""), let key = string(&reader, body), reader.take(":", body),
                value(&reader, body, name: depth == 0 ? key : depth == 1 ? "\(name).\(key)" : "", depth: depth + 1)
            else { return false }
            if reader.take("}", body) { return true }
            guard reader.take(",", body) else { return false }
        }
    }

    private mutating func items(_ reader: inout Reader, _ body: RawSpan, depth: Int) -> Bool {
        guard reader.take("[", body) else { return false }
        if reader.take("]", body) { return true }
        while true {
            guard value(&reader, body, name: "", depth: depth + 1) else { return false }
            if reader.take("]", body) { return true }
            guard reader.take(",", body) else { return false }
        }
    }

    /// A number, true, false or null.
    private func bareWord(_ reader: inout Reader, _ body: RawSpan) -> String {
        let start = reader.at
        while reader.at < reader.end {
            switch body[reader.at] {
            case 0x2B, 0x2D, 0x2E, 0x30...0x39, 0x41...0x5A, 0x61...0x7A: reader.at += 1
            default: return (try? body.text(start..<reader.at)) ?? ""
            }
        }
        return (try? body.text(start..<reader.at)) ?? ""
    }

    /// A string in quotes. An escape of a lone surrogate becomes U+FFFD, as in Go.
    private func string(_ reader: inout Reader, _ body: RawSpan) -> String? {
        guard reader.take("\"", body) else { return nil }
        var units: [UInt8] = []
        var surrogate: UInt32?
        while reader.at < reader.end {
            let byte = body[reader.at]
            reader.at += 1
            guard byte == UInt8(ascii: "\\") else {
                if byte == UInt8(ascii: "\"") { return String(validating: units, as: UTF8.self) }
                units.append(byte)
                surrogate = nil
                continue
            }
            guard reader.at < reader.end else { return nil }
            let escape = body[reader.at]
            reader.at += 1
            switch Character(UnicodeScalar(escape)) {
            case "n": units.append(0x0A)
            case "t": units.append(0x09)
            case "r": units.append(0x0D)
            case "b": units.append(0x08)
            case "f": units.append(0x0C)
            case "u":
                guard reader.at + 4 <= reader.end, let digits = try? body.text(reader.at..<reader.at + 4),
                    let code = UInt32(digits, radix: 16)
                else { return nil }
                reader.at += 4
                if let high = surrogate, (0xDC00..<0xE000).contains(code) {
                    let pair = 0x10000 + (high - 0xD800) << 10 + (code - 0xDC00)
                    units.removeLast(3)
                    units.append(contentsOf: String(UnicodeScalar(pair).map(Character.init) ?? "\u{FFFD}").utf8)
                    surrogate = nil
                } else {
                    surrogate = (0xD800..<0xDC00).contains(code) ? code : nil
                    units.append(contentsOf: String(UnicodeScalar(code).map(Character.init) ?? "\u{FFFD}").utf8)
                }
                continue
            default: units.append(escape)
            }
            surrogate = nil
        }
        return nil
    }
}
