// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing

@testable import MetricsAPI

/// Opens every watch, or none, and remembers what it was asked for.
private final class RecordingWatches: WatchService {
    struct Seen {
        var requests: [WatchRequest] = []
        var served: [(snapshot: FiguresSnapshot, selection: Selection)] = []
    }

    struct Nothing: BodyStream {
        func next(into out: inout ByteWriter) -> BodyProgress { .finished }
    }

    let isFull: Bool
    private let state = Mutex(Seen())

    init(isFull: Bool = false) { self.isFull = isFull }

    var seen: Seen { self.state.withLock { $0 } }

    func open(_ request: WatchRequest) -> (any BodyStream)? {
        self.state.withLock { $0.requests.append(request) }
        return self.isFull ? nil : Nothing()
    }

    func served(_ snapshot: FiguresSnapshot, of selection: Selection) {
        self.state.withLock { $0.served.append((snapshot, selection)) }
    }
}

@Suite("Requests to watch")
struct WatchRequestTests {
    private let watches = RecordingWatches()

    private func ask(_ path: String, query: String? = nil, accept: String? = nil) -> APIResponse {
        MetricsAPITests.ask(
            path, query: query, accept: accept,
            handler: MetricsAPIHandler(watches: self.watches, versionInfo: testVersion))
    }

    @Test(
        "of nodes, pods, a namespace's, one object's, by the query or by the path",
        arguments: [
            ("nodes", FiguresList.Kind.nodes, nil, nil, "watch=1"), ("pods", .pods, nil, nil, "watch=true"),
            ("namespaces/ns-1/pods", .pods, "ns-1", nil, "watch"),
            ("namespaces/ns-1/pods", .pods, "ns-1", "p", "watch=1&fieldSelector=metadata.name%3Dp"),
            ("watch/nodes", .nodes, nil, nil, nil), ("watch/nodes/n", .nodes, nil, "n", nil),
            ("watch/pods", .pods, nil, nil, "watch=1"), ("watch/namespaces/ns-1/pods", .pods, "ns-1", nil, nil),
            ("watch/namespaces/ns-1/pods/p", .pods, "ns-1", "p", "timeoutSeconds=3"),
        ] as [(String, FiguresList.Kind, String?, String?, String?)], MetricsVersion.allCases)
    func targets(
        _ target: (path: String, kind: FiguresList.Kind, namespace: String?, name: String?, query: String?),
        version: MetricsVersion
    ) throws {
        let answer = self.ask("/apis/metrics.k8s.io/\(version)/\(target.path)", query: target.query)
        #expect(answer.status == 200)
        #expect(answer.contentType == "application/json")
        #expect(answer.header("Cache-Control") == "no-cache, private")
        let request = try #require(self.watches.seen.requests.first)
        #expect(request.kind == target.kind)
        #expect(request.selection.namespace == target.namespace)
        #expect(request.selection.name == target.name)
        #expect(request.format.version == version)
        #expect(request.options.start == .everything(notBefore: 0))
    }

    @Test("one object by its name is looked at, not watched, whatever the query says")
    func get() {
        #expect(self.ask("\(base)/nodes/node-0", query: "watch=1").status == 200)
        #expect(self.watches.seen.requests.isEmpty)
    }

    @Test(
        "what it begins with",
        arguments: [
            ("", .everything(notBefore: 0)), ("resourceVersion=0", .everything(notBefore: 0)),
            ("resourceVersion=", .everything(notBefore: 0)), ("resourceVersion=00", .everything(notBefore: 0)),
            ("resourceVersion=17", .since(17)),
            ("resourceVersion=18446744073709551615", .since(.max)),
            ("resourceVersion=17&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", .everything(notBefore: 17)),
            ("sendInitialEvents=1&resourceVersionMatch=NotOlderThan", .everything(notBefore: 0)),
            ("sendInitialEvents=false&resourceVersionMatch=NotOlderThan", .now),
            ("resourceVersion=17&sendInitialEvents=0&resourceVersionMatch=NotOlderThan", .since(17)),
        ] as [(String, WatchOptions.Start)])
    func start(query: String, start: WatchOptions.Start) throws {
        #expect(self.ask("\(base)/pods", query: "watch=1&\(query)").status == 200)
        #expect(try #require(self.watches.seen.requests.first).options.start == start)
    }

