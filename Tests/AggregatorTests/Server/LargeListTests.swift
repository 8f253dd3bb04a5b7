// SPDX-License-Identifier: Apache-2.0
import Console
import Formats
import Glibc
import MetricsAPI
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import TLSTestSupport
import Testing

@testable import Aggregator

/// A source that counts and, while it is held, delays its lists.
private final class CountedSource: MetricsSource {
    private let list: FiguresList
    private let lists = Mutex(0)
    private let gate = Mutex(())

    init(pods: Int) {
        var list = FiguresList(.pods)
        let now = LogLine.now()
        for at in 100_000..<100_000 + pods {
            list.append(
                PodFigures(
                    namespace: "default", name: "pod-\(at)", uid: "uid-\(at)", labels: Labels(["app": "web"]),
                    timestampUnixNanoseconds: now, windowNanoseconds: 15_000_000_000,
                    containers: [
                        ContainerFigures(
                            name: "app", usage: ResourceUsage(cpuNanocores: 1_234_567, memoryBytes: 64 << 20))
                    ]))
        }
        self.list = list
    }

    var count: Int { lists.withLock { $0 } }

    /// No list is finished before `body` is.
    func holding<Result>(_ body: () throws -> Result) rethrows -> Result { try gate.withLock { _ in try body() } }

    func pods(_ selection: Selection) -> FiguresList {
        lists.withLock { $0 += 1 }
        gate.withLock { _ in }
        return list
    }

    func nodes(_ selection: Selection) -> FiguresList { FiguresList(.nodes) }
    func node(named name: String) -> Lookup<FiguresList> { .unknown }
    func pod(namespace: String, name: String) -> Lookup<FiguresList> { .unknown }
    func size(of kind: FiguresList.Kind, _ selection: Selection) -> Int { list.rows.count }
}

@Suite("Large lists")
struct LargeListTests {
    static let pods = "/apis/metrics.k8s.io/v1beta1/pods"
    private let source = CountedSource(pods: 20_000)

    private func ask(
        _ router: RequestRouter, query: String? = nil, encoding: String? = nil, life: RequestLife = RequestLife(),
        on loop: any EventLoop
    ) -> EventLoopFuture<APIResponse> {
        router.respond(
            to: APIRequest(method: "GET", path: Self.pods, query: query, acceptEncoding: encoding),
            credentials: RequestCredentials(headers: ["Authorization": "Bearer \(RequestRouter.userToken)"]),
            life: life, on: loop)
    }

