// SPDX-License-Identifier: Apache-2.0
import Glibc
import KubeAPI
import KubeTestSupport
import MetricsAPI
import NIOCore
import NIOPosix
import Synchronization
import TLSTestSupport
import Testing

@testable import Aggregator

/// The API port with a hub of its own, which ticks by itself.
private func withWatches(
    _ source: ChangingSource, times: WatchTimes = WatchTimes(), serverTimes: ServerTimes = ServerTimes(),
    token: String = RequestRouter.userToken, _ body: (APITestServer, WatchHub) async throws -> Void
) async throws {
    let log = LogCapture()
    let hub = WatchHub(
        source: source, times: times,
        ticker: WatchTicker(eventLoop: MultiThreadedEventLoopGroup.singleton.next()), logger: log.logger)
    let access = StaticRequestAccess(token: Array(token.utf8))
    let router = RequestRouter.test(source: source, authenticator: access, authorizer: access, watches: hub)
    try await APITestServer.run(router, times: serverTimes) { server in
        try await body(server, hub)
    }
    await hub.shutdown()
}

@Suite("Watches over a socket")
struct WatchServerTests {
    private static let path = "/apis/metrics.k8s.io/v1beta1/nodes"

    @Test("events come as they happen, and a shutdown ends them in order", arguments: ["--http1.1", "--http2"])
    func curl(version: String) async throws {
        let source = ChangingSource(["n1", "n2"])
        try await withWatches(source) { server, hub in
            let body = server.file("body", "")
            func events() -> [String] {
                WatchReader.events(String(decoding: TemporaryDirectory.read(body), as: UTF8.self))
            }
            async let done = server.run([
                version, "-N", "-o", body, "-w", "%{http_code} %{content_type}", "-H",
                "Authorization: Bearer \(RequestRouter.userToken)",
                server.url("\(Self.path)?watch=1&allowWatchBookmarks=1"),
            ])
            #expect(try await eventually { events() == ["ADDED n1", "ADDED n2"] })
            source.set(["n2", "n3"])
            let changed = ["ADDED n1", "ADDED n2", "DELETED n1", "MODIFIED n2", "ADDED n3"]
            #expect(try await eventually { events() == changed })
            await hub.shutdown()
            let (exit, text) = try await done
            #expect(exit == 0)
            #expect(text == "200 application/json")
            #expect(events() == changed + ["BOOKMARK"])
            #expect(try await eventually { hub.metrics.open.value == 0 })
        }
    }

    @Test("it ends when its time is over", arguments: ["--http1.1", "--http2"])
    func timeout(version: String) async throws {
        try await withWatches(ChangingSource(["n1"])) { server, hub in
            let answer = try await server.curl("\(Self.path)?watch=1&timeoutSeconds=1", version)
            #expect(answer.exit == 0)
            #expect(answer.headers["cache-control"] == "no-cache, private")
            #expect(answer.headers["content-length"] == nil)
            #expect(answer.headers["transfer-encoding"] == (version == "--http1.1" ? "chunked" : nil))
            #expect(try await server.curl("/metrics").body.contains("\nmetrics_push_watches_started_total 1\n"))
        }
    }

    @Test("a version that is not known: 200, and the refusal in the stream")
    func expired() async throws {
        try await withWatches(ChangingSource(["n1"])) { server, _ in
            let answer = try await server.curl("\(Self.path)?watch=1&resourceVersion=5")
            #expect(answer.status == 200)
            #expect(WatchReader.events(answer.body) == ["ERROR 410"])
        }
    }

    @Test("a connection is of use again after a watch on it")
    func connectionGoesOn() async throws {
        try await withWatches(ChangingSource(["n1"])) { server, _ in
            let text = try await offPool {
                let client = try server.client()
                let head = "Host: x\r\nAuthorization: Bearer \(RequestRouter.userToken)\r\n"
                try client.send("GET \(Self.path)?watch=1&timeoutSeconds=1 HTTP/1.1\r\n\(head)\r\n")
                try client.send("GET /livez HTTP/1.1\r\n\(head)Connection: close\r\n\r\n")
                return client.rest()
            }
            #expect(text.contains("\"type\":\"ADDED\""))
            #expect(text.contains("\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n"))
        }
    }

