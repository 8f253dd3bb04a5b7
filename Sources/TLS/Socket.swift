// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A non-blocking TCP socket, closed when its owner goes.
package struct Socket: ~Copyable, Sendable {
    /// For `poll(2)`.
    package let descriptor: Int32

    init(owning descriptor: Int32) { self.descriptor = descriptor }
    deinit { _ = Glibc.close(descriptor) }

    package enum Transfer: Equatable {
        case bytes(Int)
        case wouldBlock
        case endOfFile
        /// An errno.
        case failed(Int32)
    }

    /// What we sent may stay unacknowledged for this long before the connection counts as lost. Longer than a switch
    /// takes to fail over, shorter than data takes to become stale.
    private static let unacknowledgedMilliseconds: UInt32 = 15_000

    static func connect(to address: SocketAddress, deadline: Deadline) throws(TLSError) -> Socket {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = Glibc.socket(address.isIPv6 ? AF_INET6 : AF_INET, kind, 0)
        guard descriptor >= 0 else {
            throw TLSError(.connectFailed, "cannot make a socket for \(address): \(systemMessage(errno))")
        }
        let socket = Socket(owning: descriptor)
        // Frames are small and complete; waiting to merge them only adds delay.
        var on: Int32 = 1
        unsafe _ = setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        // Without it a peer that vanished without a word is only noticed after a quarter of an hour (tcp(7)).
        var limit = Self.unacknowledgedMilliseconds
        unsafe _ = setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &limit, socklen_t(MemoryLayout<UInt32>.size))
        let result = unsafe address.withSockaddr { unsafe Glibc.connect(descriptor, $0, $1) }
        if result == 0 { return socket }
        // EINTR: the connection goes on in the background just like EINPROGRESS (connect(2)).
        guard errno == EINPROGRESS || errno == EINTR else {
            throw refused(address, errno)
        }
        guard try socket.poll(Int16(POLLOUT), wake: -1, deadline: deadline) != .timedOut else {
            throw TLSError(.timedOut, "no answer from \(address) while connecting; is it up, and is the port open?")
        }
        var failure: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) == 0, failure == 0 else {
            throw refused(address, failure == 0 ? errno : failure)
        }
        return socket
    }

    private static func refused(_ address: SocketAddress, _ code: Int32) -> TLSError {
        let hint = code == ECONNREFUSED ? "; is it up, and is the port right?" : ""
        return TLSError(.connectFailed, "cannot connect to \(address): \(systemMessage(code))\(hint)")
    }

    func receive(into buffer: UnsafeMutableRawBufferPointer) -> Transfer {
        while true {
            let count = unsafe recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .endOfFile }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case let code: return .failed(code)
            }
        }
    }

    /// No SIGPIPE: a lost peer is an error value.
    package func send(_ bytes: RawSpan) -> Transfer {
        while true {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_NOSIGNAL))
            }
            if count >= 0 { return .bytes(count) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .wouldBlock
            case let code: return .failed(code)
            }
        }
    }

    package func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    enum Event: Equatable {
        /// The socket has one of the wanted events, or an error that the next transfer will tell.
        case ready
        /// `wake` is readable or closed.
        case woken
        case timedOut
    }

    /// Waits for `events` on the socket or for `wake` (-1: none). A signal does not shorten the wait.
    func poll(_ events: Int16, wake: Int32, deadline: Deadline) throws(TLSError) -> Event {
        var entries = [
            pollfd(fd: descriptor, events: events, revents: 0), pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            let count = unsafe Glibc.poll(&entries, 2, deadline.remainingMilliseconds)
            if count < 0 {
                if errno == EINTR { continue }
                throw TLSError(.resourceExhausted, "poll: \(systemMessage(errno))")
            }
            if entries[1].revents & Int16(POLLNVAL | POLLERR) != 0 {
                throw TLSError(.invalidArgument, "the wake descriptor \(wake) is not open for reading")
            }
            if entries[1].revents != 0 { return .woken }
            if entries[0].revents != 0 { return .ready }
            if deadline.hasPassed { return .timedOut }
        }
    }
}
