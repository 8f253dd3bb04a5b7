// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import KubeTestSupport
import Logging
import NIOPosix
import Synchronization
import TLSTestSupport
import Testing

@testable import BenchCluster

@Suite("The bench's collections, as the aggregator's client sees them")
struct PagedCollectionTests {
    private static let count = 1_203

    /// A server with a collection, and a client of it.
    private static func withPods(
        _ body: (PagedCollection, KubeClient, FakeAPIServer) async throws -> Void
    ) async throws {
        let server = try await FakeAPIServer()
        let files = ClusterFiles()
        let client = KubeClient(
            configuration: try .inCluster(directory: files.directory.path, environment: files.environment(server)),
            group: MultiThreadedEventLoopGroup.singleton, userAgent: "tests",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let pods = PagedCollection(server, path: "/api/v1/pods", count: count) {
            KubeProto.metadata("pod-\($0)", uid: "uid-\($0)")
        }
        do {
            try await body(pods, client, server)
        } catch {
            Issue.record(error)
        }
        await client.shutdown()
        await server.stop()
    }

    @Test("A list comes in pages, every object once and in order")
    func pages() async throws {
        try await Self.withPods { _, client, server in
            let pods: [PartialMetadata] = try await client.listAll(KubeResource(plural: "pods"))
            #expect(pods.map(\.metadata.name) == (0..<Self.count).map { "pod-\($0)" })
            #expect(server.requests(to: "/api/v1/pods").count == 3)
        }
    }

    /// What a reflector has reported.
    private final class Sink: ReflectorSink {
        let names = Mutex<Set<String>>([])

        func replace(with objects: [PartialMetadata]) {
            names.withLock { $0 = Set(objects.map(\.metadata.name)) }
        }

        func apply(_ change: KubeChange<PartialMetadata>) {
            names.withLock { names in
                switch change {
                case .added(let object), .modified(let object): names.insert(object.metadata.name)
                case .deleted(let object): names.remove(object.metadata.name)
                }
            }
        }

        func synced() {}
        func disconnected(_ error: KubeError) {}
    }

    @Test("A reflector follows what is told, also what is told while its watch is cut")
    func changes() async throws {
        try await Self.withPods { pods, client, server in
            let sink = Sink()
            let reflector = Reflector(client: client, resource: KubeResource(plural: "pods"), sink: sink)
            let running = Task { await reflector.run() }
            await eventually { reflector.hasSynced }
            func replace(_ number: Int) {
                pods.tell("DELETED") { KubeProto.metadata("pod-\(number)", uid: "uid-\(number)", version: "\($0)") }
                pods.tell("ADDED") { KubeProto.metadata("new-\(number)", uid: "new-\(number)", version: "\($0)") }
            }
            for number in 0..<50 { replace(number) }
            await server.cutConnections()
            for number in 50..<100 { replace(number) }
            let expected = Set((0..<Self.count).map { $0 < 100 ? "new-\($0)" : "pod-\($0)" })
            await eventually { sink.names.withLock { $0 == expected } }
            // Nothing was listed anew.
            #expect(server.requests(to: "/api/v1/pods").count { $0.query["watch"] == nil } == 3)
            running.cancel()
            await running.value
        }
    }
}
