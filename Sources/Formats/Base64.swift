// SPDX-License-Identifier: Apache-2.0

/// RFC 4648: the usual alphabet, and on reading also the one for URLs (§5), which tokens are written in.
public enum Base64 {
    /// With padding, without line breaks.
    public static func encode(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            bits <<= UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                out.append(index <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * index)) & 63] : 0x3d)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Reads either alphabet, with padding or without any; line breaks and blanks are passed over, since YAML folds long
    /// lines.
    /// - Returns: nil when any other character is in it, when the padding is not what it should be, or bits are left over.
    public static func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(text.count / 4 * 3)
        var (bits, held) = (UInt32(0), 0)
        var (digits, padding) = (0, 0)
        for byte in text {
            if byte == 0x0a || byte == 0x0d || byte == 0x20 || byte == 0x09 { continue }
            if byte == 0x3d {
                padding += 1
                continue
            }
            guard padding == 0, let digit = value(of: byte) else { return nil }
            digits += 1
            bits = bits << 6 | digit
            held += 6
            if held >= 8 {
                held -= 8
                out.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
            }
        }
        // What is left is less than a byte and must be zero, as the encoder wrote it.
        guard padding <= 2, padding == 0 || (digits + padding) % 4 == 0, held < 6, bits & ((1 << UInt32(held)) - 1) == 0
        else { return nil }
        return out
    }

    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(byte - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(byte - UInt8(ascii: "a") + 26)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(byte - UInt8(ascii: "0") + 52)
        case UInt8(ascii: "+"), UInt8(ascii: "-"): 62
        case UInt8(ascii: "/"), UInt8(ascii: "_"): 63
        default: nil
        }
    }
}
