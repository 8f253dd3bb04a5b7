// SPDX-License-Identifier: Apache-2.0
import Glibc
public import TLS

/// Accepts connections on 127.0.0.1 and hands each to a closure in a thread of its own.
public final class LoopbackServer: Sendable {
    public let port: UInt16
    /// Closed by the accepting thread: nobody else may reuse its number before.
    private let listener: Int32

    public var address: SocketAddress { SocketAddress(ipLiteral: "127.0.0.1", port: port)! }

    /// - Parameter connections: accepted at most.
    public init(connections: Int = 1, _ handle: @escaping @Sendable (ServerConnection) throws -> Void) {
        (listener, port) = Self.listen()!
        let listener = listener
        Self.startThread {
            defer { close(listener) }
            for _ in 0..<connections {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                Self.startThread {
                    // What a test expects to fail, it checks at its own end.
                    try? handle(ServerConnection(descriptor: descriptor))
                }
            }
            // A later client waits in the backlog until the server goes.
            var entry = pollfd(fd: listener, events: Int16(POLLHUP), revents: 0)
            poll(&entry, 1, -1)
        }
    }

    /// Whoever is connected stays so.
    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private static func startThread(_ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let started = pthread_create(
            &thread, nil,
            { box in
                Unmanaged<Work>.fromOpaque(box!).takeRetainedValue().body()
                return nil
            }, Unmanaged.passRetained(Work(body)).toOpaque())
        precondition(started == 0)
        pthread_detach(thread)
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// A port nobody listens on. Not of the kernel's choice: one of those may become another test's at once.
    public static func closedPort(in range: Range<UInt16> = 10_000..<21_000) -> UInt16 {
        while true {
            if let (descriptor, port) = listen(on: .random(in: range)) {
                close(descriptor)
                return port
            }
        }
    }

    /// - Parameter port: 0: of the kernel's choice.
    /// - Returns: nil when the port is taken.
    private static func listen(on port: UInt16 = 0) -> (Int32, UInt16)? {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_INET, kind, 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isOurs = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard bind(descriptor, generic, length) == 0 else { return false }
                precondition(Glibc.listen(descriptor, 16) == 0)
                precondition(getsockname(descriptor, generic, &length) == 0)
                return true
            }
        }
        guard isOurs else {
            precondition(errno == EADDRINUSE)
            close(descriptor)
            return nil
        }
        return (descriptor, UInt16(bigEndian: name.sin_port))
    }
}

/// The accepted end: raw bytes, or TLS over the engine. Blocking, 20 s at most per read.
public final class ServerConnection {
    public struct Closed: Error {}

    private let descriptor: Int32
    private var engine: TLSEngine?
    private var inbound: [UInt8] = []

    init(descriptor: Int32) {
        self.descriptor = descriptor
        var limit = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        // Else a second small write waits for 40 ms for the first one's acknowledgement.
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    /// Ends the connection with a TCP reset, as a peer does that crashed or was rebooted.
    public func reset() {
        // Dissolving the association resets it (connect(2)); the descriptor itself stays ours until deinit.
        var nothing = sockaddr()
        nothing.sa_family = sa_family_t(AF_UNSPEC)
        connect(descriptor, &nothing, socklen_t(MemoryLayout<sockaddr>.size))
    }

    /// The client's verified certificate; nil without one.
    public var peerCertificate: PeerCertificate? { engine?.peerCertificate }

    public func sendRaw(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { bytes in
                uninterrupted { send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }
            }
            guard count > 0 else { throw Closed() }
            rest = rest.dropFirst(count)
        }
    }

    /// Empty at the end of the stream.
    public func receiveRaw() throws -> [UInt8] {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = uninterrupted { recv(descriptor, &buffer, buffer.count, 0) }
        guard count >= 0 else { throw Closed() }
        return Array(buffer.prefix(count))
    }

    public func handshake(_ context: TLSContext) throws {
        let engine = try TLSEngine(context: context, role: .server)
        self.engine = engine
        while true {
            let step = engine.handshake(inbound.span.bytes)
            inbound.removeFirst(step.consumed)
            try sendRaw(engine.takeOutbound())
            switch step.outcome {
            case .complete: return
            case .failed(let error): throw error
            case .incomplete:
                let more = try receiveRaw()
                if more.isEmpty { throw Closed() }
                inbound += more
            }
        }
    }

    /// One piece of plaintext; empty after close_notify.
    public func read() throws -> [UInt8] {
        guard let engine else { return [] }
        while true {
            var step = TLSEngine.Step(consumed: 0, outcome: TLSEngine.ReadOutcome.incomplete)
            let given = inbound
            let bytes = [UInt8](unsafeUninitializedCapacity: 16384) { buffer, count in
                var span = OutputRawSpan(buffer: UnsafeMutableRawBufferPointer(buffer), initializedCount: 0)
                step = engine.read(given.span.bytes, into: &span)
                count = span.byteCount
            }
            inbound.removeFirst(step.consumed)
            switch step.outcome {
            case .bytes: return bytes
            case .closeNotify: return []
            case .failed(let error): throw error
            case .incomplete:
                let more = try receiveRaw()
                if more.isEmpty { throw Closed() }
                inbound += more
            }
        }
    }

    /// Sent in pieces of `piece` ciphertext bytes.
    public func write(_ bytes: [UInt8], piece: Int = .max) throws {
        guard let engine else { return }
        var offset = 0
        while offset < bytes.count {
            switch engine.write(bytes.span.bytes.extracting(offset..<bytes.count)) {
            case .wrote(let count): offset += count
            case .full: try sendRaw(engine.takeOutbound())
            case .failed(let error): throw error
            }
        }
        var rest = engine.takeOutbound()[...]
        while !rest.isEmpty {
            try sendRaw(Array(rest.prefix(piece)))
            rest = rest.dropFirst(piece)
        }
    }

    public func sendCloseNotify() throws {
        engine?.sendCloseNotify()
        try sendRaw(engine?.takeOutbound() ?? [])
    }
}

/// A call on a socket with a time limit, which a stop of the process ends (signal(7)): then it is made anew.
func uninterrupted(_ call: () -> Int) -> Int {
    while true {
        let count = call()
        if count >= 0 || errno != EINTR { return count }
    }
}