    private func withLoop(_ body: (any EventLoop) throws -> Void) throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let result = Result { try body(group.next()) }
        try group.syncShutdownGracefully()
        try result.get()
    }

    @Test("those of the same objects are looked up once, those of others by themselves")
    func shared() throws {
        let router = RequestRouter.test(source: source)
        try withLoop { loop in
            let (same, other) = try source.holding {
                let first = ask(router, on: loop)
                while source.count == 0 { sched_yield() }
                let others = (0..<3).map { _ in ask(router, on: loop) }
                // They have all been looked at while the first one's lookup goes on.
                try loop.submit {}.wait()
                return ([first] + others, ask(router, query: "labelSelector=a", on: loop))
            }
            let answers = try same.map { try $0.wait() }
            #expect(answers.allSatisfy { $0.status == 200 })
            _ = try other.wait()
            // A watch that goes on from any of them must not miss what came while the others waited.
            let heads = answers.map { String(decoding: $0.body.collected().prefix(110), as: UTF8.self) }
            #expect(heads.allSatisfy { $0.contains("\"metadata\":{\"resourceVersion\":\"") })
            #expect(Set(heads).count == 1)
            #expect(source.count == 2)
            // Nobody sends one any more: nothing is kept.
            for answer in answers { answer.body.drop() }
        }
    }

    @Test("the event loop turns while a large list is looked up")
    func offLoop() throws {
        let router = RequestRouter.test(source: source)
        try withLoop { loop in
            let answer = try source.holding {
                let answer = ask(router, on: loop)
                while source.count == 0 { sched_yield() }
                // The lookup hangs, and the loop does not.
                try loop.submit {}.wait()
                return answer
            }
            guard case .stream(let stream) = try answer.wait().body else {
                Issue.record("not a stream")
                return
            }
            #expect(stream.isHeavy && stream.chunkBytes == 256 << 10)
            stream.end()
        }
    }

    @Test("a place is kept while the list is sent; more of them wait, and those that left are not made")
    func places() throws {
        let router = RequestRouter.test(source: source, limits: Admission.Limits(largeLists: 1))
        try withLoop { loop in
            let first = try ask(router, on: loop).wait()
            #expect(router.metrics.admission.held[2].count == 1)
            let gone = RequestLife()
            let second = ask(router, query: "labelSelector=a", life: gone, on: loop)
            let third = ask(router, query: "labelSelector=b", on: loop)
            gone.end()
            first.body.drop()
            #expect(try third.wait().status == 200)
            #expect(throws: RequestAbandoned.self) { try second.wait() }
            #expect(source.count == 2)
        }
    }

    private static func items(_ body: String) -> [JSONValue] {
        guard case .array(let items)? = JSONValue(parsing: Array(body.utf8))?["items"] else { return [] }
        return items
    }

    @Test("curl gets all of it, over HTTP/1.1 and HTTP/2, plain and compressed", arguments: ["--http1.1", "--http2"])
    func curl(version: String) async throws {
        let router = RequestRouter.test(source: source)
        try await APITestServer.run(router) { server in
            let plain = try await server.curl(Self.pods, version, "-H", "Accept: application/json")
            #expect(plain.status == 200 && plain.headers["content-encoding"] == nil)
            #expect(Self.items(plain.body).count == 20_000)
            #expect(plain.body.utf8.count > 4 << 20)
            let compressed = try await server.curl(Self.pods, version, "--compressed", "-H", "Accept: application/json")
            #expect(compressed.status == 200)
            #expect(compressed.headers["content-encoding"] == "gzip")
            #expect(compressed.headers["vary"] == "Accept-Encoding")
            #expect(compressed.body.utf8.count == plain.body.utf8.count)
            #expect(Self.items(compressed.body).last?["metadata"]?["name"]?.text == "pod-119999")
            let (status, sizes) = try await server.run([
                version, "-o", "/dev/null", "-w", "%{size_download}", "-H", "Accept-Encoding: gzip", "-H",
                "Authorization: Bearer \(RequestRouter.userToken)", server.url(Self.pods),
            ])
            #expect(status == 0)
            #expect(Int(sizes) ?? .max < plain.body.utf8.count / 8)
            #expect(try await eventually { router.metrics.admission.held.allSatisfy { $0.count == 0 } })
        }
    }

    @Test("protobuf has its length in front, over HTTP/1.1 and HTTP/2", arguments: ["--http1.1", "--http2"])
    func length(version: String) async throws {
        try await APITestServer.run(.test(source: source)) { server in
            let (status, text) = try await server.run([
                version, "-o", "/dev/null", "-w", "%{size_download} %header{content-length}", "-H",
                "Accept: application/vnd.kubernetes.protobuf", "-H",
                "Authorization: Bearer \(RequestRouter.userToken)", server.url(Self.pods),
            ])
            #expect(status == 0)
            let sizes = text.split(separator: " ").compactMap { Int($0) }
            #expect(sizes.count == 2 && sizes[0] > 1 << 20 && sizes[0] == sizes[1], "\(text)")
        }
    }

    @Test("small lists are not compressed, nor any for a client that does not say it can")
    func plain() throws {
        let small = CountedSource(pods: 100)
        try withLoop { loop in
            func codings(_ source: CountedSource, _ encodings: [String?]) throws -> [String?] {
                try encodings.map { encoding in
                    let answer = try ask(.test(source: source), encoding: encoding, on: loop).wait()
                    answer.body.drop()
                    return answer.header("Content-Encoding")
                }
            }
            let ofSmall = try codings(small, ["gzip"])
            #expect(ofSmall == [nil])
            let ofLarge = try codings(source, [nil, "deflate, br", "gzip;q=0", "br, gzip;q=0.5"])
            #expect(ofLarge == [nil, nil, nil, "gzip"])
        }
    }
}
