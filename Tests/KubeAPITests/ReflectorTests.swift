// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import Synchronization
import Testing

@testable import KubeAPI

@Suite("Reflector against a server")
struct ReflectorTests {
    private static let pods = "/api/v1/pods"

    /// A cluster of pods: pages that a test sets, and the watches that the reflector opens.
    private final class Pods: Sendable {
        let cluster: TestCluster
        let sink = RecordingSink<PartialMetadata>()
        let watches = FakeStreams()
        private let pages = Mutex<[String: FakeAPIServer.Reply]>([:])
        private let watchReply = Mutex<FakeAPIServer.Reply?>(nil)
        private let task = Mutex<Task<Void, Never>?>(nil)
        let reflector: Reflector<PartialMetadata>

        init(silence: Duration = .seconds(60)) async throws {
            cluster = try await TestCluster()
            var timing = ReflectorTiming()
            timing.backoff = ReflectorBackoff(first: .milliseconds(10), longest: .milliseconds(40))
            timing.silence = silence
            reflector = Reflector(
                client: cluster.client,
                query: ListQuery(resource: KubeResource(plural: "pods"), fieldSelector: "status.phase=Running"),
                sink: sink, timing: timing)
            cluster.server.on("GET \(ReflectorTests.pods)") { [self] request in
                if request.query["watch"] == "true" { return watchReply.withLock { $0 } ?? watches.open() }
                return pages.withLock { $0[request.query["continue"] ?? ""] }
                    ?? .status(500, "InternalError", "no page")
            }
        }

        func page(_ token: String, _ reply: FakeAPIServer.Reply) { pages.withLock { $0[token] = reply } }

        /// What watches are answered; nil: with a stream.
        func answerWatches(_ reply: FakeAPIServer.Reply?) { watchReply.withLock { $0 = reply } }

        func list(_ version: String, _ names: String..., token: String = "", next: String = "") {
            page(
                token,
                .protobuf(
                    KubeProto.partialList(version: version, continueToken: next, names.map { KubeProto.metadata($0) })))
        }

        func run() {
            let reflector = reflector
            task.withLock { $0 = Task { await reflector.run() } }
        }

        func wait(for names: String...) async { await eventually("\(names)") { self.sink.names == names } }

        func close() async {
            let task = task.withLock { $0 }
            task?.cancel()
            await task?.value
            await cluster.close()
        }

        /// Of the lists, in order, their continue tokens.
        var lists: [String] {
            cluster.server.requests.filter { $0.query["watch"] == nil }.map { $0.query["continue"] ?? "" }
        }
    }

    private static func pod(_ name: String, _ version: String) -> [UInt8] {
        KubeProto.partial(KubeProto.metadata(name, version: version))
    }

