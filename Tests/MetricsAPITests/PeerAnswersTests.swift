// SPDX-License-Identifier: Apache-2.0

import MetricsAPI
import Testing

/// Replays the recorded answers of metrics-server (Fixtures/peer-answers.json).
struct PeerAnswersTests {
    /// Recorded answers that this layer does not give.
    static let outOfScope: [String: String] = [
        "GET /livez": "health belongs to the server",
        "GET /livez?verbose": "health belongs to the server",
        "GET /readyz?verbose": "health belongs to the server",
        "GET /livez/ping": "health belongs to the server",
        "anonymous /livez": "health and authorization belong to the server",
        "GET /version": "build facts of another program; the shape is tested below",
        "hugerheader": "the HTTP parser refuses it before a request exists",
    ]

    static let handler: MetricsAPIHandler = {
        let health = ["/healthz", "/livez", "/readyz"].flatMap { root in
            [
                root, "\(root)/log", "\(root)/metadata-informer-sync", "\(root)/ping",
                "\(root)/poststarthook/max-in-flight-filter",
                "\(root)/poststarthook/storage-object-count-tracker-hook",
            ]
        }
        return MetricsAPIHandler(
            versionInfo: testVersion, serverAddress: ":4443",
            otherPaths: health + [
                "/livez/metric-collection-timely", "/metrics", "/openapi/v2", "/openapi/v3", "/openapi/v3/",
                "/readyz/metric-informer-sync", "/readyz/metric-storage-ready", "/readyz/shutdown",
            ])
    }()

    static let pods = "\(base)/namespaces/ns-1/pods"
    static let table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    static let protobuf = "application/vnd.kubernetes.protobuf"

    static func request(
        _ path: String, query: String? = nil, accept: String? = "application/json", method: String = "GET"
    ) -> APIResponse {
        ask(path, query: query, accept: accept, method: method, handler: Self.handler)
    }

    static func refused(_ path: String, user: String) -> APIResponse {
        let request = APIRequest(method: "GET", path: path)
        return Self.handler.forbidden(
            MetricsAPIHandler.attributes(of: request), user: user, accept: "application/json")
    }

