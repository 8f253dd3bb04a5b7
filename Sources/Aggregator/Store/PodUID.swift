// SPDX-License-Identifier: Apache-2.0

/// The uid that a pod's cgroups carry, in place of its text: nearly all are uuids, and those of static pods 32 digits.
enum PodUID: Hashable, Sendable {
    /// 8-4-4-4-12 lower-case hexadecimal digits.
    case uuid(UInt64, UInt64)
    /// 32 lower-case hexadecimal digits.
    case digits(UInt64, UInt64)
    case other(BoxedText)

    init(_ text: String) {
        let bytes = text.utf8.span
        switch bytes.count {
        case 32:
            if let high = UInt64(hexDigits: bytes, at: 0), let low = UInt64(hexDigits: bytes, at: 16) {
                self = .digits(high, low)
                return
            }
        case 36:
            if let (high, low) = Self.uuid(bytes) {
                self = .uuid(high, low)
                return
            }
        default: break
        }
        self = .other(BoxedText(text))
    }

    private static func uuid(_ bytes: Span<UInt8>) -> (UInt64, UInt64)? {
        var (high, low) = (UInt64(0), UInt64(0))
        for index in 0..<36 {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard bytes[index] == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = UInt64(hexDigit: bytes[index]) else { return nil }
                if index < 18 { high = high << 4 | digit } else { low = low << 4 | digit }
            }
        }
        return (high, low)
    }

    var text: String {
        switch self {
        case .uuid(let high, let low):
            var digits = high.hexDigits + low.hexDigits
            for place in [20, 16, 12, 8] {
                digits.insert("-", at: digits.utf8.index(digits.startIndex, offsetBy: place))
            }
            return digits
        case .digits(let high, let low): return high.hexDigits + low.hexDigits
        case .other(let box): return box.text
        }
    }

    func hash(into hasher: inout Hasher) {
        switch self {
        case .uuid(let high, let low), .digits(let high, let low):
            hasher.combine(high)
            hasher.combine(low)
        case .other(let box): hasher.combine(box)
        }
    }
}

/// A container's id, in place of its text: every runtime's is 64 lower-case hexadecimal digits.
enum PackedContainerID: Hashable, Sendable {
    case digits(UInt64, UInt64, UInt64, UInt64)
    case other(BoxedText)

    init(_ text: String) {
        let bytes = text.utf8.span
        if bytes.count == 64, let first = UInt64(hexDigits: bytes, at: 0),
            let second = UInt64(hexDigits: bytes, at: 16),
            let third = UInt64(hexDigits: bytes, at: 32), let fourth = UInt64(hexDigits: bytes, at: 48)
        {
            self = .digits(first, second, third, fourth)
        } else {
            self = .other(BoxedText(text))
        }
    }

    var text: String {
        switch self {
        case .digits(let first, let second, let third, let fourth):
            first.hexDigits + second.hexDigits + third.hexDigits + fourth.hexDigits
        case .other(let box): box.text
        }
    }
}

/// A text of a form that nobody should use, out of the way of the usual ones.
final class BoxedText: Hashable, Sendable {
    let text: String

    init(_ text: String) { self.text = text }

    static func == (left: BoxedText, right: BoxedText) -> Bool { left.text == right.text }
    func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension UInt64 {
    fileprivate init?(hexDigit: UInt8) {
        switch hexDigit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self = UInt64(hexDigit - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self = UInt64(hexDigit - UInt8(ascii: "a") + 10)
        default: return nil
        }
    }

    /// 16 digits from `offset` on.
    fileprivate init?(hexDigits bytes: Span<UInt8>, at offset: Int) {
        self = 0
        for index in offset..<offset + 16 {
            guard let digit = UInt64(hexDigit: bytes[index]) else { return nil }
            self = self << 4 | digit
        }
    }

    /// 16 of them.
    fileprivate var hexDigits: String {
        let digits = String(self, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
