// SPDX-License-Identifier: Apache-2.0

/// A host and a port as typed: `aggregator.kube-system.svc:4444`, `10.0.0.7:4444`, `[fd00::7]:4444`.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A DNS name or an IP address, without brackets.
    public let host: String
    public let port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    public var description: String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// - Parameter defaultPort: used when the text names none; without one, a missing port is an error.
    public static func parse(_ text: String, defaultPort: UInt16? = nil) throws(FlagError) -> Endpoint {
        try parse(text, defaultPort: defaultPort, ports: 1...65535)
    }

    /// Where to listen: `:9090` is every address, with an empty host; port 0 is any free one.
    public static func parseListening(_ text: String) throws(FlagError) -> Endpoint {
        try parse(text, defaultPort: nil, ports: 0...65535, takesNoHost: true)
    }

    private static func parse(
        _ text: String, defaultPort: UInt16?, ports: ClosedRange<UInt16>, takesNoHost: Bool = false
    ) throws(FlagError) -> Endpoint {
        var host = Substring(text)
        var port: Substring?
        if text.hasPrefix("[") {
            guard let close = text.firstIndex(of: "]") else {
                throw FlagError("\"\(text)\" has a \"[\" without a \"]\"; write [ADDRESS]:PORT")
            }
            host = text[text.index(after: text.startIndex)..<close]
            let rest = text[text.index(after: close)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { throw malformed(text) }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = text.firstIndex(of: ":") {
            guard colon == text.lastIndex(of: ":") else {
                throw FlagError("\"\(text)\" looks like an IPv6 address; put it in brackets: [ADDRESS]:PORT")
            }
            host = text[..<colon]
            port = text[text.index(after: colon)...]
        }
        guard !host.isEmpty || takesNoHost && text.hasPrefix(":"), host.utf8.count <= 253,
            !host.contains(where: { $0.isWhitespace || $0 == "/" })
        else {
            throw malformed(text)
        }
        guard let port else {
            guard let defaultPort else { throw FlagError("\"\(text)\" names no port; write HOST:PORT") }
            return Endpoint(host: String(host), port: defaultPort)
        }
        guard let number = UInt16(port), ports.contains(number) else {
            throw FlagError(
                "\"\(text)\" has no valid port; it must be a number from \(ports.lowerBound) to \(ports.upperBound)")
        }
        return Endpoint(host: String(host), port: number)
    }

    private static func malformed(_ text: String) -> FlagError {
        FlagError("\"\(text)\" is not an address; write HOST:PORT")
    }
}
