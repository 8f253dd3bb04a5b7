// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MetricsAPI

@Suite("A watch's events as they are written")
struct WatchEncodingTests {
    private static func encoder(
        _ accept: String, _ kind: FiguresList.Kind = .pods, query: String = ""
    ) throws -> WatchEventEncoder {
        let format = try #require(
            Negotiation.format(accept: accept, pretty: true, allowing: .objects, allowingStreams: true))
        var encoder = WatchEventEncoder(
            try WatchFormat(format, version: .v1beta1, kind: "PodMetrics", query: URLQuery(query)), kind: kind)
        encoder.begin(nowUnixNanoseconds: TestCluster.now)
        return encoder
    }

    private static let pods = FiguresSnapshot(
        [.init("a/p", 1_785_837_597_500_000, labels: ["app": "x"]), .init("a/q", 7, swapBytes: 1 << 20)], at: 1)
    private static let nodes = FiguresSnapshot([.init("n", 1_785_837_597_500_000)], kind: .nodes, at: 1)

    /// An event of a snapshot's row.
    private static func event(
        _ type: WatchEventType, _ at: Int = 0, of snapshot: FiguresSnapshot = pods, by encoder: inout WatchEventEncoder
    ) -> [UInt8] {
        var out = ByteWriter()
        encoder.event(type, at, of: snapshot, resourceVersion: 42, to: &out)
        return out.bytes
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("JSON: a line each, and the object as a get has it, with its resourceVersion")
    func json() throws {
        var encoder = try Self.encoder("application/json;stream=watch")
        #expect(
            Self.text(Self.event(.added, by: &encoder)) == """
                {"type":"ADDED","object":{"kind":"PodMetrics","apiVersion":"metrics.k8s.io/v1beta1","metadata":{"name":"p",\
                "namespace":"a","uid":"u","resourceVersion":"42","creationTimestamp":"2026-08-04T10:00:00Z",\
                "labels":{"app":"x"}},"timestamp":"2026-08-04T09:59:57Z","window":"15s","containers":[{"name":"c0",\
                "usage":{"cpu":"250m","memory":"64Mi"}}]}}

                """)
        encoder = try Self.encoder("application/json", .nodes)
        let node = try TestJSON(Self.event(.deleted, of: Self.nodes, by: &encoder))
        #expect(node["type"]?.text == "DELETED")
        #expect(node["object"]?["kind"]?.text == "NodeMetrics")
        #expect(node["object"]?["metadata"]?["resourceVersion"]?.text == "42")
        #expect(node["object"]?["usage"]?["cpu"]?.text == "250m")
    }

    @Test("protobuf: a length of four bytes, the event, and in it the object in its envelope")
    func protobuf() throws {
        var encoder = try Self.encoder("application/vnd.kubernetes.protobuf;stream=watch")
        let bytes = Self.event(.modified, by: &encoder) + Self.event(.added, 1, by: &encoder)
        let events = try TestWatchEvent.all(bytes)
        #expect(events.map(\.type) == ["MODIFIED", "ADDED"])
        #expect(events[0].object.kind == "PodMetrics")
        #expect(events[0].object.apiVersion == "metrics.k8s.io/v1beta1")
        let metadata = try events[0].object.object.message(1)
        #expect(metadata.string(1) == "p" && metadata.string(3) == "a" && metadata.string(5) == "u")
        #expect(metadata.string(6) == "42")
        #expect(try metadata.map(11) == ["app": "x"])
        #expect(try events[1].object.object.all(4).count == 1)
    }

    @Test("a Table of one row, whose columns are told once")
    func table() throws {
        var encoder = try Self.encoder("application/json;as=Table;v=v1;g=meta.k8s.io")
        let first = try TestJSON(Self.event(.added, by: &encoder))["object"]
        #expect(first?["kind"]?.text == "Table" && first?["apiVersion"]?.text == "meta.k8s.io/v1")
        #expect(first?["metadata"] == .object(["resourceVersion": .string("42")]))
        #expect(
            first?["columnDefinitions"]?.items?.compactMap { $0["name"]?.text } == ["Name", "cpu", "memory", "Window"])
        let row = first?["rows"]?[0]
        #expect(row?["cells"]?.items?.compactMap(\.text) == ["p", "250m", "64Mi", "15s"])
        #expect(row?["object"]?["kind"]?.text == "PartialObjectMetadata")
        #expect(row?["object"]?["metadata"]?["resourceVersion"]?.text == "42")
        let second = try TestJSON(Self.event(.modified, by: &encoder))["object"]
        #expect(second?["columnDefinitions"] == .null)
        #expect(second?["rows"]?.items?.count == 1)
        // One more column when there is something to show in it; from then on everybody has it.
        let third = try TestJSON(Self.event(.added, 1, by: &encoder))["object"]
        #expect(third?["columnDefinitions"]?.items?.count == 5)
        #expect(third?["rows"]?[0]?["cells"]?.items?.count == 5)
        let fourth = try TestJSON(Self.event(.added, by: &encoder))["object"]
        #expect(fourth?["columnDefinitions"] == .null)
        #expect(fourth?["rows"]?[0]?["cells"]?[3] == .null)
    }

    @Test("what a row carries is as the query says", arguments: ["None", "Metadata", "Object"])
    func rowObject(choice: String) throws {
        var encoder = try Self.encoder(
            "application/json;as=Table;v=v1beta1;g=meta.k8s.io", query: "includeObject=\(choice)")
        let object = try TestJSON(Self.event(.added, by: &encoder))["object"]?["rows"]?[0]?["object"]
        let kinds = ["None": nil, "Metadata": "PartialObjectMetadata", "Object": "PodMetrics"]
        #expect(object?["kind"]?.text == kinds[choice])
    }

    @Test("metadata only, in both encodings")
    func partial() throws {
        let transform = ";as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
        var encoder = try Self.encoder("application/json\(transform)")
        let object = try TestJSON(Self.event(.added, by: &encoder))["object"]
        #expect(object?["kind"]?.text == "PartialObjectMetadata")
        #expect(object?["metadata"]?["resourceVersion"]?.text == "42")
        #expect(object?["containers"] == nil)
        encoder = try Self.encoder("application/vnd.kubernetes.protobuf\(transform)")
        let event = try TestWatchEvent.all(Self.event(.added, by: &encoder))[0]
        #expect(event.object.kind == "PartialObjectMetadata" && event.object.apiVersion == "meta.k8s.io/v1")
        #expect(try event.object.object.message(1).string(6) == "42")
    }

    @Test("a bookmark is an object with nothing but a version", arguments: [false, true])
    func bookmark(marked: Bool) throws {
        let mark = marked ? "true" : nil
        func bookmark(_ accept: String, _ kind: FiguresList.Kind = .pods) throws -> [UInt8] {
            var encoder = try Self.encoder(accept, kind)
            var out = ByteWriter()
            encoder.bookmark(resourceVersion: 42, endsInitialEvents: marked, to: &out)
            return out.bytes
        }
        func check(_ metadata: TestJSON?, _ comment: Comment) {
            #expect(metadata?["resourceVersion"]?.text == "42", comment)
            #expect(metadata?["annotations"]?["k8s.io/initial-events-end"]?.text == mark, comment)
            #expect(metadata?["name"] == nil, comment)
        }
        for (kind, name, figures) in [
            (FiguresList.Kind.pods, "PodMetrics", "containers"), (.nodes, "NodeMetrics", "usage"),
        ] {
            let event = try TestJSON(bookmark("application/json", kind))
            #expect(event["type"]?.text == "BOOKMARK")
            #expect(event["object"]?["kind"]?.text == name)
            #expect(event["object"]?[figures] == .null)
            check(event["object"]?["metadata"], "\(name)")
            let binary = try TestWatchEvent.all(bookmark("application/vnd.kubernetes.protobuf", kind))[0]
            #expect(binary.type == "BOOKMARK" && binary.object.kind == name)
            #expect(try binary.object.object.message(1).string(6) == "42")
            #expect(try binary.object.object.message(1).map(12)["k8s.io/initial-events-end"] == mark)
        }
        let partial = try TestJSON(bookmark("application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"))
        check(partial["object"]?["metadata"], "partial")
        let table = try TestJSON(bookmark("application/json;as=Table;v=v1;g=meta.k8s.io"))["object"]
        #expect(table?["metadata"]?["resourceVersion"]?.text == "42")
        #expect(table?["rows"]?[0]?["cells"]?.items?.count == table?["columnDefinitions"]?.items?.count)
        check(table?["rows"]?[0]?["object"]?["metadata"], "table")
    }

    @Test("a failure is a Status, whatever was asked for")
    func error() throws {
        var out = ByteWriter()
        try Self.encoder("application/json;as=Table;v=v1;g=meta.k8s.io").error(.expired(1, oldest: 2), to: &out)
        let status = try TestJSON(out.bytes)
        #expect(status["type"]?.text == "ERROR")
        #expect(status["object"]?["kind"]?.text == "Status" && status["object"]?["apiVersion"]?.text == "v1")
        #expect(status["object"]?["code"]?.text == "410" && status["object"]?["reason"]?.text == "Expired")
        #expect(status["object"]?["message"]?.text == "too old resource version: 1 (2)")
        out = ByteWriter()
        try Self.encoder("application/vnd.kubernetes.protobuf").error(.expired(1, oldest: 2), to: &out)
        let event = try TestWatchEvent.all(out.bytes)[0]
        #expect(event.type == "ERROR" && event.object.kind == "Status")
        #expect(event.object.object.integer(6) == 410)
    }
}

/// A frame of a protobuf watch, taken apart.
struct TestWatchEvent {
    var type: String
    var object: TestEnvelope

    static func all(_ bytes: [UInt8]) throws -> [TestWatchEvent] {
        var events: [TestWatchEvent] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            guard rest.count >= 4 else { throw TestProtobuf.Malformed() }
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(4)
            guard rest.count >= length else { throw TestProtobuf.Malformed() }
            let event = try TestProtobuf(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
            let raw = try event.message(2).fields.compactMap { field -> [UInt8]? in
                guard field.number == 1, case .bytes(let bytes) = field.value else { return nil }
                return bytes
            }
            guard let raw = raw.first else { throw TestProtobuf.Malformed() }
            events.append(TestWatchEvent(type: event.string(1) ?? "", object: try TestEnvelope(raw)))
        }
        return events
    }
}
