// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A server name as it is checked and sent.
enum ServerName: Equatable {
    case dns(String)
    case ip(String)

    /// Refuses what cannot be a host name, so that no check is silently skipped: OpenSSL treats an empty name as
    /// "check nothing".
    init(_ text: String) throws(TLSError) {
        var name = text
        // The absolute form "example.com." names the same host; certificates and SNI never carry the dot.
        if name.hasSuffix(".") { name.removeLast() }
        if Self.isAddress(name) {
            self = .ip(name)
            return
        }
        let bytes = name.utf8
        let allowed = bytes.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                true
            default: false
            }
        }
        // 253: the longest name DNS can carry (RFC 1035 §2.3.4 in text form).
        guard !bytes.isEmpty, bytes.count <= 253, allowed, bytes.first != UInt8(ascii: "."), !name.contains("..")
        else {
            throw TLSError(
                .invalidArgument,
                "server name '\(text)' is neither a DNS name (ASCII letters, digits, '-', '.') nor an IP address")
        }
        self = .dns(name)
    }

    private static func isAddress(_ text: String) -> Bool {
        var storage = in6_addr()
        // inet_pton reads up to the first NUL; a name with one must not pass for an address.
        guard !text.utf8.contains(0) else { return false }
        return unsafe inet_pton(AF_INET, text, &storage) == 1 || inet_pton(AF_INET6, text, &storage) == 1
    }
}
