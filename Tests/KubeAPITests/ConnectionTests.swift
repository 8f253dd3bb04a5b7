// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TLSTestSupport
import Testing

@testable import KubeAPI

@Suite("Connections")
struct ConnectionTests {
    private let files = ClusterFiles()

    private func client(host: String, port: UInt16) throws -> KubeClient {
        let environment = ["KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "\(port)"].lookUp
        return KubeClient(
            configuration: try .inCluster(directory: files.directory.path, environment: environment),
            group: MultiThreadedEventLoopGroup.singleton, userAgent: "t",
            logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }, times: .patient)
    }

    @Test("a request on an open connection takes no turn of the loops, by which a server spreads its connections")
    func turns() async throws {
        let server = try await FakeAPIServer()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let client = try TestCluster.client(server, files, group: group)
        _ = try? await client.serverVersion()
        for _ in 0..<3 {
            let before = group.next()
            _ = try? await client.serverVersion()
            #expect(group.next() !== before)
        }
        #expect(server.requests.map(\.connection) == [0, 0, 0, 0])
        await client.shutdown()
        await server.stop()
        try await group.shutdownGracefully()
    }

    @Test("a name that does not resolve is named")
    func unknownName() async throws {
        let client = try client(host: "nowhere.invalid", port: 443)
        let error = await kubeError { try await client.serverVersion() }
        #expect(error?.code == .unreachable)
        #expect(error?.message.contains("'nowhere.invalid' does not resolve") == true)
        await client.shutdown()
    }

    @Test("a server that does not speak TLS, and one that says nothing until we give up")
    func noTLS() async throws {
        let plain = LoopbackServer { connection in try connection.sendRaw(Array("HTTP/1.1 400 Bad\r\n\r\n".utf8)) }
        let first = try client(host: "127.0.0.1", port: plain.port)
        #expect(await kubeError { try await first.serverVersion() }?.code == .unreachable)
        await first.shutdown()

        let mute = LoopbackServer { connection in while try !connection.receiveRaw().isEmpty {} }
        let second = try client(host: "127.0.0.1", port: mute.port)
        let task = Task { await kubeError { try await second.serverVersion() }?.code }
        try await Task.sleep(for: .milliseconds(100))
        let start = ContinuousClock.now
        task.cancel()
        #expect(await task.value == .cancelled)
        // Sooner than the server hangs up.
        #expect(ContinuousClock.now - start < .seconds(15))
        await second.shutdown()
    }

    @Test("a server that does not speak HTTP")
    func noHTTP() async throws {
        let server = LoopbackServer { connection in
            try connection.handshake(TestPKI.shared.serverContext())
            _ = try connection.read()
            try connection.write(Array("220 mail.example.com ESMTP\r\n".utf8))
            _ = try connection.read()
        }
        let client = try client(host: "127.0.0.1", port: server.port)
        let error = await kubeError { try await client.serverVersion() }
        #expect(error?.code == .badAnswer)
        await client.shutdown()
    }

    @Test("an answer that ends in the middle, in good order")
    func cutAnswer() async throws {
        let server = LoopbackServer { connection in
            try connection.handshake(TestPKI.shared.serverContext())
            _ = try connection.read()
            try connection.write(Array("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".utf8))
            try connection.sendCloseNotify()
        }
        let client = try client(host: "127.0.0.1", port: server.port)
        #expect(await kubeError { try await client.serverVersion() }?.code == .unreachable)
        await client.shutdown()
    }

    @Test("requests that are refused together wait for the same new token")
    func rotationUnderLoad() async throws {
        let cluster = try await TestCluster()
        let isRotated = Rotation()
        cluster.server.on("GET \(ClientTests.path)") { request in
            if request.token == "token-2" { return ClientTests.configMap() }
            // Once, and before the first one is refused: a client that is refused reads the file at once.
            isRotated.isDone.withLock { isDone in
                if !isDone { cluster.files.write(token: "token-2") }
                isDone = true
            }
            return .status(401, "Unauthorized", "Unauthorized")
        }
        // Known before it is refused, so that the files were read a while ago.
        _ = await kubeError { try await cluster.client.serverVersion() }
        try await Task.sleep(for: .milliseconds(1100))
        await withTaskGroup(of: KubeError?.self) { group in
            for _ in 0..<KubeLimits.connections {
                group.addTask { await kubeError { try await cluster.client.configMap(namespace: "ns", name: "c") } }
            }
            for await error in group { #expect(error == nil) }
        }
        await cluster.close()
    }

    @Test("a frame is taken when it is whole, and refused as soon as its length is too large")
    func splitter() throws {
        var splitter = FrameSplitter()
        let frame = KubeProto.frame(Array("abc".utf8))
        for byte in frame.dropLast() {
            splitter.append(ByteBuffer(bytes: [byte]))
            #expect(try splitter.next() == nil)
        }
        splitter.append(ByteBuffer(bytes: [frame[6]] + frame + [0, 0]))
        #expect(try splitter.next() == ByteBuffer(string: "abc"))
        #expect(try splitter.next() == ByteBuffer(string: "abc"))
        #expect(try splitter.next() == nil)
        #expect(splitter.unfinished == 2)
        splitter.append(ByteBuffer(bytes: [0xFF, 0xFF]))
        #expect(try splitter.next() == nil)
        var large = FrameSplitter()
        large.append(ByteBuffer(integer: UInt32(KubeLimits.watchFrame + 1)))
        #expect(throws: KubeError(.tooLarge, "")) { try large.next() }
    }

    @Test("paths and queries are escaped")
    func escaping() {
        #expect(
            KubeResource(plural: "pods", namespace: "a/b c").path("é?") == "/api/v1/namespaces/a%2Fb%20c/pods/%C3%A9%3F"
        )
        let query = ListQuery(
            resource: KubeResource(group: "g.io", version: "v2", plural: "things"), fieldSelector: "a=b,c!=d")
        #expect(query.path([("limit", "5")]) == "/apis/g.io/v2/things?limit=5&fieldSelector=a%3Db%2Cc%21%3Dd")
    }
}

private final class Rotation: Sendable {
    let isDone = Mutex(false)
}
