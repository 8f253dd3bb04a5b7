// SPDX-License-Identifier: Apache-2.0

/// RFC 4648 §4: how a kubeconfig and a JSON document hold bytes.
public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    public static func encode(_ bytes: [UInt8]) -> String {
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

    /// nil for anything but complete groups of the alphabet. White space is skipped: YAML folds long lines.
    public static func decode(_ text: String) -> [UInt8]? {
        var out: [UInt8] = []
        var (bits, digits, padding) = (UInt32(0), 0, 0)
        for byte in text.utf8 {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: continue
            case 0x3D:
                padding += 1
                bits <<= 6
            default:
                guard padding == 0, let value = value(of: byte) else { return nil }
                bits = bits << 6 | value
            }
            digits += 1
            guard digits == 4 else { continue }
            guard padding <= 2 else { return nil }
            for index in 0..<3 - padding { out.append(UInt8(truncatingIfNeeded: bits >> UInt32(16 - 8 * index))) }
            (bits, digits) = (0, 0)
        }
        return digits == 0 ? out : nil
    }

    private static func value(of byte: UInt8) -> UInt32? {
        switch byte {
        case 0x41...0x5A: UInt32(byte - 0x41)
        case 0x61...0x7A: UInt32(byte - 0x61) + 26
        case 0x30...0x39: UInt32(byte - 0x30) + 52
        case 0x2B: 62
        case 0x2F: 63
        default: nil
        }
    }
}
