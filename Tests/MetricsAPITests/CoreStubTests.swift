// SPDX-License-Identifier: Apache-2.0

import MetricsAPI
import Testing

/// What an unmodified `kubectl top` reads of the core API.
struct CoreStubTests {
    struct Source: CoreSource {
        func coreNodes() -> [CoreNode] {
            [
                CoreNode(
                    name: "n1", labels: Labels(["zone": "a"]), cpuMillicores: 3500, memoryBytes: 8 << 30,
                    swapBytes: 1 << 30,
                    ready: true, creationUnixSeconds: 1_785_837_600),
                CoreNode(name: "n2", cpuMillicores: 2000, memoryBytes: 1000, ready: false, creationUnixSeconds: 0),
            ]
        }

        func corePods() -> [CorePod] {
            [
                CorePod(
                    namespace: "a", name: "p1", uid: "u1", labels: Labels(["app": "x"]), node: "n1",
                    startTime: 1_785_837_600),
                CorePod(namespace: "b", name: "p2", uid: "", node: "n2", startTime: nil),
            ]
        }

        func namespaces() -> [String] { ["a", "b"] }
    }

    static let handler = MetricsAPIHandler(coreStub: CoreStub(source: Source()), versionInfo: testVersion)

    static func get(_ path: String, query: String? = nil, accept: String? = nil) -> APIResponse {
        ask(path, query: query, accept: accept, handler: Self.handler)
    }

    @Test("discovery lists the core resources, old and aggregated")
    func discovery() throws {
        #expect(try Self.get("/api").json()["versions"] == .array([.string("v1")]))
        let list = try Self.get("/api/v1").json()
        #expect(list["groupVersion"]?.text == "v1")
        #expect(list["resources"]?.items?.compactMap { $0["name"]?.text } == ["namespaces", "nodes", "pods"])
        #expect(list["resources"]?[0]?["shortNames"] == .array([.string("ns")]))
        let protobuf = try TestEnvelope(Self.get("/api/v1", accept: "application/vnd.kubernetes.protobuf").bytes)
        #expect(try protobuf.object.all(2).map { $0.string(5) } == ["ns", "no", "po"])
        let document = try Self.get("/api", accept: DiscoveryTests.kubectl).json()
        #expect(document["items"]?[0]?["versions"]?[0]?["resources"]?.items?.count == 3)
        #expect(Self.get("/").text.contains("\"/api/v1\""))
        #expect(ask("/api/v1/nodes").status == 404)
    }

    @Test("a node has what percentages are worked out from")
    func node() throws {
        let node = try Self.get("/api/v1/nodes/n1").json()
        #expect(node["kind"]?.text == "Node")
        #expect(node["status"]?["allocatable"] == .object(["cpu": .string("3500m"), "memory": .string("8Gi")]))
        #expect(node["status"]?["capacity"] == node["status"]?["allocatable"])
        #expect(node["status"]?["conditions"]?[0]?["status"]?.text == "True")
        #expect(node["status"]?["nodeInfo"]?["swap"]?["capacity"] == .number("1073741824"))
        #expect(node["metadata"]?["creationTimestamp"]?.text == "2026-08-04T10:00:00Z")
        #expect(try Self.get("/api/v1/nodes/n2").json()["status"]?["conditions"]?[0]?["status"]?.text == "False")
        #expect(try Self.get("/api/v1/nodes/n2").json()["status"]?["allocatable"]?["memory"]?.text == "1k")

        let envelope = try TestEnvelope(
            Self.get("/api/v1/nodes", accept: "application/vnd.kubernetes.protobuf").bytes)
        #expect(envelope.kind == "NodeList")
        let first = try #require(try envelope.object.all(2).first)
        #expect(try first.message(1).string(1) == "n1")
        #expect(try first.message(3).quantities(2) == ["cpu": "3500m", "memory": "8Gi"])
        #expect(try first.message(3).message(7).message(11).integer(1) == 1 << 30)
    }

    @Test(
        "lists can be narrowed",
        arguments: [
            ("/api/v1/nodes", nil, ["n1", "n2"]), ("/api/v1/nodes", "labelSelector=zone%3Da", ["n1"]),
            ("/api/v1/namespaces", nil, ["a", "b"]), ("/api/v1/pods", nil, ["p1", "p2"]),
            ("/api/v1/pods", "limit=500&resourceVersion=0", ["p1", "p2"]),
            ("/api/v1/namespaces/b/pods", nil, ["p2"]), ("/api/v1/namespaces/c/pods", nil, []),
            ("/api/v1/pods", "fieldSelector=spec.nodeName%3Dn1", ["p1"]),
            ("/api/v1/pods", "fieldSelector=status.phase!%3DRunning", []),
            ("/api/v1/pods", "labelSelector=app", ["p1"]),
            ("/api/v1/pods", "fieldSelector=metadata.namespace%3Db,metadata.name%3Dp2", ["p2"]),
        ] as [(String, String?, [String])])
    func lists(path: String, query: String?, names: [String]) throws {
        let items = try #require(try Self.get(path, query: query).json()["items"]?.items)
        #expect(items.compactMap { $0["metadata"]?["name"]?.text } == names)
    }

    @Test("a pod says when it started, so that kubectl can word its messages")
    func pod() throws {
        let pod = try Self.get("/api/v1/namespaces/a/pods/p1").json()
        #expect(pod["spec"]?["nodeName"]?.text == "n1")
        #expect(pod["status"]?["phase"]?.text == "Running")
        #expect(pod["status"]?["startTime"]?.text == "2026-08-04T10:00:00Z")
        #expect(pod["metadata"]?["uid"]?.text == "u1")
        #expect(try Self.get("/api/v1/namespaces/b/pods/p2").json()["status"]?["startTime"] == nil)
        let body = Self.get("/api/v1/namespaces/a/pods/p1", accept: "application/vnd.kubernetes.protobuf").bytes
        let envelope = try TestEnvelope(body)
        #expect(envelope.kind == "Pod")
        #expect(try envelope.object.message(2).string(10) == "n1")
        #expect(try envelope.object.message(3).message(7).integer(1) == 1_785_837_600)
    }

    @Test(
        "what is not there is refused in the core API's words",
        arguments: [
            ("/api/v1/nodes/x", nil, 404, "nodes \"x\" not found"),
            ("/api/v1/namespaces/x", nil, 404, "namespaces \"x\" not found"),
            ("/api/v1/namespaces/a/pods/x", nil, 404, "pods \"x\" not found"),
            ("/api/v1/secrets", nil, 404, "the server could not find the requested resource"),
            ("/api/v2", nil, 404, "the server could not find the requested resource"),
            ("/api/v1/pods", "fieldSelector=x%3D1", 400, "field label not supported: x"),
            ("/api/v1/pods", "watch=1", 405, "watch is not supported on resources of kind \"pods\""),
        ] as [(String, String?, Int, String)])
    func refused(path: String, query: String?, status: Int, message: String) throws {
        let answer = Self.get(path, query: query)
        #expect(answer.status == status)
        #expect(try answer.json()["message"]?.text == message)
    }
}
