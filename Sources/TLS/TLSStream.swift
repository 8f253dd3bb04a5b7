// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A TLS client connection for a thread that may block, never past its deadlines.
///
/// One thread uses it; another can interrupt ``wait(wake:deadline:)`` through a descriptor. Dropping it closes the
/// socket without a word; ``close(deadline:)`` says goodbye first.
public struct TLSStream: ~Copyable {
    // Here, `unsafe` at `span.bytes` is about padding between elements; bytes have none.

    /// Read from the socket at a time: one full record and its framing fit.
    private static let chunkBytes = 17 << 10
    /// What a closing stream still takes from its peer before it hangs up.
    private static let drainBytes = 1 << 20

    private let socket: Socket
    private let engine: TLSEngine
    /// Ciphertext from the socket that the engine has not consumed; storage is released when it is drained.
    private var received: [UInt8] = []
    private var receivedOffset = 0
    /// Ciphertext the socket has not taken yet.
    private var unsent: [UInt8] = []
    private var unsentOffset = 0
    private var sawEndOfFile = false
    /// Set when a write was cut short: what the peer has is unknown, so nothing may follow.
    private var writeFailure: TLSError?

    /// Where this stream goes, for logs: address and the name that was checked.
    public let peerDescription: String

    private init(socket: consuming Socket, engine: TLSEngine, peerDescription: String) {
        self.socket = socket
        self.engine = engine
        self.peerDescription = peerDescription
    }

    /// Connects, completes the handshake and verifies the server, all by `deadline`.
    ///
    /// Errors name the address and the server name.
    public static func connect(
        address: SocketAddress, context: TLSContext, serverName: String, deadline: Deadline
    ) throws(TLSError) -> TLSStream {
        let engine = try TLSEngine(context: context, role: .client(serverName: serverName))
        let description = "\(address) (\(serverName))"
        var stream = TLSStream(
            socket: try Socket.connect(to: address, deadline: deadline), engine: engine, peerDescription: description)
        do throws(TLSError) {
            try stream.handshake(deadline)
        } catch {
            throw error.prefixed(description)
        }
        return stream
    }

    private mutating func handshake(_ deadline: Deadline) throws(TLSError) {
        while true {
            let step = engine.handshake(unsafe received.span.bytes.extracting(receivedOffset..<received.count))
            consume(step.consumed)
            switch step.outcome {
            case .complete:
                try flush(deadline)
                return
            case .failed(let error):
                // The alert tells the other side why; whether it arrives does not matter to us.
                _ = flushAvailable()
                throw error
            case .incomplete:
                try flush(deadline)
                if try receive(deadline) { continue }
                throw TLSError(
                    .timedOut, "no answer during the TLS handshake; does the peer speak TLS on this port?")
            }
        }
    }

    /// The application protocol agreed on; nil if none.
    public var negotiatedALPN: String? { engine.negotiatedALPN }

    /// Such as `TLSv1.3`.
    public var protocolVersion: String { engine.protocolVersion }

    /// The server's leaf certificate.
    public var peerCertificate: PeerCertificate? { engine.peerCertificate }

    // MARK: Writing

    /// Sends all of `bytes`, or throws; after an error the stream takes no more writes.
    public mutating func write(_ bytes: [UInt8], deadline: Deadline) throws(TLSError) {
        if let writeFailure { throw writeFailure }
        do throws(TLSError) {
            var offset = 0
            while offset < bytes.count {
                switch engine.write(unsafe bytes.span.bytes.extracting(offset..<bytes.count)) {
                case .wrote(let count): offset += count
                case .full: try flush(deadline)
                case .failed(let error): throw error
                }
            }
            try flush(deadline)
        } catch {
            writeFailure = error
            throw error
        }
    }

    private mutating func flush(_ deadline: Deadline) throws(TLSError) {
        while let blocked = flushAvailable() {
            if blocked != 0 { throw lostWhileSending(blocked) }
            if try socket.poll(Int16(POLLOUT), wake: -1, deadline: deadline) == .timedOut {
                throw TLSError(.timedOut, "\(peerDescription) does not read what we send")
            }
        }
    }

    /// Sends what the socket takes. Returns nil when all is sent, 0 when the socket is full, or an errno.
    private mutating func flushAvailable() -> Int32? {
        while true {
            if unsentOffset == unsent.count {
                unsent = engine.takeOutbound()
                unsentOffset = 0
                if unsent.isEmpty { return nil }
            }
            switch socket.send(unsafe unsent.span.bytes.extracting(unsentOffset..<unsent.count)) {
            case .bytes(let count): unsentOffset += count
            case .wouldBlock, .endOfFile: return 0
            case .failed(let code): return code
            }
        }
    }

    /// A peer that refuses us often says why in an alert just before it hangs up.
    private mutating func lostWhileSending(_ code: Int32) -> TLSError {
        for _ in 0..<4 {
            if case .failed(let error) = peek() { return error }
            guard case .bytes = receiveAvailable() else { break }
        }
        return TLSError(.closed, "connection to \(peerDescription) lost while sending: \(systemMessage(code))")
    }

    // MARK: Reading

