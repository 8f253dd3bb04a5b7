// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization
import TLS
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

private func soon(_ seconds: Int64 = 20) -> Deadline { .after(milliseconds: seconds * 1000) }

private func connect(
    _ server: LoopbackServer, identity: TLSIdentity? = nil, alpn: [String] = [], deadline: Deadline = soon()
) throws -> TLSStream {
    try TLSStream.connect(
        address: server.address, context: pki.clientContext(identity: identity, alpn: alpn),
        serverName: "localhost", deadline: deadline)
}

/// A pipe as a caller would own it.
private final class Signal: Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    init() {
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func raise() { _ = write(writeEnd, [1], 1) }

    func drain() {
        var byte: UInt8 = 0
        _ = read(readEnd, &byte, 1)
    }
}

@Suite struct TLSStreamTests {
    @Test("Bytes go both ways, and an orderly end reads as 0")
    func echo() throws {
        let server = LoopbackServer { connection in
            try connection.handshake(pki.serverContext(alpn: ["echo"]))
            while true {
                let bytes = try connection.read()
                if bytes.isEmpty { break }
                try connection.write(bytes)
                if bytes.last == 0 { break }
            }
            try connection.sendCloseNotify()
            _ = try connection.receiveRaw()
        }
        var stream = try connect(server, alpn: ["echo"])
        #expect(stream.negotiatedALPN == "echo")
        #expect(stream.protocolVersion == "TLSv1.3")
        #expect(stream.peerDescription == "127.0.0.1:\(server.port) (localhost)")
        #expect(stream.peerCertificate?.commonName == "server")
        let payload = (0..<200_000).map { UInt8($0 % 251) | 1 } + [0]
        try stream.write(payload, deadline: soon())
        var received: [UInt8] = []
        while try stream.read(into: &received, maximum: 100_000, deadline: soon()) > 0 {}
        #expect(received == payload)
        #expect(try stream.read(into: &received, maximum: 1, deadline: soon()) == 0)
        stream.close(deadline: soon())
    }

    @Test("Records arriving byte by byte are put together, and a small maximum is kept")
    func byteByByte() throws {
        let server = LoopbackServer { connection in
            try connection.handshake(pki.serverContext())
            try connection.write(Array("hello".utf8), piece: 1)
            _ = try connection.receiveRaw()
        }
        var stream = try connect(server)
        var bytes: [UInt8] = [9]
        #expect(try stream.read(into: &bytes, maximum: 2, deadline: soon()) == 2)
        #expect(bytes == [9] + Array("he".utf8))
        #expect(try stream.read(into: &bytes, maximum: 100, deadline: soon()) == 3)
        #expect(tlsError { try stream.read(into: &bytes, maximum: 0, deadline: soon()) }?.code == .invalidArgument)
    }

    @Test("A connection that ends without close_notify is truncated, with the data before it")
    func truncation() throws {
        let server = LoopbackServer { connection in
            try connection.handshake(pki.serverContext())
            try connection.write([1, 2, 3])
        }
        var stream = try connect(server)
        var bytes: [UInt8] = []
        #expect(try stream.read(into: &bytes, maximum: 10, deadline: soon()) == 3)
        #expect(tlsError { try stream.read(into: &bytes, maximum: 10, deadline: soon()) }?.code == .truncated)
        #expect(try stream.wait(wake: -1, deadline: soon()) == .readable)
        #expect(bytes == [1, 2, 3])
    }

    @Test("A read that times out leaves the stream usable")
    func readTimeout() throws {
        let server = LoopbackServer { connection in
            try connection.handshake(pki.serverContext())
            try connection.write(connection.read())
            _ = try connection.receiveRaw()
        }
        var stream = try connect(server)
        var bytes: [UInt8] = []
        let early = tlsError { try stream.read(into: &bytes, maximum: 10, deadline: .after(milliseconds: 20)) }
        #expect(early?.code == .timedOut)
        try stream.write([7], deadline: soon())
        #expect(try stream.read(into: &bytes, maximum: 10, deadline: soon()) == 1)
        #expect(bytes == [7])
    }

