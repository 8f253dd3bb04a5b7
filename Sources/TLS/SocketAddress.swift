// SPDX-License-Identifier: Apache-2.0
import Glibc

/// An IPv4 or IPv6 address with a TCP port.
public struct SocketAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16 bytes, network order.
    let octets: [UInt8]
    public let port: UInt16
    /// Interface of a link-local IPv6 address; 0 otherwise.
    let scope: UInt32

    private init(octets: [UInt8], port: UInt16, scope: UInt32 = 0) {
        self.octets = octets
        self.port = port
        self.scope = scope
    }

    /// An address in numbers; nil if `ipLiteral` is not one.
    public init?(ipLiteral: String, port: UInt16) {
        guard !ipLiteral.utf8.contains(0) else { return nil }
        var octets = [UInt8](repeating: 0, count: 16)
        if unsafe inet_pton(AF_INET, ipLiteral, &octets) == 1 {
            self.init(octets: Array(octets.prefix(4)), port: port)
        } else if unsafe inet_pton(AF_INET6, ipLiteral, &octets) == 1 {
            self.init(octets: octets, port: port)
        } else {
            return nil
        }
    }

    public var isIPv6: Bool { octets.count == 16 }

    /// Blocking; the resolver's own timeouts apply (resolv.conf(5)).
    ///
    /// - Returns: every address of the name, without repetition, in the resolver's order; never empty.
    /// - Throws: `connectFailed` when the name does not resolve, `invalidArgument` when it cannot be a name.
    public static func resolve(host: String, port: UInt16) throws(TLSError) -> [SocketAddress] {
        guard !host.isEmpty, !host.utf8.contains(0) else {
            throw TLSError(.invalidArgument, "'\(host)' is not a host name")
        }
        if let literal = SocketAddress(ipLiteral: host, port: port) { return [literal] }
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(host, nil, &hints, &list)
        guard status == 0 else {
            let reason =
                status == EAI_SYSTEM ? systemMessage(errno) : unsafe String(cString: gai_strerror(status))
            throw TLSError(.connectFailed, "the name '\(host)' does not resolve: \(reason)")
        }
        defer { unsafe freeaddrinfo(list) }
        var addresses: [SocketAddress] = []
        var next = unsafe list
        while let entry = unsafe next {
            unsafe next = entry.pointee.ai_next
            guard let address = unsafe SocketAddress(entry.pointee, port: port), !addresses.contains(address) else {
                continue
            }
            addresses.append(address)
        }
        if addresses.isEmpty { throw TLSError(.connectFailed, "the name '\(host)' has no IP address") }
        return addresses
    }

    private init?(_ info: addrinfo, port: UInt16) {
        guard let generic = unsafe info.ai_addr else { return nil }
        let bytes = unsafe UnsafeRawBufferPointer(start: generic, count: Int(info.ai_addrlen))
        guard let address = unsafe SocketAddress(kernel: bytes) else { return nil }
        self.init(octets: address.octets, port: port, scope: address.scope)
    }

    /// From the kernel's form; nil: neither IPv4 nor IPv6, or cut off.
    private init?(kernel bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= MemoryLayout<sockaddr>.size else { return nil }
        switch unsafe Int32(bytes.loadUnaligned(as: sockaddr.self).sa_family) {
        case AF_INET where bytes.count >= MemoryLayout<sockaddr_in>.size:
            let address = unsafe bytes.loadUnaligned(as: sockaddr_in.self)
            unsafe self.init(
                octets: withUnsafeBytes(of: address.sin_addr) { unsafe Array($0) },
                port: UInt16(bigEndian: address.sin_port))
        case AF_INET6 where bytes.count >= MemoryLayout<sockaddr_in6>.size:
            let address = unsafe bytes.loadUnaligned(as: sockaddr_in6.self)
            unsafe self.init(
                octets: withUnsafeBytes(of: address.sin6_addr) { unsafe Array($0) },
                port: UInt16(bigEndian: address.sin6_port), scope: address.sin6_scope_id)
        default: return nil
        }
    }

    /// What the kernel has bound a socket to.
    init?(boundBy descriptor: Int32) {
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let address = unsafe withUnsafeMutableBytes(of: &storage) { bytes -> SocketAddress? in
            guard let start = bytes.baseAddress,
                unsafe getsockname(descriptor, start.assumingMemoryBound(to: sockaddr.self), &size) == 0
            else { return nil }
            return unsafe SocketAddress(kernel: UnsafeRawBufferPointer(bytes))
        }
        guard let address else { return nil }
        self = address
    }

    /// The kernel's form, for `connect`.
    func withSockaddr<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        if isIPv6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            address.sin6_scope_id = scope
            unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { unsafe $0.copyBytes(from: octets) }
            return unsafe withUnsafeBytes(of: address) { unsafe Self.call(body, $0) }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        unsafe withUnsafeMutableBytes(of: &address.sin_addr) { unsafe $0.copyBytes(from: octets) }
        return unsafe withUnsafeBytes(of: address) { unsafe Self.call(body, $0) }
    }

    private static func call<Result>(
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result, _ bytes: UnsafeRawBufferPointer
    ) -> Result {
        // `withUnsafeBytes(of:)` always has a base address; the kernel reads `count` bytes of it.
        unsafe body(bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }

    /// `192.0.2.1:4444`, `[2001:db8::1]:4444`.
    public var description: String { isIPv6 ? "[\(ipText)]:\(port)" : "\(ipText):\(port)" }

    /// The address alone, in numbers, with the zone of a link-local one: `fe80::1%2`.
    public var ipText: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = isIPv6 ? AF_INET6 : AF_INET
        guard unsafe inet_ntop(family, octets, &text, socklen_t(text.count)) != nil else { return "?" }
        return scope == 0 ? text.asCString : "\(text.asCString)%\(scope)"
    }
}
