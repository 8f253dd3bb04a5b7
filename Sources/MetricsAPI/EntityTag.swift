// SPDX-License-Identifier: Apache-2.0

/// Entity tags (RFC 9110 §8.8.3).
enum EntityTag {
    /// A strong tag of the body: FNV-1a over 64 bits. It only has to tell our own few documents apart.
    static func of(_ body: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in body { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16, uppercase: true)
        return "\"\(String(repeating: "0", count: max(0, 16 - digits.utf8.count)))\(digits)\""
    }

    /// Whether an If-None-Match header names `tag`; weak comparison, as RFC 9110 §13.1.2 says.
    static func matches(_ header: String?, _ tag: String) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",", maxSplits: 16).contains { candidate in
            var text = candidate.drop { $0 == " " || $0 == "\t" }
            while text.last == " " || text.last == "\t" { text.removeLast() }
            if text.hasPrefix("W/") { text = text.dropFirst(2) }
            return text == "*" || text == tag
        }
    }
}
