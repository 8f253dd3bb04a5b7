// SPDX-License-Identifier: Apache-2.0

/// The Accept-Encoding header (RFC 9110 §12.5.3).
enum ContentCoding {
    /// What is behind so many codings is not looked at.
    private static let most = 16

    static func acceptsGzip(_ header: String?) -> Bool {
        guard let header else { return false }
        for coding in header.split(separator: ",", maxSplits: most) {
            let parts = coding.split(separator: ";", maxSplits: most).map { part in
                part.filter { $0 != " " && $0 != "\t" }.lowercased()
            }
            guard parts.first == "gzip" else { continue }
            // A weight of nothing but zeros says "anything but this".
            return !parts.dropFirst().contains { part in
                part.hasPrefix("q=0") && part.dropFirst(3).allSatisfy { $0 == "." || $0 == "0" }
            }
        }
        return false
    }
}
