// SPDX-License-Identifier: Apache-2.0

import Glibc

extension String {
    /// - Throws: `fieldTooLarge`; `invalidValue` for NUL, which ends a string in C.
    func check(_ field: StaticString, cap: Int) throws(WireError) {
        guard utf8.count <= cap else { throw .tooLong(field, bytes: utf8.count, cap: cap) }
        guard !utf8.contains(0) else { throw WireError(.invalidValue, "\(field) holds a NUL character") }
    }

    /// For text that people read: the beginning that fits, ending where a character ends, without NUL.
    func cut(toBytes cap: Int) -> String {
        let text = utf8.contains(0) ? filter { $0 != "\0" } : self
        guard text.utf8.count > cap else { return text }
        let utf8 = text.utf8
        var end = utf8.index(utf8.startIndex, offsetBy: cap)
        while end > utf8.startIndex {
            if let boundary = String.Index(end, within: text) { return String(text[..<boundary]) }
            end = utf8.index(before: end)
        }
        // One character longer than the cap: a base with a hill of accents. Its first scalars still say something.
        end = utf8.index(utf8.startIndex, offsetBy: cap)
        while end > utf8.startIndex {
            if let boundary = end.samePosition(in: text.unicodeScalars) {
                return String(text.unicodeScalars[..<boundary])
            }
            end = utf8.index(before: end)
        }
        return ""
    }

    /// A string where it lies in a frame.
    ///
    /// - Throws: `fieldTooLarge`; `malformed` when it is not UTF-8, or holds NUL.
    init(_ body: RawSpan, _ range: Range<Int>, _ field: StaticString, cap: Int) throws(WireError) {
        try body.checkText(range, field, cap: cap)
        let text = unsafe body.extracting(range).withUnsafeBytes { bytes -> String? in
            let span = unsafe bytes.bindMemory(to: UInt8.self).span
            do { return String(copying: try UTF8Span(validating: span)) } catch { return nil }
        }
        guard let text else {
            throw .malformed("\(field) is not UTF-8")
        }
        self = text
    }

    /// A string that protobuf-c unpacked.
    ///
    /// - Throws: `malformed` when it is not UTF-8, as protobuf requires and protobuf-c does not check.
    init(unpacked: UnsafeMutablePointer<CChar>?, _ field: StaticString) throws(WireError) {
        guard let unpacked = unsafe unpacked else {
            self = ""
            return
        }
        // Ends in NUL: protobuf-c adds one, and the prescan has refused any other.
        guard let string = unsafe String(validatingCString: unpacked) else {
            throw .malformed("\(field) is not UTF-8")
        }
        self = string
    }
}

extension RawSpan {
    /// What is asked of a string besides UTF-8.
    ///
    /// - Throws: `fieldTooLarge`; `malformed` for NUL.
    func checkText(_ range: Range<Int>, _ field: StaticString, cap: Int) throws(WireError) {
        guard range.count <= cap else { throw .tooLong(field, bytes: range.count, cap: cap) }
        let holdsNUL = unsafe extracting(range).withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return false }
            return unsafe memchr(start, 0, bytes.count) != nil
        }
        guard !holdsNUL else { throw .malformed("\(field) holds a NUL character") }
    }
}
