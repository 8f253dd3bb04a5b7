// SPDX-License-Identifier: Apache-2.0
import Glibc

extension Socket {
    /// Connections that wait to be accepted; the kernel holds up the others.
    private static let backlog: Int32 = 16

    /// - Parameter address: port 0 takes any free one; `[::]` takes IPv4 as well.
    package static func listen(on address: SocketAddress) throws(TLSError) -> Socket {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(address.isIPv6 ? AF_INET6 : AF_INET, kind, 0)
        guard descriptor >= 0 else { throw unusable(address) }
        let socket = Socket(owning: descriptor)
        // Connections of a process that ended a moment ago do not keep the port.
        socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
        if address.isIPv6 { socket.set(Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
        guard unsafe address.withSockaddr({ unsafe bind(descriptor, $0, $1) }) == 0,
            Glibc.listen(descriptor, backlog) == 0
        else { throw unusable(address) }
        return socket
    }

    private static func unusable(_ address: SocketAddress) -> TLSError {
        let code = errno
        let wayOut =
            switch code {
            case EADDRINUSE: "; another program has this port"
            case EADDRNOTAVAIL: "; no interface of this machine has this address"
            case EACCES: "; ports below 1024 are for root"
            default: ""
            }
        return TLSError(.invalidArgument, "cannot listen on \(address): \(systemMessage(code))\(wayOut)")
    }

    /// Where it is bound to, with the port that the kernel has chosen.
    package var localAddress: SocketAddress? { SocketAddress(boundBy: descriptor) }

    /// The next connection that waits; nil: there is none, or it has gone again.
    /// - Throws: `resourceExhausted`: it goes on waiting, and so it will for a while.
    package func accept() throws(TLSError) -> Socket? {
        while true {
            let accepted = Glibc.accept(descriptor, nil, nil)
            if accepted >= 0 {
                let socket = Socket(owning: accepted)
                guard fcntl(accepted, F_SETFL, O_NONBLOCK) == 0, fcntl(accepted, F_SETFD, FD_CLOEXEC) == 0 else {
                    return nil
                }
                // Answers are written whole; waiting to merge them only adds delay.
                socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
                return socket
            }
            switch errno {
            case EINTR: continue
            case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                throw TLSError(.resourceExhausted, "cannot accept a connection: \(systemMessage(errno))")
            default: return nil
            }
        }
    }

    /// Takes what has come, `limit` bytes at most.
    package func receive(appendingTo bytes: inout [UInt8], limit: Int) -> Transfer {
        let start = bytes.count
        bytes.append(contentsOf: repeatElement(0, count: limit))
        let result = unsafe bytes.withUnsafeMutableBytes { buffer in
            unsafe receive(into: UnsafeMutableRawBufferPointer(rebasing: buffer[start...]))
        }
        if case .bytes(let count) = result {
            bytes.removeLast(limit - count)
        } else {
            bytes.removeLast(limit)
        }
        return result
    }

    private func set(_ level: Int32, _ option: Int32, _ value: Int32) {
        var value = value
        unsafe _ = setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
