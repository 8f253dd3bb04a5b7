// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOEmbedded
import NIOTLS
import TLS
import TLSChannel
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

@Suite struct HandshakeTests {
    @Test("Events come in order: active, handshake, data, goodbye, inactive")
    func order() throws {
        let pair = try ChannelPair(client: pki.clientContext(alpn: ["x"]), server: pki.serverContext(alpn: ["x"]))
        pair.connect()
        #expect(pair.client.recorder.seen == [.active, .handshake("x")])
        #expect(pair.server.recorder.seen == [.active, .handshake("x")])
        pair.client.send([1, 2])
        pair.pump()
        let closed = pair.client.close()
        pair.pump()
        #expect(closed.succeeded)
        #expect(pair.server.recorder.seen == [.active, .handshake("x"), .read([1, 2]), .shutdown, .inactive])
        #expect(pair.client.recorder.seen == [.active, .handshake("x"), .shutdown, .inactive])
    }

    @Test("What was agreed can be asked for after the handshake")
    func agreed() throws {
        let pair = try ChannelPair(
            client: pki.clientContext(identity: pki.clientIdentity()),
            server: pki.serverContext(clients: .required(pki.trust)))
        #expect(pair.server.handler.peerCertificate == nil && pair.server.handler.protocolVersion == nil)
        pair.connect()
        #expect(pair.server.handler.peerCertificate?.commonName == "system:node:a")
        #expect(pair.server.handler.requestedServerName == "localhost")
        #expect(pair.client.handler.peerCertificate?.commonName == "server")
        #expect(pair.client.handler.protocolVersion == "TLSv1.3")
    }

    @Test("A channel that is active already handshakes when the handler is added")
    func addedLate() throws {
        let loop = EmbeddedEventLoop()
        let channel = EmbeddedChannel(loop: loop)
        channel.connect(to: try .init(ipAddress: "127.0.0.1", port: 1), promise: nil)
        let handler = TLSHandler(context: try pki.clientContext(), role: .client(serverName: "localhost"))
        try channel.pipeline.syncOperations.addHandler(handler)
        let hello = try #require(try channel.readOutbound(as: ByteBuffer.self))
        #expect(hello.getInteger(at: 0, as: UInt8.self) == 22)
        _ = try channel.finish(acceptAlreadyClosed: true)
    }

    @Test("Ciphertext may arrive one byte at a time")
    func byteAtATime() throws {
        let pair = try ChannelPair()
        pair.chunk = 1
        pair.client.send(Array("early".utf8))
        pair.connect()
        pair.server.send(Array("answer".utf8))
        pair.pump()
        #expect(pair.server.recorder.bytes == Array("early".utf8))
        #expect(pair.client.recorder.bytes == Array("answer".utf8))
    }

    @Test("Data in the same flight as the peer's Finished is delivered, after the event")
    func dataWithFinished() throws {
        let pair = try ChannelPair()
        // Written before there is a connection: goes out right behind the client's Finished.
        let written = pair.client.send([7])
        #expect(!written.isDone)
        pair.connect()
        #expect(written.succeeded)
        #expect(pair.server.recorder.seen == [.active, .handshake(nil), .read([7])])
        #expect(pair.server.recorder.readCompletes == 1)
    }

    @Test("An answer written inside the handshake event follows what waited before it")
    func writeInsideHandshakeEvent() throws {
        let pair = try ChannelPair()
        pair.client.recorder.action = { context, event in
            guard case .handshake = event else { return }
            context.writeAndFlush(NIOAny(ByteBuffer(bytes: [2])), promise: nil)
        }
        pair.client.send([1])
        pair.connect()
        #expect(pair.server.recorder.bytes == [1, 2])
    }

    @Test("A transport lost during the handshake is an error, then inactive")
    func lostDuringHandshake() throws {
        let pair = try ChannelPair()
        let written = pair.client.send([1])
        pair.client.activate()
        pair.client.transport.cut()
        #expect(pair.client.recorder.seen == [.active, .error(.handshakeCut), .inactive])
        #expect((written.error as? TLSError)?.code == .handshakeCut)
    }

    @Test("A peer that says nothing is given up at the deadline")
    func timeout() throws {
        for isClient in [true, false] {
            let pair = try ChannelPair()
            let end = isClient ? pair.client : pair.server
            end.activate()
            pair.loop.advanceTime(by: .seconds(9))
            #expect(end.recorder.seen == [.active])
            pair.loop.advanceTime(by: .seconds(2))
            #expect(end.recorder.seen == [.active, .error(.timedOut), .inactive])
            #expect(end.recorder.error?.message.contains("10 s") == true)
        }
    }