    @Test("a client that stops reading is dropped, and its connection closed", arguments: ["--http1.1", "--http2"])
    func slow(version: String) async throws {
        // More than the buffers of both sockets take.
        let name = String(repeating: "n", count: 2_000)
        let source = ChangingSource((0..<2_000).map { "\(name)\(100_000 + $0)" })
        let times = ServerTimes(event: .milliseconds(400), close: .milliseconds(100))
        try await withWatches(source, times: WatchTimes(stuck: .milliseconds(400)), serverTimes: times) { server, hub in
            let curl = try ChildProcess([
                "curl", "-sSk", version, "--limit-rate", "10k", "-o", "/dev/null", "-H",
                "Authorization: Bearer \(RequestRouter.userToken)", server.url("\(Self.path)?watch=1"),
            ])
            #expect(try await eventually { hub.metrics.started.value == 1 })
            #expect(kill(curl.pid, SIGSTOP) == 0)
            #expect(try await eventually { hub.metrics.droppedSlow.value == 1 && hub.metrics.open.value == 0 })
            // Of HTTP/2 it is the stream that ends; its connection may have others.
            if version == "--http1.1" { #expect(try await server.losesAllConnections()) }
        }
    }

    @Test("a client that goes away leaves nothing behind", arguments: ["--http1.1", "--http2"])
    func leaves(version: String) async throws {
        try await withWatches(ChangingSource(["n1"])) { server, hub in
            let answer = try await server.curl("\(Self.path)?watch=1", version, "-m", "1")
            #expect(answer.exit == 28)
            #expect(try await eventually { hub.metrics.open.value == 0 })
            #expect(hub.metrics.droppedSlow.value == 0)
        }
    }

    @Test("a user needs the verb watch")
    func verb() async throws {
        let source = ChangingSource(["n1"])
        let hub = WatchHub(source: source, ticker: nil, logger: LogCapture().logger)
        let router = RequestRouter.test(source: source, authorizer: NoWatch(), watches: hub)
        #expect(try router.ask(Self.path).status == 200)
        #expect(try router.ask(Self.path, query: "watch=1").status == 403)
        #expect(try router.ask("/apis/metrics.k8s.io/v1/watch/nodes").status == 403)
        #expect(hub.metrics.started.value == 0)
    }
}

/// May do everything but watch.
private struct NoWatch: RequestAuthorizer {
    func authorize(
        _ attributes: RequestAttributes, for user: KubeUser, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Authorization> {
        eventLoop.makeSucceededFuture(attributes.verb == "watch" ? .refused(reason: "") : .allowed)
    }
}

/// The reflector that follows the API server's objects, as a reader that knows nothing of our encoders.
@Suite("A reflector that follows our objects")
struct WatchReflectorTests {
    /// PodMetrics and NodeMetrics have their metadata where every object has.
    private struct NodeMetrics: KubeObject {
        static var kind: StaticString { "NodeMetrics" }
        let metadata: ObjectMetadata

        init(protobuf body: RawSpan, options: KubeDecodingOptions) throws(KubeDecodingError) {
            metadata = try PartialMetadata(protobuf: body, options: options).metadata
        }
    }

    private final class Names<Object: KubeObject>: ReflectorSink {
        private let state = Mutex((names: Set<String>(), log: [String]()))
        var names: [String] { state.withLock { $0.names.sorted() } }
        var log: [String] { state.withLock { $0.log } }

        func replace(with objects: [Object]) {
            state.withLock {
                $0.names = Set(objects.map(\.metadata.name))
                $0.log.append("all \(objects.count)")
            }
        }

        func apply(_ change: KubeChange<Object>) {
            state.withLock { state in
                switch change {
                case .added(let object), .modified(let object): state.names.insert(object.metadata.name)
                case .deleted(let object): state.names.remove(object.metadata.name)
                }
            }
        }

        func synced() {}
        func disconnected(_ error: KubeError) { state.withLock { $0.log.append("\(error)") } }
    }

    private func follow<Object: KubeObject>(_ type: Object.Type) async throws {
        let source = ChangingSource(["n1", "n2"])
        let files = ClusterFiles()
        try await withWatches(source, token: "token-1") { server, hub in
            let client = KubeClient(
                configuration: try .inCluster(
                    directory: files.directory.path,
                    environment: ["KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "\(server.port)"]
                        .lookUp),
                group: MultiThreadedEventLoopGroup.singleton, userAgent: "tests", logger: LogCapture().logger)
            let sink = Names<Object>()
            let reflector = Reflector(
                client: client,
                resource: KubeResource(group: "metrics.k8s.io", version: "v1", plural: "nodes"), sink: sink)
            let task = Task { await reflector.run() }
            #expect(try await eventually { sink.names == ["n1", "n2"] && hub.metrics.open.value == 1 })
            source.set(["n2", "n3"])
            #expect(try await eventually { sink.names == ["n2", "n3"] })
            source.set([])
            #expect(try await eventually { sink.names == [] })
            source.set(["n1"])
            #expect(try await eventually { sink.names == ["n1"] })
            // One list was enough, and nothing failed.
            #expect(sink.log == ["all 2"])
            task.cancel()
            await task.value
            await client.shutdown()
        }
    }

    @Test("whole objects in protobuf")
    func objects() async throws { try await follow(NodeMetrics.self) }

    @Test("their metadata alone")
    func metadata() async throws { try await follow(PartialMetadata.self) }
}
