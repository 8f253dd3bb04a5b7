// SPDX-License-Identifier: Apache-2.0

/// Percent-decoding (RFC 3986 §2.1), total over any bytes.
enum PercentEncoding {
    /// The decoded text, or nil after a malformed escape. `plusIsSpace` is for queries. Bytes that are not UTF-8 become
    /// U+FFFD: no Kubernetes name contains one, so such text can only fail to match.
    static func decode(_ text: some Collection<UInt8>, plusIsSpace: Bool) -> String? {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var bytes = text.makeIterator()
        while let byte = bytes.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = bytes.next().flatMap(Self.nibble), let low = bytes.next().flatMap(Self.nibble)
                else { return nil }
                out.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: out.append(UInt8(ascii: " "))
            default: out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func nibble(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

/// A parsed query string: the first value of each key, which is the one API servers read.
///
/// As in Go's `URL.Query()`, a pair with a malformed escape or a semicolon is dropped, not an error.
struct URLQuery {
    private var values: [String: String] = [:]

    init(_ raw: String?) {
        guard let raw else { return }
        for pair in raw.utf8.split(separator: UInt8(ascii: "&")) {
            if pair.contains(UInt8(ascii: ";")) { continue }
            let cut = pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.endIndex
            let rest = cut == pair.endIndex ? pair[cut...] : pair[pair.index(after: cut)...]
            guard let key = PercentEncoding.decode(pair[..<cut], plusIsSpace: true), Self.known.contains(key),
                self.values[key] == nil, let value = PercentEncoding.decode(rest, plusIsSpace: true)
            else { continue }
            self.values[key] = value
        }
    }

    subscript(key: String) -> String? { self.values[key] }

    /// Everything this API reads. Other keys are ignored, as API servers do, and not stored: a query of 100 KB of
    /// unknown pairs costs one pass.
    private static let known: Set<String> = [
        "labelSelector", "fieldSelector", "watch", "allowWatchBookmarks", "resourceVersion", "resourceVersionMatch",
        "timeoutSeconds", "limit", "continue", "sendInitialEvents", "pretty", "includeObject", "export",
    ]
}