    @Test("A peer that only trickles is given up at the deadline as well")
    func trickle() throws {
        let pair = try ChannelPair()
        pair.client.activate()
        pair.server.activate()
        var hello = pair.client.takeOutbound()[...]
        for _ in 0..<12 {
            pair.server.receive(Array(hello.prefix(1)))
            hello = hello.dropFirst()
            pair.loop.advanceTime(by: .seconds(1))
        }
        #expect(pair.server.recorder.seen == [.active, .error(.timedOut), .inactive])
    }

    @Test("The deadline ends with the handshake")
    func noTimeoutAfterwards() throws {
        let pair = try ChannelPair()
        pair.connect()
        pair.loop.advanceTime(by: .hours(1))
        #expect(pair.server.recorder.seen == [.active, .handshake(nil)])
    }

    @Test("Plain HTTP is called by its name")
    func plainHTTP() throws {
        let pair = try ChannelPair()
        pair.server.activate()
        pair.server.receive(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        #expect(pair.server.recorder.seen == [.active, .error(.protocolError), .inactive])
        #expect(pair.server.recorder.error?.message.contains("plain HTTP") == true)
    }

    @Test("A wrong name, an unknown CA and a missing certificate end the connection with the reason on both ends")
    func refusals() throws {
        let name = try ChannelPair(name: "other.test")
        name.connect()
        #expect(name.client.recorder.seen == [.active, .error(.certificateVerifyFailed), .inactive])
        #expect(name.client.recorder.error?.message.contains("other.test") == true)
        #expect(name.server.recorder.seen == [.active, .error(.handshakeFailed), .inactive])

        let unknown = try ChannelPair(client: .client(trust: .pem(pki.stranger.certificatePEM)))
        unknown.connect()
        #expect(unknown.client.recorder.seen == [.active, .error(.certificateVerifyFailed), .inactive])

        let missing = try ChannelPair(server: pki.serverContext(clients: .required(pki.trust)))
        missing.connect()
        #expect(missing.server.recorder.seen == [.active, .error(.certificateVerifyFailed), .inactive])
        // TLS 1.3: the client thinks all is well until it reads the alert.
        #expect(missing.client.recorder.seen == [.active, .handshake(nil), .error(.handshakeFailed), .inactive])
        #expect(missing.client.recorder.error?.message.contains("refused our certificate") == true)
    }

    @Test("A context of the wrong side is refused")
    func wrongContext() throws {
        let pair = try ChannelPair(client: pki.serverContext())
        pair.client.activate()
        #expect(pair.client.recorder.seen == [.active, .error(.invalidArgument), .inactive])
    }

    @Test("A close before the connection passes through, and a late activation is ignored")
    func closeBeforeActive() throws {
        let pair = try ChannelPair()
        let written = pair.client.send([1])
        let closed = pair.client.close()
        pair.loop.run()
        #expect(closed.succeeded && written.error != nil)
        #expect(pair.client.recorder.seen == [.inactive])
        #expect(pair.client.takeOutbound().isEmpty)
    }

    @Test("An application closing inside channelActive gets no handshake")
    func closeInsideActive() throws {
        let pair = try ChannelPair()
        pair.client.recorder.action = { context, event in
            if event == .active { context.close(promise: nil) }
        }
        pair.client.activate()
        #expect(pair.client.takeOutbound().isEmpty)
        #expect(pair.client.recorder.seen == [.active, .inactive])
    }

    @Test("NIO's own ALPN handler works behind ours")
    func applicationProtocolNegotiation() throws {
        let pair = try ChannelPair(
            client: pki.clientContext(alpn: ["h2"]), server: pki.serverContext(alpn: ["h2", "http/1.1"]))
        var result: ALPNResult?
        let negotiation = ApplicationProtocolNegotiationHandler { chosen, channel in
            result = chosen
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        try pair.server.channel.pipeline.syncOperations.addHandler(
            negotiation, position: .after(pair.server.handler))
        pair.connect()
        #expect(result == .negotiated("h2"))
    }

    @Test("Both ends are freed when their channels are done")
    func noLeaks() throws {
        weak var client: TLSHandler?
        weak var server: TLSHandler?
        do {
            let pair = try ChannelPair()
            client = pair.client.handler
            server = pair.server.handler
            pair.connect()
            pair.client.send([1])
            pair.pump()
            _ = pair.client.close()
            pair.pump()
        }
        #expect(client == nil && server == nil)
    }
}