    @Test("pages, then changes, bookmarks, and a watch that resumes from the last of them")
    func ordinary() async throws {
        let pods = try await Pods()
        pods.list("10", "a", "b", next: "p2")
        pods.list("10", "c", token: "p2")
        #expect(!pods.reflector.hasSynced)
        pods.run()
        await pods.wait(for: "a", "b", "c")
        // Said behind the report of the list.
        await eventually("in sync") { pods.reflector.hasSynced }
        let first = await pods.watches.stream(0)
        #expect(first.request.query["resourceVersion"] == "10")
        #expect(first.request.query["allowWatchBookmarks"] == "true")
        #expect(first.request.query["fieldSelector"] == "status.phase=Running")
        let seconds = try #require(first.request.query["timeoutSeconds"].flatMap { Int($0) })
        #expect((300...600).contains(seconds))
        #expect(
            first.request.headers["accept"]
                == "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1")
        let list = try #require(pods.cluster.server.requests.first)
        #expect(list.query["limit"] == "500" && list.query["resourceVersion"] == nil)
        #expect(
            list.headers["accept"]
                == "application/vnd.kubernetes.protobuf;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1")
        first.send("ADDED", Self.pod("d", "11"))
        first.send("MODIFIED", Self.pod("a", "12"))
        first.send("DELETED", Self.pod("b", "13"))
        first.send("BOOKMARK", KubeProto.partial(KubeProto().text(6, "20")))
        await pods.wait(for: "a", "c", "d")
        first.end()
        let second = await pods.watches.stream(1)
        #expect(second.request.query["resourceVersion"] == "20")
        #expect(pods.sink.log == ["all 3", "synced", "+d", "~a", "-b"])
        #expect(pods.sink.object("a")?.metadata.resourceVersion == "12")
        await pods.close()
    }

    @Test("events in pieces of one byte, and many in one piece")
    func pieces() async throws {
        let pods = try await Pods()
        pods.list("10")
        pods.run()
        let watch = await pods.watches.stream(0)
        for byte in KubeProto.frame(KubeProto.watchEvent("ADDED", Self.pod("slow", "11"))) { watch.send([byte]) }
        watch.send((0..<300).flatMap { KubeProto.frame(KubeProto.watchEvent("ADDED", Self.pod("n\($0)", "12"))) })
        await eventually { pods.sink.names.count == 301 }
        await pods.close()
    }

    @Test("a connection cut in the middle of an event resumes before that event")
    func cut() async throws {
        let pods = try await Pods()
        pods.list("10", "a")
        pods.run()
        let first = await pods.watches.stream(0)
        first.send("ADDED", Self.pod("b", "11"))
        await pods.wait(for: "a", "b")
        let frame = KubeProto.frame(KubeProto.watchEvent("ADDED", Self.pod("c", "12")))
        first.send(Array(frame.prefix(frame.count / 2)))
        first.cut()
        let second = await pods.watches.stream(1)
        #expect(second.request.query["resourceVersion"] == "11")
        second.send(frame)
        await pods.wait(for: "a", "b", "c")
        #expect(pods.sink.log == ["all 1", "synced", "+b", "lost unreachable", "synced", "+c"])
        await pods.close()
    }

    @Test("history lost, as an event and as an answer: what was deleted meanwhile is not in the new list")
    func gone() async throws {
        let pods = try await Pods()
        pods.list("10", "a", "b")
        pods.run()
        let first = await pods.watches.stream(0)
        first.send("ADDED", Self.pod("c", "11"))
        await pods.wait(for: "a", "b", "c")
        pods.list("20", "b", "d")
        first.send("ERROR", KubeProto.status(410, "Expired", "too old resource version"))
        await pods.wait(for: "b", "d")
        let second = await pods.watches.stream(1)
        #expect(second.request.query["resourceVersion"] == "20")
        pods.list("30", "e")
        pods.answerWatches(.status(410, "Gone", "too old"))
        second.end()
        await eventually { pods.sink.log.contains("all 1") }
        pods.answerWatches(nil)
        let third = await pods.watches.stream(2)
        #expect(third.request.query["resourceVersion"] == "30")
        await pods.wait(for: "e")
        await pods.close()
    }

    @Test("a continue token that expires starts the list over")
    func expiredToken() async throws {
        let pods = try await Pods()
        pods.list("10", "a", next: "p2")
        pods.page("p2", .status(410, "Expired", "The provided continue parameter is too old"))
        pods.cluster.server.on("GET /unused") { _ in .silence }
        pods.run()
        await eventually { pods.lists.count >= 2 }
        pods.list("11", "b")
        await pods.wait(for: "b")
        #expect(pods.lists.starts(with: ["", "p2", ""]))
        await pods.close()
    }

    @Test("errors at the start, then a list: the first error is told, once")
    func startErrors() async throws {
        let pods = try await Pods()
        pods.page("", .status(403, "Forbidden", "pods is forbidden"))
        pods.run()
        await eventually { pods.lists.count >= 3 }
        pods.page("", .status(429, "TooManyRequests", "slow down", headers: ["retry-after": "0"]))
        await eventually { pods.lists.count >= 5 }
        pods.list("10", "a")
        await pods.wait(for: "a")
        await eventually { pods.sink.log.last == "synced" }
        #expect(pods.sink.log == ["lost forbidden", "all 1", "synced"])
        await pods.close()
    }

    @Test("a server that goes away and comes back")
    func restart() async throws {
        let pods = try await Pods()
        pods.list("10", "a")
        pods.run()
        _ = await pods.watches.stream(0)
        await pods.cluster.server.stop()
        await eventually { pods.sink.log.last == "lost unreachable" }
        try await pods.cluster.server.start()
        let second = await pods.watches.stream(1)
        #expect(second.request.query["resourceVersion"] == "10")
        await eventually { pods.sink.log == ["all 1", "synced", "lost unreachable", "synced"] }
        #expect(pods.lists == [""])
        await pods.close()
    }

    @Test(
        "frames that cannot be read end the watch; after some, everything is listed again",
        arguments: [[0, 0, 0, 3, 1, 2, 3], [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0]] as [[UInt8]])
    func garbage(bytes: [UInt8]) async throws {
        let pods = try await Pods()
        pods.list("10", "a")
        pods.run()
        for index in 0..<ReflectorStateMachine.refusedWatches { await pods.watches.stream(index).send(bytes) }
        await eventually { pods.lists.count == 2 }
        let good = await pods.watches.stream(ReflectorStateMachine.refusedWatches)
        good.send("ADDED", Self.pod("b", "11"))
        await pods.wait(for: "a", "b")
        await pods.close()
    }

    @Test("a proxy's page instead of a watch")
    func foreignWatch() async throws {
        let pods = try await Pods()
        pods.list("10", "a")
        pods.answerWatches(
            .answer(status: 200, contentType: "text/html", headers: [:], body: Array("<html>".utf8)))
        pods.run()
        await eventually { pods.sink.log.last == "lost badAnswer" }
        pods.answerWatches(nil)
        _ = await pods.watches.stream(0)
        await eventually { pods.sink.log.last == "synced" }
        await pods.close()
    }

    @Test("a server that falls silent is left")
    func silence() async throws {
        let pods = try await Pods(silence: .milliseconds(200))
        pods.list("10", "a")
        pods.run()
        let first = await pods.watches.stream(0)
        // Pieces of a frame are no silence; what comes after them is.
        for _ in 0..<6 {
            first.send([0])
            try await Task.sleep(for: .milliseconds(50))
        }
        _ = await pods.watches.stream(1)
        await pods.close()
    }

    @Test("a token that is refused when the watch begins is read again")
    func rotatedToken() async throws {
        let pods = try await Pods()
        pods.list("10", "a")
        let watches = pods.watches
        pods.cluster.server.on("GET \(Self.pods)") { request in
            if request.query["watch"] == nil {
                return .protobuf(KubeProto.partialList(version: "10", [KubeProto.metadata("a")]))
            }
            return request.token == "token-2" ? watches.open() : .status(401, "Unauthorized", "Unauthorized")
        }
        pods.run()
        await eventually { pods.sink.log.contains("lost unauthorized") }
        pods.cluster.files.write(token: "token-2")
        _ = await pods.watches.stream(0)
        await eventually { pods.sink.log.last == "synced" }
        await pods.close()
    }

    @Test("one ConfigMap by name")
    func configMap() async throws {
        let cluster = try await TestCluster()
        let watches = FakeStreams()
        let path = "/api/v1/namespaces/kube-system/configmaps"
        cluster.server.on("GET \(path)") { request in
            if request.query["watch"] != nil { return watches.open() }
            let item = KubeProto.configMap(KubeProto.metadata("c", namespace: "kube-system"), ["k": "1"])
            return .protobuf(KubeProto.list("v1", "ConfigMapList", version: "5", [item]))
        }
        let sink = RecordingSink<ConfigMap>()
        let reflector = Reflector(
            client: cluster.client, resource: KubeResource(plural: "configmaps", namespace: "kube-system"),
            fieldSelector: "metadata.name=c", sink: sink)
        let task = Task { await reflector.run() }
        let watch = await watches.stream(0)
        #expect(watch.request.headers["accept"] == "application/vnd.kubernetes.protobuf")
        #expect(sink.object("c")?.data == ["k": "1"])
        let changed = KubeProto.configMap(KubeProto.metadata("c", version: "6"), ["k": "2"])
        watch.send("MODIFIED", KubeProto.envelope("v1", "ConfigMap", changed))
        await eventually { sink.object("c")?.data == ["k": "2"] }
        task.cancel()
        await task.value
        await eventually { !watch.isOpen }
        await cluster.close()
    }
}
