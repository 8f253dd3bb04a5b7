// SPDX-License-Identifier: Apache-2.0
import TLS

/// Where the API server is: `https://host:port[/prefix]`.
struct ServerURL: Sendable, Equatable, CustomStringConvertible {
    /// A DNS name or an IP address, without brackets.
    let host: String
    let port: UInt16
    /// In front of every path: empty, or `/` and more without a `/` at the end.
    let prefix: String

    /// nil when `host` can be neither a name nor an address.
    init?(host: String, port: UInt16, prefix: String = "") {
        let isAddress = SocketAddress(ipLiteral: host, port: port) != nil
        let isName =
            !host.isEmpty && host.utf8.count <= 253
            && host.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
        // Bytes that could end a request line must not get into one.
        guard isAddress || isName, prefix.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        self.host = host
        self.port = port
        self.prefix = prefix
    }

    /// Reads `https://host[:port][/prefix]`; the port defaults to 443, as for kubectl.
    ///
    /// - Throws: a sentence about what is wrong, to follow the text's name.
    init(_ text: String) throws(KubeConfigurationError) {
        let scheme = "https://"
        guard text.lowercased().hasPrefix(scheme) else {
            throw KubeConfigurationError(
                "'\(text)' does not begin with https://; the API server is not spoken to without TLS")
        }
        let rest = text.dropFirst(scheme.count)
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<slash]
        var prefix = rest[slash...]
        while prefix.hasSuffix("/") { prefix.removeLast() }
        var port: UInt16? = 443
        // A colon behind the last bracket, if there are brackets.
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            port = UInt16(authority[authority.index(after: colon)...])
            authority = authority[..<colon]
        }
        if authority.hasPrefix("["), authority.hasSuffix("]") { authority = authority.dropFirst().dropLast() }
        guard let port, port > 0, !prefix.contains("?"), !prefix.contains("#"),
            let url = ServerURL(host: String(authority), port: port, prefix: String(prefix))
        else { throw KubeConfigurationError("'\(text)' is not a URL such as https://HOST:PORT") }
        self = url
    }

    /// `host:port` as HTTP wants it (RFC 9112 §3.2).
    var authority: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    var description: String { "https://\(authority)\(prefix)" }
}