    static let replays: [String: @Sendable () -> APIResponse] = [
        "nodes:json": { request("\(base)/nodes") },
        "node:json": { request("\(base)/nodes/node-0") },
        "pods:json": { request("\(base)/pods") },
        "nspods:json": { request(pods) },
        "pod:json": { request("\(pods)/pod-0-1") },
        "nopod:json": { request("\(pods)/nope") },
        "nodes:table": { request("\(base)/nodes", accept: table) },
        "nspods:table": { request(pods, accept: table) },
        "pod:table": { request("\(pods)/pod-0-1", accept: table) },
        "nspods:pom": {
            request(pods, accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
        },
        "pod:pom": {
            request(
                "\(pods)/pod-0-1", accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
        },
        "v1beta1:json": { request(base) },
        "group:json": { request("/apis/metrics.k8s.io") },
        "apis:json": { request("/apis") },
        "apis:aggregated": {
            request("/apis", accept: "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
        },
        "nodes:html": { request("\(base)/nodes", accept: "text/html") },
        "nspods:yaml": { request(pods, accept: "application/yaml") },
        "nopod:yaml": { request("\(pods)/nope", accept: "application/yaml") },
        "nopod:pb": { request("\(pods)/nope", accept: protobuf) },
        "pods?label=app in (app-1,app-2)": { selected("labelSelector", "app in (app-1,app-2)") },
        "pods?label=a b": { selected("labelSelector", "a b") },
        "pods?label=app in app-1": { selected("labelSelector", "app in app-1") },
        "pods?label=x/y/z=1": { selected("labelSelector", "x/y/z=1") },
        "pods?field=spec.nodeName=node-0": { selected("fieldSelector", "spec.nodeName=node-0") },
        "pods?field=garbage": { selected("fieldSelector", "garbage") },
        "pods?field=metadata.name=pod-0-1": { selected("fieldSelector", "metadata.name=pod-0-1") },
        "nspods?limit=abc": { request(pods, query: "limit=abc") },
        "nspods?limit=1": { request(pods, query: "limit=1") },
        "nspods?resourceVersionMatch=Exact": { request(pods, query: "resourceVersionMatch=Exact") },
        "nspods?pretty=true": { request(pods, query: "pretty=true") },
        "POST nodes": { request("\(base)/nodes", method: "POST") },
        "HEAD nodes": { request("\(base)/nodes", method: "HEAD") },
        "DELETE pod": { request("\(pods)/pod-0-1", method: "DELETE") },
        "GET /": { request("/") },
        "GET /livez/nope": { request("/livez/nope") },
        "GET /api/v1": { request("/api/v1") },
        "GET /favicon.ico": { request("/favicon.ico") },
        "GET /apis/metrics.k8s.io/v1beta1/nodes/nope": { request("\(base)/nodes/nope") },
        "GET /apis/metrics.k8s.io/v1beta1/nope": { request("\(base)/nope") },
        "GET /apis/metrics.k8s.io/v1beta1/namespaces/nope/pods": { request("\(base)/namespaces/nope/pods") },
        "anonymous /apis/metrics.k8s.io/v1beta1/nodes": { refused("\(base)/nodes", user: "system:anonymous") },
        "nobody /apis/metrics.k8s.io/v1beta1/namespaces/ns-1/pods/pod-0-1": {
            refused("\(pods)/pod-0-1", user: "nobody")
        },
        "spoof /apis": { refused("/apis", user: "system:anonymous") },
        "badtoken /livez": { handler.unauthorized(accept: nil) },
        "noname /apis": { handler.unauthorized(accept: "application/json") },
        "gzip": { request("\(base)/pods") },
        "longurl": { request("\(base)/nodes", query: "x=" + String(repeating: "a", count: 100_000)) },
    ]

    static func selected(_ key: String, _ selector: String) -> APIResponse {
        request("\(base)/pods", query: "\(key)=\(encoded(selector))")
    }

    static func recorded() throws -> [String: TestJSON] {
        guard case .object(let answers)? = try TestJSON(fixture("peer-answers.json"))["answers"] else { return [:] }
        return answers
    }

    @Test("every recorded answer is replayed or has a reason not to be")
    func coverage() throws {
        let recorded = Set(try Self.recorded().keys)
        #expect(recorded.count == 54)
        #expect(recorded == Set(Self.replays.keys).union(Self.outOfScope.keys))
        #expect(Set(Self.replays.keys).isDisjoint(with: Self.outOfScope.keys))
    }

    @Test("answers as metrics-server does", arguments: replays.keys.sorted())
    func replay(name: String) throws {
        let expected = try #require(try Self.recorded()[name])
        let replay = try #require(Self.replays[name])
        let actual = replay()
        #expect(actual.status == Int(expected["status"]?.text ?? ""))
        #expect(actual.contentType == expected["type"]?.text)
        #expect(actual.header("Cache-Control") == expected["cache"]?.text)
        #expect(actual.header("Vary") == expected["vary"]?.text)
        #expect(actual.header("X-Content-Type-Options") == expected["nosniff"]?.text)
        #expect(actual.header("Allow") == expected["allow"]?.text)
        #expect(actual.header("Content-Encoding") == expected["enc"]?.text)
        #expect(actual.header("WWW-Authenticate") == expected["www"]?.text)

        let body = try #require(expected["body"])
        switch body {
        case .string(let text) where name == "nopod:pb":
            #expect(text == "k8s\\0 True Status")
            #expect(try TestEnvelope(actual.bytes).kind == "Status")
        case .string(let text):
            #expect(Self.normalised(text: actual.text) == Self.normalised(text: text))
        default:
            #expect(Self.normalised(try actual.json()) == body)
        }
    }

    /// Lists carry their moment, which watches go on from; the peer's carry nothing.
    static let listVersion = "\(TestCluster.now / 1_000)"

    /// Changing values stand as TIME, W and N in the recording; and the peer has v1beta1 only.
    static func normalised(_ json: TestJSON) -> TestJSON {
        json.rewritten { name, value in
            switch (name, value) {
            case ("creationTimestamp", .string), ("timestamp", .string): .string("TIME")
            case ("window", .string): .string("W")
            case ("metadata", .object(["resourceVersion": .string(Self.listVersion)])): .object([:])
            case ("usage", .object(let usage)): .object(usage.mapValues { _ in .string("N") })
            case ("versions", .array(let versions)): .array(versions.filter { $0["version"]?.text != "v1" })
            case ("preferredVersion", _):
                .object(["groupVersion": .string("metrics.k8s.io/v1beta1"), "version": .string("v1beta1")])
            case ("paths", .array(let paths)): .array(paths.filter { $0.text != "/apis/metrics.k8s.io/v1" })
            default: value
            }
        }
    }

    /// The same for Table and YAML, whose text is compared to the byte. The peer shuffles containers.
    static func normalised(text: String) -> String {
        var out = ""
        var rest = text.replacing("\"metadata\":{\"resourceVersion\":\"\(Self.listVersion)\"}", with: "\"metadata\":{}")
            .replacing("\nmetadata:\n  resourceVersion: \"\(Self.listVersion)\"\n", with: "\nmetadata: {}\n")[...]
        let marks: [(String, Character, String)] = [
            ("creationTimestamp\":\"", "\"", "TIME"), ("creationTimestamp: \"", "\"", "TIME"),
            ("  timestamp: \"", "\"", "TIME"), ("window: ", "\n", "W"), ("cpu: ", "\n", "N"), ("memory: ", "\n", "N"),
            ("- name: c", "\n", "?"), ("\"cells\":[\"", "]", ""),
        ]
        outer: while !rest.isEmpty {
            for (mark, end, replacement) in marks where rest.hasPrefix(mark) {
                out += mark
                rest = rest.dropFirst(mark.count)
                let value = rest.prefix { $0 != end }
                rest = rest.dropFirst(value.count)
                // Of a row's cells only the name is recorded.
                out += replacement.isEmpty ? "\(value.prefix { $0 != "," }),..." : replacement
                continue outer
            }
            out.append(rest.removeFirst())
        }
        return out
    }

    @Test("says its version in the peer's shape")
    func version() throws {
        let answer = ask("/version")
        #expect(answer.status == 200)
        #expect(answer.contentType == "application/json")
        let json = try answer.json()
        #expect(json["gitVersion"] == .string("v1.37.0"))
        #expect(json["major"] == .string("1"))
        for key in ["minor", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"] {
            #expect(json[key]?.text != nil, "\(key)")
        }
    }
}
