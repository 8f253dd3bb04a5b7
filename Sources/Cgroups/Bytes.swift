// SPDX-License-Identifier: Apache-2.0

extension Span where Element == UInt8 {
    /// Whether the bytes from `start` on begin with the given ASCII text.
    @inline(__always)
    func begins(with prefix: StaticString, at start: Int = 0) -> Bool {
        let length = prefix.utf8CodeUnitCount
        guard start >= 0, start <= count, length <= count - start else { return false }
        for offset in 0..<length where unsafe prefix.utf8Start[offset] != self[start + offset] { return false }
        return true
    }

    func ends(with suffix: StaticString) -> Bool { begins(with: suffix, at: count - suffix.utf8CodeUnitCount) }

    func equals(_ text: StaticString) -> Bool { count == text.utf8CodeUnitCount && begins(with: text) }

    func lastIndex(of byte: UInt8) -> Int? {
        var index = count
        while index > 0 {
            index -= 1
            if self[index] == byte { return index }
        }
        return nil
    }
}

/// The bytes as a string; nil when they are not UTF-8.
func text(_ bytes: Span<UInt8>) -> String? {
    guard let valid = try? UTF8Span(validating: bytes) else { return nil }
    return String(copying: valid)
}
