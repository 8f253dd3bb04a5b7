// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import KubeTestSupport
import NIOPosix
import Synchronization
import TLSTestSupport

@testable import Aggregator

/// A fake API server with the objects that an aggregator reads and writes, and a client of it.
final class FakeCluster: Sendable {
    static let namespace = "kube-system"
    private static let core = "/api/v1/namespaces/\(namespace)"

    let server: FakeAPIServer
    let files = ClusterFiles()
    let client: KubeClient
    let log = LogCapture()
    /// The CAs' Secret and ConfigMap.
    let secret: FakeObject
    let configMap: FakeObject
    let pods: FakeCollection
    let nodes: FakeCollection
    let authentication: FakeCollection
    let reviews: FakeReviews
    private let services: [String: FakeAPIService]

    init() async throws {
        server = try await FakeAPIServer()
        client = KubeClient(
            configuration: try .inCluster(directory: files.directory.path, environment: files.environment(server)),
            group: MultiThreadedEventLoopGroup.singleton, userAgent: "tests", logger: log.logger)
        secret = FakeObject(server, kind: "Secret", collection: "\(Self.core)/secrets", name: "metrics-push-ca")
        configMap = FakeObject(
            server, kind: "ConfigMap", collection: "\(Self.core)/configmaps", name: "metrics-push-ca")
        pods = FakeCollection(server, path: "/api/v1/pods")
        nodes = FakeCollection(server, path: "/api/v1/nodes")
        authentication = FakeCollection(server, path: "\(Self.core)/configmaps", of: "ConfigMap")
        reviews = FakeReviews(server)
        services = Dictionary(
            uniqueKeysWithValues: ["v1beta1.metrics.k8s.io", "v1.metrics.k8s.io"].map { [server] name in
                (name, FakeAPIService(server, name: name, namespace: Self.namespace, service: "metrics-push"))
            })
    }

    func close() async {
        await client.shutdown()
        await server.stop()
    }

    /// - Parameter service: the Service in our namespace that it leads to; nil: it does not exist.
    func setAPIService(_ name: String, service: String?) {
        services[name]?.point(to: service.map { (Self.namespace, $0) })
    }

    func bundle(ofAPIService name: String) -> [UInt8]? { services[name]?.bundle }
    var patches: Int { services.values.reduce(0) { $0 + $1.patches } }
}

/// A collection that is listed and watched: what a test puts into it, and the watches that were opened.
final class FakeCollection: Sendable {
    private let kind: String?
    private let state = Mutex<(items: [KubeProto], version: Int)>(([], 10))
    let watches = FakeStreams()

    /// - Parameter kind: of its objects; nil: they are nothing but their metadata.
    init(_ server: FakeAPIServer, path: String, of kind: String? = nil) {
        self.kind = kind
        server.on("GET \(path)") { [self] request in
            request.query["watch"] == "true" ? watches.open() : .protobuf(list())
        }
    }

    func set(_ items: KubeProto...) {
        state.withLock { $0 = (items, $0.version + 1) }
    }

    private func list() -> [UInt8] {
        let (items, version) = state.withLock { $0 }
        guard let kind else { return KubeProto.partialList(version: "\(version)", items) }
        return KubeProto.list("v1", "\(kind)List", version: "\(version)", items)
    }

    /// Tells the newest watch of a change.
    func send(_ type: String, _ item: KubeProto) async {
        let watch = await watches.stream(max(0, watches.count - 1))
        watch.send(type, kind.map { KubeProto.envelope("v1", $0, item) } ?? KubeProto.partial(item))
    }
}