    /// Appends up to `maximum` bytes (at most one record's) to `buffer` and returns how many.
    ///
    /// - Returns: 0 once the peer has ended the stream with close_notify.
    /// - Throws: `truncated` when the connection ended without it; `timedOut` leaves the stream usable.
    public mutating func read(
        into buffer: inout [UInt8], maximum: Int, deadline: Deadline
    ) throws(TLSError) -> Int {
        guard maximum > 0 else { throw TLSError(.invalidArgument, "read needs room for at least one byte") }
        while true {
            let step = decrypt(into: &buffer, room: min(maximum, TLSEngine.recordBytes))
            consume(step.consumed)
            // Key updates and alerts; what the socket does not take now goes with the next wait or write.
            _ = flushAvailable()
            switch step.outcome {
            case .bytes(let count): return count
            case .closeNotify: return 0
            case .failed(let error): throw error
            case .incomplete:
                guard try receive(deadline) else {
                    throw TLSError(.timedOut, "nothing from \(peerDescription) in time")
                }
            }
        }
    }

    private func decrypt(into buffer: inout [UInt8], room: Int) -> TLSEngine.Step<TLSEngine.ReadOutcome> {
        var step = TLSEngine.Step(consumed: 0, outcome: TLSEngine.ReadOutcome.incomplete)
        buffer.append(addingCapacity: room) { output in
            unsafe output.withUnsafeMutableBufferPointer { free, initialized in
                unsafe step = engine.read(
                    unsafe received.span.bytes.extracting(receivedOffset..<received.count),
                    into: UnsafeMutableRawBufferPointer(free))
                if case .bytes(let count) = step.outcome { initialized = count }
            }
        }
        return step
    }

    /// Why ``wait(wake:deadline:)`` returned.
    public enum Wakeup: Sendable {
        /// `read` gives bytes, an end or an error without waiting.
        case readable
        /// Another thread signalled `wake`; drain it.
        case woken
        case timedOut
    }

    /// Waits for decrypted bytes, the end of the stream, or a signal.
    ///
    /// - Parameter wake: an eventfd or pipe the caller owns; -1 for none. A signal on it is reported even while
    ///   bytes are waiting, so that a busy peer cannot hide it.
    /// - Throws: what the peer did wrong, if it did.
    public mutating func wait(wake: Int32, deadline: Deadline) throws(TLSError) -> Wakeup {
        while true {
            let outcome = peek()
            let blocked = flushAvailable()
            var isReadable = true
            switch outcome {
            case .failed(let error): throw error
            case .bytes, .closeNotify: break
            case .incomplete: isReadable = sawEndOfFile
            }
            // With something to read this only looks at `wake`.
            let limit = isReadable ? Deadline.after(milliseconds: 0) : deadline
            let events = isReadable ? 0 : Int16(POLLIN) | (blocked == 0 ? Int16(POLLOUT) : 0)
            switch try socket.poll(events, wake: wake, deadline: limit) {
            case .woken: return .woken
            case _ where isReadable: return .readable
            case .timedOut: return .timedOut
            case .ready:
                if case .failed(let code) = receiveAvailable() { throw lost(code) }
            }
        }
    }

    private mutating func peek() -> TLSEngine.ReadOutcome {
        let step = engine.peek(unsafe received.span.bytes.extracting(receivedOffset..<received.count))
        consume(step.consumed)
        return step.outcome
    }

    private mutating func consume(_ count: Int) {
        receivedOffset += count
        if receivedOffset >= received.count {
            received = []
            receivedOffset = 0
        }
    }

    /// Waits for more ciphertext; false when the deadline passed first.
    private mutating func receive(_ deadline: Deadline) throws(TLSError) -> Bool {
        while true {
            if sawEndOfFile { throw truncated }
            switch receiveAvailable() {
            case .bytes: return true
            case .endOfFile: throw truncated
            case .failed(let code): throw lost(code)
            case .wouldBlock:
                let events = Int16(POLLIN) | (unsentOffset < unsent.count ? Int16(POLLOUT) : 0)
                if try socket.poll(events, wake: -1, deadline: deadline) == .timedOut { return false }
                _ = flushAvailable()
            }
        }
    }

    private mutating func receiveAvailable() -> Socket.Transfer {
        var transfer = Socket.Transfer.wouldBlock
        // The offset is 0 unless the engine left bytes: it consumes everything before it asks for more.
        received.append(addingCapacity: Self.chunkBytes) { output in
            unsafe output.withUnsafeMutableBufferPointer { free, initialized in
                unsafe transfer = socket.receive(into: UnsafeMutableRawBufferPointer(free))
                if case .bytes(let count) = transfer { initialized = count }
            }
        }
        if transfer == .endOfFile { sawEndOfFile = true }
        if received.isEmpty { received = [] }
        return transfer
    }

    private var truncated: TLSError {
        engine.isHandshakeComplete
            ? TLSError(.truncated, "\(peerDescription) closed the connection without close_notify")
            : TLSError(.handshakeFailed, "the peer closed the connection during the TLS handshake")
    }

    private func lost(_ code: Int32) -> TLSError {
        let text = systemMessage(code)
        return engine.isHandshakeComplete
            ? TLSError(.truncated, "connection to \(peerDescription) lost: \(text)")
            : TLSError(.handshakeFailed, "connection lost during the TLS handshake: \(text)")
    }

    // MARK: Closing

    /// Sends close_notify, then waits for the peer to hang up so that the kernel does not throw away what was sent.
    /// Best effort, no longer than `deadline`.
    public consuming func close(deadline: Deadline) {
        do {
            guard writeFailure == nil else { return }
            engine.sendCloseNotify()
            try flush(deadline)
            socket.finishSending()
            var drained = 0
            while drained < Self.drainBytes, !sawEndOfFile {
                received = []
                guard try receive(deadline) else { return }
                drained += received.count
            }
        } catch {
            // The connection is gone, which is what was asked for.
        }
    }
}
