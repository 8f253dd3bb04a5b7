// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A TCP connection to a port on 127.0.0.1 whose owner says nothing.
///
/// `@unchecked Sendable`: a test uses it from one place at a time.
public final class SilentPeer: @unchecked Sendable {
    private let descriptor: Int32

    public struct NotConnected: Error {}

    public init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        // A wait for an answer has an end.
        var limit = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, length) }
        }
        guard result == 0 else { throw NotConnected() }
    }

    /// Waits for the other end to close; false when it has not within 10 s.
    public func isClosed() -> Bool {
        var byte: UInt8 = 0
        let count = uninterrupted { recv(descriptor, &byte, 1, 0) }
        return count == 0 || count < 0 && errno == ECONNRESET
    }

    public func close() { Glibc.close(descriptor) }
}
