// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

@Suite struct EngineTests {
    @Test("A handshake ends in TLS 1.3 with the same protocol on both ends")
    func handshake() throws {
        let pair = try EnginePair(client: pki.clientContext(alpn: ["x", "y"]), server: pki.serverContext(alpn: ["y"]))
        pair.handshake()
        #expect(pair.clientError == nil && pair.serverError == nil)
        #expect(pair.client.protocolVersion == "TLSv1.3")
        #expect(pair.client.negotiatedALPN == "y")
        #expect(pair.server.negotiatedALPN == "y")
        #expect(pair.server.requestedServerName == "localhost")
        #expect(pair.client.peerCertificate?.dnsNames == ["localhost", "*.example.com"])
        #expect(pair.client.peerCertificate?.ipAddresses == ["127.0.0.1", "::1"])
        #expect(pair.server.peerCertificate == nil)
    }

    @Test("Ciphertext may arrive one byte at a time and plaintext leave two at a time")
    func shortReads() throws {
        let pair = try EnginePair(client: pki.clientContext(), server: pki.serverContext())
        pair.chunk = 1
        pair.handshake()
        #expect(pair.client.isHandshakeComplete && pair.server.isHandshakeComplete)
        try pair.write(pair.client, Array("hello, world".utf8))
        let (bytes, end) = pair.read(pair.server, room: 2)
        #expect(bytes == Array("hello, world".utf8))
        #expect(end == .waiting)
    }

    @Test("Large writes arrive whole, and no session ticket is sent")
    func largeWrites() throws {
        let pair = try EnginePair(client: pki.clientContext(), server: pki.serverContext())
        pair.handshake()
        #expect(pair.toClient.isEmpty)
        let payload = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        try pair.write(pair.server, payload)
        #expect(pair.read(pair.client).bytes == payload)
    }

    @Test("Writing stops at the outbound cap and goes on after a drain")
    func outboundCap() throws {
        let pair = try EnginePair(client: pki.clientContext(), server: pki.serverContext())
        pair.handshake()
        let payload = [UInt8](repeating: 1, count: 16384)
        var records = 0
        while case .wrote(let count) = pair.server.write(payload.span.bytes) {
            #expect(count == 16384)
            records += 1
            if records > 100 { break }
        }
        #expect(pair.server.outboundCount >= TLSEngine.outboundCap)
        #expect(pair.server.outboundCount < TLSEngine.outboundCap + 17_000)
        pair.send(pair.server)
        guard case .wrote = pair.server.write(payload.span.bytes) else {
            Issue.record("still full after a drain")
            return
        }
        pair.send(pair.server)
        #expect(pair.read(pair.client).bytes.count == (records + 1) * 16384)
    }

    @Test("close_notify ends the peer's reading after the data before it, and our writing")
    func closeNotify() throws {
        let pair = try EnginePair(client: pki.clientContext(), server: pki.serverContext())
        pair.handshake()
        try pair.write(pair.client, [1, 2, 3])
        pair.client.sendCloseNotify()
        pair.client.sendCloseNotify()
        pair.send(pair.client)
        let (bytes, end) = pair.read(pair.server)
        #expect(bytes == [1, 2, 3] && end == .closeNotify)
        #expect(throws: TLSError(.closed, "")) { try pair.write(pair.client, [4]) }
        // The other half still works, and the end can be asked for again.
        try pair.write(pair.server, [5])
        #expect(pair.read(pair.client).bytes == [5])
        #expect(pair.read(pair.server).end == .closeNotify)
    }

    @Test("close_notify is not attempted during a handshake")
    func closeDuringHandshake() throws {
        let pair = try EnginePair(client: pki.clientContext(), server: pki.serverContext())
        _ = pair.client.handshake(RawSpan())
        let hello = pair.client.outboundCount
        pair.client.sendCloseNotify()
        #expect(hello > 0 && pair.client.outboundCount == hello)
    }

    @Test("A damaged record is a protocol error, stays one, and is answered with an alert")
    func damagedRecord() throws {
        let pair = try EnginePair(client: pki.clientContext(), server: pki.serverContext())
        pair.handshake()
        try pair.write(pair.client, [1, 2, 3])
        pair.toServer[pair.toServer.count - 1] ^= 1
        #expect(pair.read(pair.server).end == .failed(TLSError(.protocolError, "")))
        #expect(pair.server.outboundCount > 0)
        pair.send(pair.server)
        #expect(pair.read(pair.server).end == .failed(TLSError(.protocolError, "")))
        #expect(pair.read(pair.client).end == .failed(TLSError(.protocolError, "")))
        pair.server.sendCloseNotify()
        #expect(pair.server.outboundCount == 0)
    }

    @Test(
        "Plain HTTP on a TLS port is called by its name",
        arguments: [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /x HTTP/1.1\r\n\r\n", "DELETE / HTTP/1.1\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n",
        ])
    func plainHTTP(request: String) throws {
        let engine = try TLSEngine(context: pki.serverContext(), role: .server)
        let bytes = Array(request.utf8)
        guard case .failed(let error) = engine.handshake(bytes.span.bytes).outcome else {
            Issue.record("accepted")
            return
        }
        #expect(error.code == .protocolError)
        #expect(error.message.contains("plain HTTP"))
    }

    @Test("A client told HTTP in answer says so")
    func plainHTTPAnswer() throws {
        let engine = try TLSEngine(context: pki.clientContext(), role: .client(serverName: "localhost"))
        _ = engine.handshake(RawSpan())
        let bytes = Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)
        guard case .failed(let error) = engine.handshake(bytes.span.bytes).outcome else {
            Issue.record("accepted")
            return
        }
        #expect(error.code == .protocolError && error.message.contains("plain HTTP"))
    }

    @Test("Any first bytes give an error or a wait, never a trap", arguments: 0..<64)
    func garbage(seed: UInt64) throws {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        let bytes = (0..<200).map { index -> UInt8 in
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            // Half of them look like a TLS record at first.
            if seed % 2 == 0, index < 5 { return [22, 3, 1, 0, 190][index] }
            return UInt8(truncatingIfNeeded: state)
        }
        let engine = try TLSEngine(context: pki.serverContext(), role: .server)
        let step = engine.handshake(bytes.span.bytes)
        if case .complete = step.outcome { Issue.record("garbage completed a handshake") }
        #expect(step.consumed <= bytes.count)
    }

    @Test("A role must fit its context, and a server name must be one")
    func arguments() throws {
        let client = try pki.clientContext()
        let server = try pki.serverContext()
        #expect(tlsError { try TLSEngine(context: client, role: .server) }?.code == .invalidArgument)
        #expect(
            tlsError { try TLSEngine(context: server, role: .client(serverName: "a")) }?.code == .invalidArgument)
        for name in ["", ".", "a b", "a\0b", "a..b", "é.example", "http://x", String(repeating: "a", count: 254)] {
            #expect(
                tlsError { try TLSEngine(context: client, role: .client(serverName: name)) }?.code == .invalidArgument)
        }
    }
}
