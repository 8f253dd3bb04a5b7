// SPDX-License-Identifier: Apache-2.0
import Glibc
import KubeTestSupport
import Logging
import NIOHTTP1
import NIOPosix
import Testing

@testable import KubeAPI

/// The same calls against a real kube-apiserver, as a member of system:masters. It makes objects in the namespace
/// `default` with names of its own, and removes them.
@Suite(
    "Against a real API server",
    .enabled(
        if: getenv("METRICS_PUSH_TEST_KUBECONFIG") != nil,
        "METRICS_PUSH_TEST_KUBECONFIG does not name the kubeconfig of a cluster to try this on"))
struct RealServerTests {
    private let name = "metrics-push-test-\(UInt32.random(in: 0...UInt32.max))"

    private func client() throws -> KubeClient {
        let path = getenv("METRICS_PUSH_TEST_KUBECONFIG").map { String(cString: $0) } ?? ""
        return KubeClient(
            configuration: try .kubeconfig(path: path), group: MultiThreadedEventLoopGroup.singleton,
            userAgent: "metrics-push-tests/1", logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() },
            times: .patient)
    }

    /// What `KubeClient` has no call for, as JSON.
    private func send(_ client: KubeClient, _ method: HTTPMethod, _ path: String, _ body: String = "") async throws {
        var request = KubeRequest(method: method, path: path)
        request.body = Array(body.utf8)
        request.contentType = "application/json"
        _ = try await client.send(request)
    }

    @Test("version, reviews")
    func reviews() async throws {
        let client = try client()
        #expect(try await client.serverVersion().hasPrefix("v1."))
        let secrets = AccessAttributes.resource(verb: "list", group: "", resource: "secrets")
        #expect(try await client.reviewOwnAccess(secrets).allowed)
        let nobody = SubjectAccess(user: KubeUser(name: "nobody", extra: ["a/b": ["c"]]), attributes: secrets)
        #expect(try await !client.reviewAccess(nobody).allowed)
        let master = SubjectAccess(user: KubeUser(name: "x", groups: ["system:masters"]), attributes: secrets)
        #expect(try await client.reviewAccess(master).allowed)
        let health = AccessAttributes.nonResource(path: "/healthz", verb: "get")
        let anybody = KubeUser(name: "x", groups: ["system:authenticated"])
        #expect(try await client.reviewAccess(SubjectAccess(user: anybody, attributes: health)).allowed)
        let token = try await client.reviewToken("not a token", audiences: ["metrics-push"])
        #expect(!token.authenticated)
        await client.shutdown()
    }

    @Test("ConfigMaps and Secrets: made once, written by those who have read the newest")
    func writing() async throws {
        let client = try client()
        let metadata = ObjectMetadata(namespace: "default", name: name, labels: [.init(key: "app", value: "test")])
        let made = try await client.createConfigMap(ConfigMap(metadata: metadata, data: ["k": "v"]))
        #expect(made.metadata.labels == metadata.labels && !made.metadata.uid.isEmpty)
        let again = await kubeError {
            try await client.createConfigMap(ConfigMap(metadata: metadata, data: [:]))
        }
        #expect(again?.code == .alreadyExists)
        var map = try await client.configMap(namespace: "default", name: name)
        map.data["k"] = "w"
        map.binaryData["b"] = [0, 255]
        let changed = map
        let written = try await client.updateConfigMap(changed)
        #expect(written.data == ["k": "w"] && written.binaryData == ["b": [0, 255]])
        #expect(written.metadata.labels == metadata.labels)
        #expect(await kubeError { try await client.updateConfigMap(changed) }?.code == .conflict)
        try await send(client, .DELETE, "/api/v1/namespaces/default/configmaps/\(name)")
        #expect(await kubeError { try await client.configMap(namespace: "default", name: name) }?.code == .notFound)

        var secret = try await client.createSecret(Secret(metadata: metadata, data: ["a": [1]]))
        secret.data["b"] = [2]
        #expect(try await client.updateSecret(secret).data == ["a": [1], "b": [2]])
        #expect(try await client.secret(namespace: "default", name: name).type == "Opaque")
        try await send(client, .DELETE, "/api/v1/namespaces/default/secrets/\(name)")
        await client.shutdown()
    }

    @Test("a pod's placement, and pods followed by their metadata")
    func pods() async throws {
        let client = try client()
        let path = "/api/v1/namespaces/default/pods"
        func pod(_ suffix: String) -> String {
            """
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"\(name)-\(suffix)","labels":{"run":"\(name)"},
            "annotations":{"keep":"me","drop":"me"}},"spec":{"nodeName":"no-such-node","automountServiceAccountToken":false,
            "containers":[{"name":"c","image":"none"}]}}
            """
        }
        try await send(client, .POST, path, pod("a"))
        let placement = try await client.podPlacement(namespace: "default", name: "\(name)-a")
        #expect(placement.nodeName == "no-such-node")
        let containers = try await client.podContainers(namespace: "default", name: "\(name)-a")
        #expect(containers == PodContainers(uid: placement.uid, names: [:]))

        let sink = RecordingSink<PartialMetadata>()
        let reflector = Reflector(
            client: client, resource: KubeResource(plural: "pods"), labelSelector: "run=\(name)",
            options: KubeDecodingOptions(annotations: ["keep"]), sink: sink)
        let task = Task { await reflector.run() }
        await eventually { sink.log.last == "synced" }
        #expect(sink.names == ["\(name)-a"])
        let metadata = try #require(sink.object("\(name)-a")?.metadata)
        #expect(metadata.uid == placement.uid && metadata.creationUnixSeconds ?? 0 > 1_500_000_000)
        #expect(metadata.annotations == [.init(key: "keep", value: "me")])
        try await send(client, .POST, path, pod("b"))
        await eventually { sink.names == ["\(name)-a", "\(name)-b"] }
        for suffix in ["a", "b"] {
            try await send(client, .DELETE, "\(path)/\(name)-\(suffix)?gracePeriodSeconds=0")
        }
        await eventually { sink.names.isEmpty }
        task.cancel()
        await task.value
        await client.shutdown()
    }

    @Test("a watch ends in good order when the server was asked to end it")
    func watchEnds() async throws {
        let client = try client()
        let query = ListQuery(resource: KubeResource(plural: "nodes"))
        let page: ListPage<PartialMetadata> = try await client.listPage(query, continueToken: "")
        let start = ContinuousClock.now
        try await client.watch(
            query, resourceVersion: page.resourceVersion, timeoutSeconds: 2, silence: .seconds(20), {},
            { (_: WatchEvent<PartialMetadata>) in })
        #expect(ContinuousClock.now - start > .seconds(1))
        await client.shutdown()
    }

    @Test("APIServices and Endpoints")
    func aggregation() async throws {
        let client = try client()
        let local = try await client.apiService(name: "v1.apps")
        #expect(local.service == nil && local.available?.status == "True")
        let service = "v1.\(name).example.com"
        let path = "/apis/apiregistration.k8s.io/v1/apiservices"
        try await send(
            client, .POST, path,
            """
            {"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"\(service)"},"spec":{
            "group":"\(name).example.com","version":"v1","groupPriorityMinimum":100,"versionPriority":10,
            "insecureSkipTLSVerify":true,"service":{"namespace":"default","name":"nothing"}}}
            """)
        #expect(try await client.apiService(name: service).insecureSkipTLSVerify)
        let ca = ClusterFiles.certificateAuthority
        try await client.patchAPIService(name: service, caBundle: ca)
        let patched = try await client.apiService(name: service)
        #expect(patched.caBundle == ca && !patched.insecureSkipTLSVerify)
        #expect(patched.service == .init(namespace: "default", name: "nothing", port: 443))
        try await send(client, .DELETE, "\(path)/\(service)")
        #expect(await kubeError { try await client.patchAPIService(name: service, caBundle: ca) }?.code == .notFound)
        #expect(
            await kubeError { try await client.endpoints(namespace: "default", name: "nothing") }?.code == .notFound)
        await client.shutdown()
    }
}
