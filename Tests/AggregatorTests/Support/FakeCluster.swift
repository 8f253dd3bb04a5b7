// SPDX-License-Identifier: Apache-2.0
import Formats
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
    private let services = Mutex<[String: (namespace: String, name: String, bundle: [UInt8])]>([:])
    let patches = Atomic(0)

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
        for name in ["v1beta1.metrics.k8s.io", "v1.metrics.k8s.io"] {
            setAPIService(name, service: "metrics-push")
            let path = "/apis/apiregistration.k8s.io/v1/apiservices/\(name)"
            server.on("GET \(path)") { [self] _ in apiService(name) }
            server.on("PATCH \(path)") { [self] in patch(name, $0.body) }
        }
    }

    func close() async {
        await client.shutdown()
        await server.stop()
    }

    /// - Parameter service: the Service in our namespace that it leads to; nil: it does not exist.
    func setAPIService(_ name: String, service: String?) {
        services.withLock { $0[name] = service.map { (Self.namespace, $0, []) } }
    }

    func bundle(ofAPIService name: String) -> [UInt8]? { services.withLock { $0[name]?.bundle } }

    private func apiService(_ name: String) -> FakeAPIServer.Reply {
        guard let service = services.withLock({ $0[name] }) else {
            return .status(404, "NotFound", "\(name) not found")
        }
        let reference = KubeProto().text(1, service.namespace).text(2, service.name).number(3, 443)
        let spec = KubeProto().message(1, reference).raw(5, service.bundle)
        return .protobuf(
            KubeProto.envelope(
                "apiregistration.k8s.io/v1", "APIService",
                KubeProto().message(1, KubeProto.metadata(name)).message(2, spec)))
    }

    private func patch(_ name: String, _ body: [UInt8]) -> FakeAPIServer.Reply {
        guard case .string(let text) = JSONValue(parsing: body)?["spec"]?["caBundle"],
            let bundle = Base64.decode(text.utf8)
        else { return .status(400, "BadRequest", "no caBundle") }
        patches.add(1, ordering: .relaxed)
        services.withLock { $0[name]?.bundle = bundle }
        return apiService(name)
    }
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
