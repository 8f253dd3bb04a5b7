// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLS
import TLSTestSupport
import Testing
import Wire

/// Peers that do not keep to the protocol: their connection ends and is explained, and nobody else notices.
@Suite(.timeLimit(.minutes(5))) struct HostilePeerTests {
    /// An aggregator with an agent that behaves, and what must hold afterwards.
    private final class Scene {
        let aggregator: AggregatorProcess
        let agent: Program
        let client: APIClient

        init(containers: Int = 1, flags: [String] = []) async throws {
            let node = FixtureNode()
            // Ids that do not differ in leading digits only.
            for number in 0x10001...0x10000 + containers {
                node.container(id(number), in: "kubepods/podu-\(number)", cpu: 1_000_000, memory: 1024)
                node.link(pod: "web-\(number)", container: "app", id: id(number), uid: "u-\(number)")
            }
            self.node = node
            aggregator = try await AggregatorProcess(flags: flags)
            agent = try startAgent(aggregator, node: node.flags)
            client = try aggregator.client()
            try await agent.until("figures") { [client] in try client.pods().count == containers }
        }

        private let node: FixtureNode

        func expectUnharmed() throws {
            #expect(aggregator.program.isRunning, "\(aggregator.program.text)")
            #expect(agent.lines(with: "session open").count == 1, "\(agent.text)")
            #expect(try client.pods().isEmpty == false)
        }

        /// A TLS connection to the push port, of somebody who has our CA.
        func pushStream() throws -> TLSStream {
            let context = try TLSContext.client(trust: .file(aggregator.caFile), alpn: [PushProtocol.alpn])
            guard let address = SocketAddress(ipLiteral: "127.0.0.1", port: aggregator.pushPort) else { throw Gone() }
            return try TLSStream.connect(
                address: address, context: context, serverName: "localhost", deadline: .after(.seconds(30)))
        }
    }

    private struct Gone: Error {}

    /// What comes back until the peer hangs up.
    private static func answer(_ stream: inout TLSStream) -> [UInt8] {
        var bytes: [UInt8] = []
        while let count = try? stream.read(into: &bytes, maximum: 1 << 16, deadline: .after(.seconds(30))), count > 0 {}
        return bytes
    }

    @Test(
        "Plain HTTP on either port is answered by hanging up, and named in the log", arguments: ["push", "api"])
    func plainHTTP(port: String) async throws {
        let scene = try await Scene()
        let address = port == "push" ? scene.aggregator.push : scene.aggregator.api
        let curl = try await Program.run(["curl", "--silent", "--max-time", "5", "http://\(address)/apis"])
        #expect(curl.status != 0)
        try await scene.aggregator.program.awaitLine("plain HTTP on a TLS port")
        let line = scene.aggregator.program.lines(with: "plain HTTP").first ?? ""
        #expect(line.contains("127.0.0.1:"), "the peer: \(line)")
        try scene.expectUnharmed()
    }

    @Test("Bytes that are no TLS at all end the connection, and are shown in the log", arguments: ["push", "api"])
    func garbage(port: String) async throws {
        let scene = try await Scene()
        let peer = try LoopbackClient(port: port == "push" ? scene.aggregator.pushPort : scene.aggregator.apiPort)
        peer.send((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 1) })
        #expect(peer.isClosed(within: .seconds(30)))
        try await scene.aggregator.program.awaitLine("does not speak TLS")
        try scene.expectUnharmed()
    }

    @Test(
        "A frame that is too long or no frame at all ends the session with a reason on both sides",
        arguments: [
            ([0xff, 0xff, 0xff, 0xff, 0x00], "frameTooLarge"), ([0, 0, 0, 0], "emptyFrame"),
            ([0, 0, 0, 4, 0xde, 0xad, 0xbe, 0xef], "malformed"),
            (Array("GET / HTTP/1.1\r\n\r\n".utf8), "frameTooLarge"),
        ] as [([UInt8], String)])
    func badFrame(bytes: [UInt8], code: String) async throws {
        let scene = try await Scene()
        var stream = try scene.pushStream()
        try stream.write(bytes, deadline: .after(.seconds(30)))
        let answer = Self.answer(&stream)
        // A Reject with the reason in it, as text.
        #expect(String(decoding: answer, as: UTF8.self).contains(code), "\(answer)")
        try await scene.aggregator.program.awaitLine("bad frame; session closed")
        let line = scene.aggregator.program.lines(with: "bad frame").first ?? ""
        #expect(line.contains(code) && line.contains("127.0.0.1:"), "\(line)")
        try scene.expectUnharmed()
    }

    @Test("Samples before a Hello are refused")
    func noHello() async throws {
        let scene = try await Scene()
        var stream = try scene.pushStream()
        try stream.write(try AgentMessage.credential("0123").encodedFrame(), deadline: .after(.seconds(30)))
        #expect(String(decoding: Self.answer(&stream), as: UTF8.self).contains("before the session was accepted"))
        try await scene.aggregator.program.awaitLine("session refused")
        try scene.expectUnharmed()
    }

    @Test("A client of HTTP on the push port over TLS is turned away by ALPN, and told so")
    func wrongProtocol() async throws {
        let scene = try await Scene()
        let curl = try await Program.run(
            [
                "curl", "--silent", "--show-error", "--cacert", scene.aggregator.caFile,
                "https://\(scene.aggregator.push)/",
            ])
        #expect(curl.status != 0)
        try await scene.aggregator.program.awaitLine("ALPN")
        try scene.expectUnharmed()
    }

    @Test("Peers that connect and say nothing hold up nobody")
    func silence() async throws {
        let scene = try await Scene()
        let peers = try (0..<50).flatMap { _ in
            [try LoopbackClient(port: scene.aggregator.pushPort), try LoopbackClient(port: scene.aggregator.apiPort)]
        }
        let stream = try scene.pushStream()
        for _ in 0..<5 {
            try scene.expectUnharmed()
            try await Task.sleep(for: .milliseconds(100))
        }
        #expect(peers.count == 100)
        _ = consume stream
    }

    @Test("Clients that ask for big lists again and again and read none cost bounded memory and hold up nobody")
    func stoppedReading() async throws {
        let scene = try await Scene(containers: 100)
        let program = scene.aggregator.program
        let before = try #require(program.residentBytes)
        let request = scene.client.request(APIClient.pods, accept: "application/json", connection: "keep-alive")
        let flood = Array(String(repeating: request, count: 4000).utf8)
        // Enough of them to meet every event loop. An answer has 15 kB; the sockets' buffers take some.
        var streams: [Greedy] = []
        for _ in 0..<4 {
            let greedy = Greedy(try scene.client.connect(.after(APIClient.patience)))
            greedy.send(flood)
            streams.append(greedy)
        }
        try await Task.sleep(for: .milliseconds(1500))
        try scene.expectUnharmed()
        let grown = try #require(program.residentBytes) - before
        #expect(grown < 24 << 20, "\(grown >> 20) MiB for four clients that do not read")
        #expect(streams.count == 4)
    }

    /// A connection that is written to and not read from.
    private final class Greedy {
        private var stream: TLSStream

        init(_ stream: consuming TLSStream) { self.stream = stream }

        /// As much as the peer takes at once.
        func send(_ bytes: [UInt8]) { try? stream.write(bytes, deadline: .after(.milliseconds(300))) }
    }
}