    @Test("A peer that does not read lets a write time out, and nothing can follow")
    func peerStopsReading() throws {
        let done = Mutex(false)
        let server = LoopbackServer { connection in
            try connection.handshake(pki.serverContext())
            while !done.withLock({ $0 }) { usleep(10_000) }
        }
        defer { done.withLock { $0 = true } }
        var stream = try connect(server)
        let payload = [UInt8](repeating: 1, count: 32 << 20)
        let error = tlsError { try stream.write(payload, deadline: .after(milliseconds: 300)) }
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("does not read") == true)
        #expect(tlsError { try stream.write([1], deadline: soon()) }?.code == .timedOut)
    }

    @Test("A server that says nothing times the handshake out; one that hangs up fails it")
    func handshakeCut() throws {
        let silent = LoopbackServer { connection in
            while try !connection.receiveRaw().isEmpty {}
        }
        let error = tlsError { try connect(silent, deadline: .after(milliseconds: 100)) }
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("127.0.0.1:\(silent.port) (localhost)") == true)

        let rude = LoopbackServer { connection in _ = try connection.receiveRaw() }
        #expect(tlsError { try connect(rude) }?.code == .handshakeFailed)
    }

    @Test("A plain HTTP server and a closed port are named as such")
    func notTLS() throws {
        let http = LoopbackServer { connection in
            _ = try connection.receiveRaw()
            try connection.sendRaw(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
            _ = try connection.receiveRaw()
        }
        let error = tlsError { try connect(http) }
        #expect(error?.code == .protocolError)
        #expect(error?.message.contains("plain HTTP") == true)

        let address = try #require(SocketAddress(ipLiteral: "127.0.0.1", port: LoopbackServer.closedPort()))
        let refused = tlsError {
            try TLSStream.connect(
                address: address, context: pki.clientContext(), serverName: "localhost", deadline: soon())
        }
        #expect(refused?.code == .connectFailed)
        #expect(refused?.message.contains("refused") == true)
    }

    @Test("A client certificate the server refuses is reported at the next read or write", arguments: [true, false])
    func refusedCertificate(writes: Bool) throws {
        let server = LoopbackServer { connection in
            try connection.handshake(pki.serverContext(clients: .required(pki.trust)))
        }
        var stream = try connect(server, identity: pki.strangerIdentity())
        var bytes: [UInt8] = []
        if writes {
            var error: TLSError?
            for _ in 0..<2000 where error == nil {
                error = tlsError { try stream.write([1], deadline: soon()) }
                usleep(1000)
            }
            #expect(error?.code == .handshakeFailed)
            #expect(error?.message.contains("refused our certificate") == true)
        } else {
            let error = tlsError { try stream.read(into: &bytes, maximum: 1, deadline: soon()) }
            #expect(error?.code == .handshakeFailed)
            #expect(error?.message.contains("refused our certificate") == true)
        }
    }

    @Test("close delivers what was written and says goodbye")
    func closing() throws {
        let received = Mutex<(bytes: [UInt8], clean: Bool)?>(nil)
        let server = LoopbackServer { connection in
            try connection.handshake(pki.serverContext())
            // Unread data at our end must not make the kernel throw away what the client still sends.
            try connection.write([UInt8](repeating: 5, count: 50_000))
            var bytes: [UInt8] = []
            while true {
                do {
                    let more = try connection.read()
                    if more.isEmpty { break }
                    bytes += more
                } catch {
                    received.withLock { $0 = (bytes, false) }
                    return
                }
            }
            received.withLock { $0 = (bytes, true) }
        }
        var stream = try connect(server)
        let payload = [UInt8](repeating: 3, count: 100_000)
        try stream.write(payload, deadline: soon())
        stream.close(deadline: soon())
        let result = try #require(received.withLock { $0 })
        #expect(result.bytes == payload && result.clean)
    }

    @Test("close returns by its deadline when the peer does not hang up")
    func closeTimeout() throws {
        let done = Mutex(false)
        let server = LoopbackServer { connection in
            try connection.handshake(pki.serverContext())
            while !done.withLock({ $0 }) { usleep(10_000) }
        }
        let stream = try connect(server)
        let start = ContinuousClock.now
        stream.close(deadline: .after(milliseconds: 100))
        #expect(ContinuousClock.now - start < .seconds(10))
        done.withLock { $0 = true }
    }

    @Test("wait tells bytes, signals and time apart, and data never hides a signal")
    func waiting() throws {
        let server = LoopbackServer { connection in
            try connection.handshake(pki.serverContext())
            while true {
                let bytes = try connection.read()
                if bytes.isEmpty { return }
                try connection.write(bytes)
            }
        }
        var stream = try connect(server)
        let signal = Signal()
        let wake = signal.readEnd
        #expect(try stream.wait(wake: wake, deadline: .after(milliseconds: 20)) == .timedOut)
        #expect(try stream.wait(wake: -1, deadline: .after(milliseconds: 20)) == .timedOut)
        signal.raise()
        #expect(try stream.wait(wake: wake, deadline: soon()) == .woken)
        signal.drain()

        try stream.write([1, 2, 3], deadline: soon())
        #expect(try stream.wait(wake: wake, deadline: soon()) == .readable)
        var bytes: [UInt8] = []
        #expect(try stream.read(into: &bytes, maximum: 1, deadline: soon()) == 1)
        // Two bytes are decrypted already; no event will come from the socket for them.
        #expect(try stream.wait(wake: wake, deadline: soon()) == .readable)
        signal.raise()
        #expect(try stream.wait(wake: wake, deadline: soon()) == .woken)
        #expect(try stream.read(into: &bytes, maximum: 9, deadline: soon()) == 2)
        #expect(bytes == [1, 2, 3])
        #expect(tlsError { try stream.wait(wake: 9999, deadline: soon()) }?.code == .invalidArgument)
    }

    @Test("wait is interrupted by another thread's signal")
    func wakeFromThread() throws {
        let signal = Signal()
        let wake = signal.readEnd
        let server = LoopbackServer { connection in
            try connection.handshake(pki.serverContext())
            usleep(50_000)
            signal.raise()
            _ = try connection.receiveRaw()
        }
        var stream = try connect(server)
        #expect(try stream.wait(wake: wake, deadline: soon()) == .woken)
    }
}
