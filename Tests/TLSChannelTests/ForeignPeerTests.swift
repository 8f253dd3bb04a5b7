// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import TLS
import TLSChannel
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

private func soon() -> Deadline { .after(milliseconds: 20_000) }

/// The handler over real sockets, against openssl, curl and our own stream.
@Suite struct ForeignPeerTests {
    private func client(_ port: UInt16, _ directory: TemporaryDirectory, _ more: [String]) -> [String] {
        [
            "openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", pki.writeServer(to: directory).ca,
            "-verify_return_error", "-verify_hostname", "localhost", "-servername", "localhost",
        ] + more
    }

    @Test(
        "openssl s_client connects, agrees on ALPN, is echoed and leaves cleanly",
        arguments: [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")])
    func opensslClient(option: String, version: String) async throws {
        let server = try await LoopbackChannel(pki.serverContext(alpn: ["b", "a"]), .echo)
        let directory = TemporaryDirectory()
        let process = try ChildProcess(client(server.port, directory, [option, "-alpn", "a,b"]))
        try process.expect("Verify return code: 0 (ok)")
        process.write("echo this\n")
        try process.expect("echo this\n")
        #expect(try process.finish() == 0)
        #expect(process.text.contains("ALPN protocol: b"))
        #expect(process.text.contains("Compression: NONE"))
        // With tickets off there is nothing to resume.
        #expect(!process.text.contains("TLS session ticket:"))
        #expect(try await server.wait { $0.closed == 1 && $0.shutdowns == 1 })
        #expect(server.current.versions == [version] && server.current.protocols == ["b"])
        #expect(server.current.errors.isEmpty)
        try await server.stop()
    }

    @Test("Client certificates of openssl s_client, required", arguments: ["-tls1_2", "-tls1_3"])
    func clientCertificates(option: String) async throws {
        let server = try await LoopbackChannel(pki.serverContext(clients: .required(pki.trust)), .echo)
        let directory = TemporaryDirectory()
        let good = [
            "-cert", directory.write("c.pem", pki.client.certificatePEM), "-key",
            directory.write("c.key", pki.client.keyPEM),
        ]
        let bad = [
            "-cert", directory.write("d.pem", pki.strangerClient.certificatePEM), "-key",
            directory.write("d.key", pki.strangerClient.keyPEM),
        ]
        let known = try ChildProcess(client(server.port, directory, [option] + good))
        known.write("let me in\n")
        try known.expect("\nlet me in\n")
        #expect(try known.finish() == 0)
        #expect(known.text.contains("CN = test CA"), "the CAs we accept are named")

        for credentials in [[], bad] {
            let refused = try ChildProcess(client(server.port, directory, [option, "-ign_eof"] + credentials))
            #expect(try refused.finish() != 0)
            #expect(
                refused.text.contains(credentials.isEmpty ? "handshake failure" : "unknown ca") || option == "-tls1_3")
        }
        #expect(try await server.wait { $0.closed == 3 })
        #expect(server.current.clients == ["system:node:a"])
        #expect(server.current.errors.map(\.code) == [.certificateVerifyFailed, .certificateVerifyFailed])
        try await server.stop()
    }

    @Test("Versions below 1.2, suites without forward secrecy and foreign ALPN are refused")
    func refusals() async throws {
        let server = try await LoopbackChannel(pki.serverContext(alpn: ["a"], requiresALPN: true), .echo)
        let directory = TemporaryDirectory()
        for options in [
            ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384"],
            ["-alpn", "z"], [],
        ] {
            #expect(try ChildProcess.run(client(server.port, directory, options)).status != 0)
        }
        #expect(try await server.wait { $0.closed == 4 })
        #expect(server.current.errors.map(\.code).suffix(2) == [.alpnMismatch, .alpnMismatch])
        #expect(server.current.errors.count == 4)
        try await server.stop()
    }

    @Test("A renegotiation is refused")
    func renegotiation() async throws {
        let server = try await LoopbackChannel(pki.serverContext(), .echo)
        let directory = TemporaryDirectory()
        let process = try ChildProcess(client(server.port, directory, ["-tls1_2"]))
        try process.expect("Verify return code: 0 (ok)")
        process.write("R\n")
        #expect(try process.finish() != 0)
        #expect(process.text.contains("no renegotiation"))
        try await server.stop()
    }

    @Test("Key updates of openssl s_client are followed")
    func keyUpdate() async throws {
        let server = try await LoopbackChannel(pki.serverContext(), .echo)
        let directory = TemporaryDirectory()
        let process = try ChildProcess(client(server.port, directory, ["-tls1_3"]))
        try process.expect("Verify return code: 0 (ok)")
        process.write("K\n")
        try process.expect("KEYUPDATE")
        process.write("under new keys\n")
        try process.expect("\nunder new keys\n")
        #expect(try process.finish() == 0)
        #expect(server.current.errors.isEmpty)
        try await server.stop()
    }

    @Test(
        "curl gets its answer whole, then the goodbye",
        arguments: [["--tls-max", "1.2"], ["--tlsv1.3"], ["--cert", "c.pem", "--key", "c.key"]])
    func curl(options: [String]) async throws {
        let server = try await LoopbackChannel(
            pki.serverContext(clients: .optional(pki.trust), alpn: ["http/1.1"]), .http)
        let directory = TemporaryDirectory()
        _ = directory.write("c.pem", pki.client.certificatePEM)
        _ = directory.write("c.key", pki.client.keyPEM)
        let url = "https://localhost:\(server.port)/"
        let (status, text) = try ChildProcess.run(
            ["curl", "-sS", "--max-time", "15", "--noproxy", "*", "--resolve", "localhost:\(server.port):127.0.0.1"]
                + ["--cacert", pki.writeServer(to: directory).ca, url]
                + options.map { $0.hasPrefix("c.") ? directory.file($0) : $0 })
        #expect(status == 0)
        #expect(text == (options.contains("--cert") ? "hello system:node:a\n" : "hello stranger\n"))
        #expect(try await server.wait { $0.closed == 1 })
        #expect(server.current.protocols == ["http/1.1"])
        #expect(server.current.errors.isEmpty)
        try await server.stop()
    }

    @Test("curl speaking plain HTTP to the TLS port is called by its name")
    func plainHTTP() async throws {
        let server = try await LoopbackChannel(pki.serverContext(), .http)
        let (status, _) = try ChildProcess.run([
            "curl", "-sS", "--max-time", "15", "--noproxy", "*", "http://127.0.0.1:\(server.port)/",
        ])
        #expect(status != 0)
        #expect(try await server.wait { $0.closed == 1 })
        #expect(server.current.errors.map(\.code) == [.protocolError])
        #expect(server.current.errors.first?.message.contains("plain HTTP") == true)
        try await server.stop()
    }

    @Test("Our stream and our handler understand each other, also with reads on demand", arguments: [true, false])
    func stream(pulling: Bool) async throws {
        let server = try await LoopbackChannel(
            pki.serverContext(clients: .required(pki.trust), alpn: ["m/1"], requiresALPN: true),
            pulling ? .pull : .echo)
        var stream = try TLSStream.connect(
            address: server.address, context: pki.clientContext(identity: pki.clientIdentity(), alpn: ["m/1"]),
            serverName: "127.0.0.1", deadline: soon())
        for size in [1, 16_384, 40_000] {
            let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
            try stream.write(payload, deadline: soon())
            var bytes: [UInt8] = []
            while bytes.count < size { _ = try stream.read(into: &bytes, maximum: 1 << 20, deadline: soon()) }
            #expect(bytes == payload)
        }
        stream.close(deadline: soon())
        #expect(try await server.wait { $0.closed == 1 })
        #expect(server.current.clients == ["system:node:a"])
        #expect(server.current.errors.isEmpty)
        try await server.stop()
    }

    @Test("A peer that stops reading cannot hold a close up, and its unsent answer fails")
    func peerStopsReading() async throws {
        let server = try await LoopbackChannel(
            pki.serverContext(), .flood(64 << 20), closeTimeout: .milliseconds(200))
        let stream = try TLSStream.connect(
            address: server.address, context: pki.clientContext(), serverName: "localhost", deadline: soon())
        #expect(try await server.wait { $0.protocols.count == 1 })
        let channel = try #require(server.connections.first)
        try? await channel.close()
        #expect(server.current.writeResults == [false])
        #expect(server.current.errors.map(\.code) == [.timedOut])
        stream.close(deadline: .after(milliseconds: 0))
        try await server.stop()
    }

    @Test("A large answer to a slow reader is whole")
    func slowReader() async throws {
        let server = try await LoopbackChannel(pki.serverContext(), .flood(8 << 20))
        var stream = try TLSStream.connect(
            address: server.address, context: pki.clientContext(), serverName: "localhost", deadline: soon())
        var total = 0
        while total < 8 << 20 {
            var bytes: [UInt8] = []
            total += try stream.read(into: &bytes, maximum: 5000, deadline: soon())
            #expect(!bytes.contains { $0 != 7 })
        }
        #expect(try await server.wait { $0.writeResults == [true] })
        stream.close(deadline: soon())
        try await server.stop()
    }

    @Test("Our handler as a client talks to openssl s_server", arguments: ["-tls1_2", "-tls1_3"])
    func opensslServer(option: String) async throws {
        let directory = TemporaryDirectory()
        let files = pki.writeServer(to: directory)
        let process = try ChildProcess([
            "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", files.certificate, "-key", files.key, option,
            "-rev", "-alpn", "x",
        ])
        try process.expect("ACCEPT 127.0.0.1:")
        try process.expect("\n")
        let port = try #require(Int(process.text.split(separator: "ACCEPT 127.0.0.1:")[1].prefix { $0.isNumber }))
        let context = try pki.clientContext(alpn: ["x"])
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let recorder = group.next().makePromise(of: String.self)
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        TLSHandler(context: context, role: .client(serverName: "localhost")), LineReader(recorder),
                    ])
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        // Written before the handshake is done.
        try await channel.writeAndFlush(ByteBuffer(string: "live\n"))
        #expect(try await recorder.futureResult.get() == "evil\n")
        try await channel.close()
        try await group.shutdownGracefully()
        withExtendedLifetime(process) {}
    }
}

/// Completes a promise with the first line, or with the first error.
private final class LineReader: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let promise: EventLoopPromise<String>

    init(_ promise: EventLoopPromise<String>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        promise.succeed(String(buffer: unwrapInboundIn(data)))
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { promise.fail(error) }
}
