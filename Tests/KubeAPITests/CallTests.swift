// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import TLSTestSupport
import Testing

@testable import KubeAPI

/// Each call's request as the server reads it, and its answer as the server writes it.
@Suite("Calls")
struct CallTests {
    @Test("TokenReview")
    func tokenReview() async throws {
        let cluster = try await TestCluster()
        let path = "/apis/authentication.k8s.io/v1/tokenreviews"
        let user = KubeProto().text(1, "system:serviceaccount:ns:agent").text(2, "u-1").text(3, "a").text(3, "b")
            .message(
                4,
                KubeProto().text(1, "authentication.kubernetes.io/node-name")
                    .message(2, KubeProto().text(1, "node-1")))
        cluster.server.on("POST \(path)") { _ in
            .protobuf(
                KubeProto.envelope(
                    "authentication.k8s.io/v1", "TokenReview",
                    KubeProto().message(3, KubeProto().number(1, 1).message(2, user).text(3, "").text(4, "mine"))),
                status: 201)
        }
        let result = try await cluster.client.reviewToken("secret", audiences: ["mine", "yours"])
        #expect(result.authenticated && result.audiences == ["mine"] && result.error.isEmpty)
        #expect(
            result.user
                == KubeUser(
                    name: "system:serviceaccount:ns:agent", uid: "u-1", groups: ["a", "b"],
                    extra: ["authentication.kubernetes.io/node-name": ["node-1"]]))
        let request = try #require(cluster.server.requests.first)
        #expect(request.headers["content-type"] == KubeProto.mediaType)
        let spec = KubeProto().text(1, "secret").text(2, "mine").text(2, "yours")
        #expect(request.body == bare("authentication.k8s.io/v1", "TokenReview", KubeProto().message(2, spec)))
        await cluster.close()
    }

    /// The envelope without the empty fields that Go writes.
    private func bare(_ apiVersion: String, _ kind: String, _ object: KubeProto) -> [UInt8] {
        Envelope.magic
            + KubeProto().message(1, KubeProto().text(1, apiVersion).text(2, kind)).raw(2, object.bytes).bytes
    }

    @Test("SubjectAccessReview and SelfSubjectAccessReview")
    func accessReview() async throws {
        let cluster = try await TestCluster()
        let group = "/apis/authorization.k8s.io/v1"
        for (kind, path) in [
            ("SubjectAccessReview", "subjectaccessreviews"), ("SelfSubjectAccessReview", "selfsubjectaccessreviews"),
        ] {
            cluster.server.on("POST \(group)/\(path)") { _ in
                .protobuf(
                    KubeProto.envelope(
                        "authorization.k8s.io/v1", kind,
                        KubeProto().message(
                            3, KubeProto().number(1, 1).text(2, "RBAC: allowed").text(3, "odd").number(4, 0))),
                    status: 201)
            }
        }
        let user = KubeUser(name: "jane", uid: "7", groups: ["dev"], extra: ["scopes": ["x", "y"], "a": []])
        let pods = AccessAttributes.resource(
            namespace: "ns", verb: "list", group: "metrics.k8s.io", version: "v1", resource: "pods")
        let decision = try await cluster.client.reviewAccess(SubjectAccess(user: user, attributes: pods))
        #expect(decision == AccessDecision(allowed: true, reason: "RBAC: allowed", evaluationError: "odd"))
        let metrics = AccessAttributes.nonResource(path: "/metrics", verb: "get")
        #expect(try await cluster.client.reviewOwnAccess(metrics).allowed)

        let resource = KubeProto().text(1, "ns").text(2, "list").text(3, "metrics.k8s.io").text(4, "v1")
            .text(5, "pods").text(6, "").text(7, "")
        let spec = KubeProto().message(1, resource).text(3, "jane").text(4, "dev")
            .message(5, KubeProto().text(1, "a").message(2, KubeProto()))
            .message(5, KubeProto().text(1, "scopes").message(2, KubeProto().text(1, "x").text(1, "y")))
            .text(6, "7")
        let own = KubeProto().message(2, KubeProto().text(1, "/metrics").text(2, "get"))
        #expect(
            cluster.server.requests.map(\.body) == [
                bare("authorization.k8s.io/v1", "SubjectAccessReview", KubeProto().message(2, spec)),
                bare("authorization.k8s.io/v1", "SelfSubjectAccessReview", KubeProto().message(2, own)),
            ])
        await cluster.close()
    }

    @Test("a ConfigMap is written back with the metadata it came with, but for managedFields")
    func updateConfigMap() async throws {
        let cluster = try await TestCluster()
        let path = "/api/v1/namespaces/ns/configmaps/c"
        func metadata(managedBytes: Int) -> KubeProto {
            KubeProto.metadata("c", namespace: "ns", version: "7", labels: ["l": "1"], managedBytes: managedBytes)
                .text(14, "a-finalizer")
        }
        let stored = KubeProto.configMap(metadata(managedBytes: 200), ["k": "v"])
        cluster.server.on("GET \(path)") { _ in .protobuf(KubeProto.envelope("v1", "ConfigMap", stored)) }
        cluster.server.on("PUT \(path)") { _ in .status(409, "Conflict", "the object has been modified") }
        var map = try await cluster.client.configMap(namespace: "ns", name: "c")
        map.data = ["k": "w", "a": "b"]
        let changed = map
        #expect(await kubeError { try await cluster.client.updateConfigMap(changed) }?.code == .conflict)
        #expect(
            cluster.server.requests.last?.body
                == bare("v1", "ConfigMap", KubeProto.configMap(metadata(managedBytes: 0), ["a": "b", "k": "w"])))
        await cluster.close()
    }

    @Test("a Secret is made, read and written")
    func secret() async throws {
        let cluster = try await TestCluster()
        let stored = KubeProto().message(1, KubeProto.metadata("s", namespace: "ns", version: "3"))
            .message(2, KubeProto().text(1, "key").raw(2, [0, 1, 255])).text(3, "kubernetes.io/tls")
        let answer = KubeProto.envelope("v1", "Secret", stored)
        cluster.server.on("POST /api/v1/namespaces/ns/secrets") { _ in .protobuf(answer, status: 201) }
        cluster.server.on("GET /api/v1/namespaces/ns/secrets/s") { _ in .protobuf(answer) }
        cluster.server.on("PUT /api/v1/namespaces/ns/secrets/s") { _ in .protobuf(answer) }
        let made = try await cluster.client.createSecret(
            Secret(
                metadata: ObjectMetadata(namespace: "ns", name: "s", labels: [.init(key: "app", value: "x")]),
                data: ["key": [0, 1, 255]], type: "kubernetes.io/tls"))
        #expect(made.metadata.resourceVersion == "3" && made.data == ["key": [0, 1, 255]])
        let read = try await cluster.client.secret(namespace: "ns", name: "s")
        #expect(read.type == "kubernetes.io/tls")
        _ = try await cluster.client.updateSecret(read)
        let meta = KubeProto().text(1, "s").text(3, "ns").map(11, ["app": "x"])
        let entry = KubeProto().text(1, "key").raw(2, [0, 1, 255])
        let expected = KubeProto().message(1, meta).message(2, entry).text(3, "kubernetes.io/tls")
        #expect(cluster.server.requests.first?.body == bare("v1", "Secret", expected))
        #expect(cluster.server.requests.last?.body == bare("v1", "Secret", stored))
        await cluster.close()
    }

    @Test("where a pod runs")
    func podPlacement() async throws {
        let cluster = try await TestCluster()
        let spec = KubeProto().message(2, KubeProto().text(1, "a container")).text(10, "node-1").text(8, "x")
        cluster.server.on("GET /api/v1/namespaces/ns/pods/p") { _ in
            .protobuf(
                KubeProto.envelope(
                    "v1", "Pod", KubeProto().message(1, KubeProto.metadata("p", uid: "u")).message(2, spec)))
        }
        let placement = try await cluster.client.podPlacement(namespace: "ns", name: "p")
        #expect((placement.uid, placement.nodeName) == ("u", "node-1"))
        #expect(
            await kubeError { try await cluster.client.podPlacement(namespace: "ns", name: "q") }?.code == .notFound)
        await cluster.close()
    }

    @Test("an APIService, and the patch of its CA")
    func apiService() async throws {
        let cluster = try await TestCluster()
        let path = "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io"
        let spec = KubeProto().message(1, KubeProto().text(1, "kube-system").text(2, "metrics-push").number(3, 8443))
            .text(2, "metrics.k8s.io").text(3, "v1beta1").number(4, 0).text(5, "PEM").number(7, 100).number(8, 100)
        let condition = KubeProto().text(1, "Available").text(2, "False").message(3, KubeProto().number(1, 5))
            .text(4, "MissingEndpoints").text(5, "no addresses")
        let answer = KubeProto.envelope(
            "apiregistration.k8s.io/v1", "APIService",
            KubeProto().message(1, KubeProto.metadata("v1beta1.metrics.k8s.io", namespace: "")).message(2, spec)
                .message(3, KubeProto().message(1, condition)))
        cluster.server.on("GET \(path)") { _ in .protobuf(answer) }
        cluster.server.on("PATCH \(path)") { _ in .protobuf(answer) }
        let service = try await cluster.client.apiService(name: "v1beta1.metrics.k8s.io")
        #expect(service.service == .init(namespace: "kube-system", name: "metrics-push", port: 8443))
        #expect(service.caBundle == Array("PEM".utf8) && !service.insecureSkipTLSVerify)
        #expect(
            service.available
                == .init(type: "Available", status: "False", reason: "MissingEndpoints", message: "no addresses"))
        try await cluster.client.patchAPIService(name: "v1beta1.metrics.k8s.io", caBundle: Array("PEM".utf8))
        let patch = try #require(cluster.server.requests.last)
        #expect(patch.headers["content-type"] == "application/merge-patch+json")
        #expect(patch.body == Array(#"{"spec":{"caBundle":"UEVN","insecureSkipTLSVerify":null}}"#.utf8))
        await cluster.close()
    }

    @Test("who stands behind a Service")
    func endpoints() async throws {
        let cluster = try await TestCluster()
        let pod = KubeProto().text(1, "Pod").text(2, "ns").text(3, "p-1")
        let subset = KubeProto()
            .message(1, KubeProto().text(1, "10.0.0.1").message(2, pod).text(3, "").text(4, "node-1"))
            .message(2, KubeProto().text(1, "10.0.0.2"))
            .message(3, KubeProto().text(1, "https").number(2, 443).text(3, "TCP"))
        cluster.server.on("GET /api/v1/namespaces/ns/endpoints/svc") { _ in
            .protobuf(
                KubeProto.envelope(
                    "v1", "Endpoints", KubeProto().message(1, KubeProto.metadata("svc")).message(2, subset)))
        }
        let endpoints = try await cluster.client.endpoints(namespace: "ns", name: "svc")
        #expect(
            endpoints.subsets == [
                .init(
                    ready: [.init(ip: "10.0.0.1", nodeName: "node-1", podName: "p-1")],
                    notReady: [.init(ip: "10.0.0.2", nodeName: "", podName: "")],
                    ports: [.init(name: "https", port: 443)])
            ])
        await cluster.close()
    }

    @Test("the server's version, and a list of all")
    func versionAndList() async throws {
        let cluster = try await TestCluster()
        cluster.server.on("GET /version") { _ in
            .answer(
                status: 200, contentType: "application/json", headers: [:],
                body: Array("{\n  \"major\": \"1\",\n  \"gitVersion\": \"v1.20.2\"\n}".utf8))
        }
        #expect(try await cluster.client.serverVersion() == "v1.20.2")
        cluster.server.on("GET /api/v1/nodes") { request in
            let isFirst = request.query["continue"] == nil
            return .protobuf(
                KubeProto.partialList(
                    version: "1", continueToken: isFirst ? "more/=" : "",
                    [KubeProto.metadata(isFirst ? "a" : "b", namespace: "")]))
        }
        let nodes = try await cluster.client.listAll(KubeResource(plural: "nodes"), of: PartialMetadata.self)
        #expect(nodes.map(\.metadata.name) == ["a", "b"])
        #expect(cluster.server.requests.last?.query["continue"] == "more/=")
        await cluster.close()
    }
}