    @Test(
        "a version that is no number is refused as API servers refuse it",
        arguments: [
            ("abc", "invalid syntax"), ("-1", "invalid syntax"), ("1.5", "invalid syntax"),
            ("99999999999999999999", "value out of range"),
        ])
    func badVersion(text: String, why: String) throws {
        let answer = self.ask("\(base)/pods", query: "watch=1&resourceVersion=\(text)")
        #expect(answer.status == 422)
        let status = try answer.json()
        #expect(status["reason"]?.text == "Invalid")
        #expect(
            status["message"]?.text == "pods.metrics.k8s.io \"\" is invalid: resourceVersion: Invalid value: "
                + "\"\(text)\": strconv.ParseUint: parsing \"\(text)\": \(why)")
        #expect(self.watches.seen.requests.isEmpty)
    }

    @Test(
        "the encodings that a stream can have",
        arguments: [
            ("application/json;stream=watch", 200, "application/json"), ("*/*", 200, "application/json"),
            (
                "application/vnd.kubernetes.protobuf;stream=watch", 200,
                "application/vnd.kubernetes.protobuf;stream=watch"
            ),
            ("application/vnd.kubernetes.protobuf", 200, "application/vnd.kubernetes.protobuf;stream=watch"),
            ("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", 200, "application/json"),
            (
                "application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", 200,
                "application/vnd.kubernetes.protobuf;stream=watch"
            ),
            ("application/yaml", 406, "application/yaml"), ("text/html", 406, "application/json"),
            ("application/json;stream=other", 406, "application/json"),
            ("application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io", 406, "application/json"),
        ])
    func encodings(accept: String, status: Int, type: String) {
        let answer = self.ask("\(base)/pods", query: "watch=1", accept: accept)
        #expect(answer.status == status)
        #expect(answer.contentType == type)
        #expect(self.watches.seen.requests.count == (status == 200 ? 1 : 0))
    }

    @Test("options are checked before a watch is opened")
    func badOptions() {
        for query in ["labelSelector=,", "fieldSelector=spec.x%3D1", "limit=x", "sendInitialEvents=true"] {
            let status = self.ask("\(base)/pods", query: "watch=1&\(query)").status
            #expect(status == 400 || status == 422, "\(query)")
        }
        #expect(
            self.ask("\(base)/pods", query: "watch=1&includeObject=x", accept: PeerAnswersTests.table).status == 400)
        #expect(self.watches.seen.requests.isEmpty)
    }

    @Test("one too many is told to come again")
    func tooMany() throws {
        let answer = MetricsAPITests.ask(
            "\(base)/pods", query: "watch=1",
            handler: MetricsAPIHandler(watches: RecordingWatches(isFull: true), versionInfo: testVersion))
        #expect(answer.status == 429)
        #expect(answer.header("Retry-After") == "1")
    }

    @Test("discovery tells of the verb where it is served")
    func verbs() throws {
        let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
        for version in MetricsVersion.allCases {
            let list = try self.ask("/apis/metrics.k8s.io/\(version)").json()["resources"]?.items ?? []
            #expect(
                list.map { $0["verbs"]?.items?.compactMap(\.text) } == [
                    ["get", "list", "watch"], ["get", "list", "watch"],
                ])
        }
        let groups = try self.ask("/apis", accept: aggregated).json()["items"]?[0]?["versions"]?.items ?? []
        #expect(groups.count == 2)
        for group in groups {
            #expect(group["resources"]?.items?.allSatisfy { $0["verbs"]?.items?.count == 3 } == true)
        }
    }

    @Test("a list that a watch may go on from is remembered, with the version that it was given")
    func lists() throws {
        for query in [nil, "labelSelector=app%3Dapp-1"] { _ = self.ask("\(base)/pods", query: query) }
        #expect(self.watches.seen.served.isEmpty)
        let answer = self.ask("\(base)/namespaces/ns-1/pods", query: "limit=500")
        let served = try #require(self.watches.seen.served.first)
        #expect(served.snapshot.list.rows.map(\.identity.name) == ["pod-0-1", "pod-1-1", "pod-2-1"])
        #expect(served.selection == Selection(namespace: "ns-1"))
        #expect(try answer.json()["metadata"]?["resourceVersion"]?.text == "\(served.snapshot.version)")
        _ = self.ask("\(base)/nodes", query: "resourceVersion=0")
        #expect(self.watches.seen.served.count == 2)
    }

    @Test("each form of a list carries its moment as its resourceVersion, and its objects carry none")
    func listVersions() throws {
        let moment = "\(TestCluster.now / 1_000)"
        let partial = "as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
        for accept in ["application/json", PeerAnswersTests.table, "application/json;\(partial)"] {
            let list = try MetricsAPITests.ask("\(base)/pods", accept: accept).json()
            #expect(list["metadata"] == .object(["resourceVersion": .string(moment)]), "\(accept)")
            let object = list["items"]?[0] ?? list["rows"]?[0]?["object"]
            #expect(object?["metadata"]?["name"]?.text == "pod-0-0" && object?["metadata"]?["resourceVersion"] == nil)
        }
        for (accept, field) in [
            (PeerAnswersTests.protobuf, 1), ("\(PeerAnswersTests.protobuf);\(partial)", 1),
            ("\(PeerAnswersTests.protobuf);as=PartialObjectMetadataList;v=v1beta1;g=meta.k8s.io", 2),
        ] {
            let list = try TestEnvelope(MetricsAPITests.ask("\(base)/nodes", accept: accept).bytes)
            #expect(try list.object.message(field).string(2) == moment, "\(accept)")
        }
        #expect(try MetricsAPITests.ask("\(base)/nodes/node-0").json()["metadata"]?["resourceVersion"] == nil)
    }
}
