// SPDX-License-Identifier: Apache-2.0

extension LabelSelector {
    enum Token: Equatable {
        case end
        case identifier(String)
        /// The words `in` and `notin`, which are operators after a key and plain identifiers anywhere else.
        case inWord, notInWord
        case openParenthesis, closeParenthesis, comma, not, equals, doubleEquals, notEquals, greater, less

        var literal: String {
            switch self {
            case .end: ""
            case .identifier(let text): text
            case .inWord: "in"
            case .notInWord: "notin"
            case .openParenthesis: "("
            case .closeParenthesis: ")"
            case .comma: ","
            case .not: "!"
            case .equals: "="
            case .doubleEquals: "=="
            case .notEquals: "!="
            case .greater: ">"
            case .less: "<"
            }
        }

        /// The text of an identifier, where `in` and `notin` count as such.
        var identifier: String? {
            switch self {
            case .identifier(let text): text
            case .inWord, .notInWord: self.literal
            default: nil
            }
        }
    }

    /// Cuts a selector into tokens.
    enum Lexer {
        /// A NUL ends a token where it stands, and the whole text at a token's start: the original reads it as "no more
        /// input".
        static func tokens(of text: String) -> [Token] {
            var tokens: [Token] = []
            let bytes = Array(text.utf8)
            var at = 0
            while true {
                while at < bytes.count, Self.isSpace(bytes[at]) { at += 1 }
                guard at < bytes.count, bytes[at] != 0 else { break }
                if Self.isSymbol(bytes[at]) {
                    tokens.append(Self.symbol(bytes, &at))
                } else {
                    let start = at
                    while at < bytes.count, bytes[at] != 0, !Self.isSpace(bytes[at]), !Self.isSymbol(bytes[at]) {
                        at += 1
                    }
                    let word = String(decoding: bytes[start..<at], as: UTF8.self)
                    if at < bytes.count, bytes[at] == 0 { at += 1 }
                    switch word {
                    case "in": tokens.append(.inWord)
                    case "notin": tokens.append(.notInWord)
                    default: tokens.append(.identifier(word))
                    }
                }
            }
            tokens.append(.end)
            return tokens
        }

        private static func symbol(_ bytes: [UInt8], _ at: inout Int) -> Token {
            let first = bytes[at]
            at += 1
            let equalsFollows = at < bytes.count && bytes[at] == UInt8(ascii: "=")
            switch first {
            case UInt8(ascii: "("): return .openParenthesis
            case UInt8(ascii: ")"): return .closeParenthesis
            case UInt8(ascii: ","): return .comma
            case UInt8(ascii: ">"): return .greater
            case UInt8(ascii: "<"): return .less
            case UInt8(ascii: "="):
                if equalsFollows { at += 1 }
                return equalsFollows ? .doubleEquals : .equals
            default:
                if equalsFollows { at += 1 }
                return equalsFollows ? .notEquals : .not
            }
        }

        private static func isSpace(_ byte: UInt8) -> Bool {
            byte == 0x20 || byte == 0x09 || byte == 0x0d || byte == 0x0a
        }

        private static func isSymbol(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: ","),
                UInt8(ascii: ">"), UInt8(ascii: "<"):
                true
            default: false
            }
        }
    }
}
