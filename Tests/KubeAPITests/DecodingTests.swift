// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import Testing

@testable import KubeAPI

extension [UInt8] {
    /// Decodes one page of a list.
    func page<Object: KubeObject>(
        of type: Object.Type = PartialMetadata.self, _ options: KubeDecodingOptions = KubeDecodingOptions()
    ) throws(KubeDecodingError) -> ListPage<Object> {
        try ListPage(span.bytes, options: options)
    }

    /// Decodes a watch's frame.
    func event(
        _ options: KubeDecodingOptions = KubeDecodingOptions()
    ) throws(KubeDecodingError) -> WatchEvent<PartialMetadata> {
        try WatchEvent(frame: span.bytes, options: options)
    }
}

@Suite("Decoding")
struct DecodingTests {
    @Test("a page of metadata keeps what is asked for and nothing else")
    func metadata() throws {
        let body = KubeProto.partialList(
            version: "1234", continueToken: "next",
            [
                KubeProto.metadata(
                    "web-0", namespace: "shop", uid: "u-0", version: "1200", labels: ["app": "web", "tier": "front"],
                    annotations: ["kubernetes.io/config.hash": "abc", "big": "…"], managedBytes: 4000),
                KubeProto.metadata("web-1", namespace: "shop").message(9, KubeProto().number(1, 1_800_000_000)),
            ])
        let page = try body.page(KubeDecodingOptions(annotations: ["kubernetes.io/config.hash"]))
        #expect(page.resourceVersion == "1234")
        #expect(page.continueToken == "next")
        #expect(
            page.objects.map(\.metadata) == [
                ObjectMetadata(
                    namespace: "shop", name: "web-0", uid: "u-0", resourceVersion: "1200",
                    creationUnixSeconds: 1_700_000_000,
                    labels: [.init(key: "app", value: "web"), .init(key: "tier", value: "front")],
                    annotations: [.init(key: "kubernetes.io/config.hash", value: "abc")]),
                ObjectMetadata(
                    namespace: "shop", name: "web-1", uid: "uid-web-1", resourceVersion: "1",
                    creationUnixSeconds: 1_700_000_000, isBeingDeleted: true),
            ])
        #expect(page.objects[0].metadata.annotation("kubernetes.io/config.hash") == "abc")
        #expect(page.objects[0].metadata.label("tier") == "front")
    }

    @Test("an object without times, labels or uid has none")
    func absent() throws {
        let meta = KubeProto().text(1, "n").text(6, "3").message(8, KubeProto())
        let object = try KubeProto.partialList(version: "1", [meta]).page().objects[0].metadata
        #expect(object == ObjectMetadata(name: "n", resourceVersion: "3"))
    }

    @Test("a list of another kind, or without a version, is refused")
    func wrongLists() throws {
        let pods = KubeProto.list("v1", "PodList", version: "1", [])
        #expect(throws: KubeDecodingError("a PartialObjectMetadataList was expected, and the answer is a 'PodList'")) {
            try pods.page()
        }
        #expect(throws: KubeDecodingError.self) { try KubeProto.partialList(version: "", []).page() }
        #expect(throws: KubeDecodingError.self) { try [UInt8]().page() }
        #expect(throws: KubeDecodingError.self) { try Array("<html>".utf8).page() }
        let nameless = KubeProto().text(2, "no metadata")
        #expect(throws: KubeDecodingError("an object without metadata")) {
            try KubeProto.list("meta.k8s.io/v1", "PartialObjectMetadataList", version: "1", [nameless]).page()
        }
    }

    @Test("text that is not UTF-8, and a NUL in a name")
    func text() throws {
        let bad = KubeProto().raw(1, [0xFF, 0xFE]).text(6, "1")
        #expect(throws: KubeDecodingError.self) { try KubeProto.partialList(version: "1", [bad]).page() }
        let nul = KubeProto().text(1, "a\0b").text(6, "1")
        #expect(try KubeProto.partialList(version: "1", [nul]).page().objects[0].metadata.name == "a\0b")
    }

    @Test("events of a watch", arguments: ["ADDED", "MODIFIED", "DELETED"])
    func events(type: String) throws {
        let object = KubeProto.partial(KubeProto.metadata("p", version: "9"))
        switch try KubeProto.watchEvent(type, object).event() {
        case .change(let change, let version):
            #expect(version == "9")
            switch change {
            case .added(let object): #expect(type == "ADDED" && object.metadata.name == "p")
            case .modified(let object): #expect(type == "MODIFIED" && object.metadata.name == "p")
            case .deleted(let object): #expect(type == "DELETED" && object.metadata.name == "p")
            }
        case .bookmark, .failure: Issue.record("not a change")
        }
    }

    @Test("a bookmark and an ERROR event")
    func others() throws {
        let bookmark = KubeProto.partial(KubeProto().text(1, "").text(6, "77"))
        guard case .bookmark("77") = try KubeProto.watchEvent("BOOKMARK", bookmark).event() else {
            Issue.record("not a bookmark")
            return
        }
        let gone = KubeProto.status(410, "Expired", "too old resource version: 1 (2)")
        guard case .failure(let error) = try KubeProto.watchEvent("ERROR", gone).event() else {
            Issue.record("not an error")
            return
        }
        #expect(error.code == .gone)
        #expect(error.message.contains("too old resource version"))
    }

    @Test("events that are none")
    func badEvents() {
        let object = KubeProto.partial(KubeProto.metadata("p", version: "9"))
        #expect(throws: KubeDecodingError("a watch event of type 'RENAMED'")) {
            try KubeProto.watchEvent("RENAMED", object).event()
        }
        #expect(throws: KubeDecodingError.self) {
            try KubeProto.watchEvent("ADDED", KubeProto.partial(KubeProto().text(1, "p"))).event()
        }
        #expect(throws: KubeDecodingError.self) { try KubeProto.watchEvent("ADDED", []).event() }
        #expect(throws: KubeDecodingError.self) {
            try KubeProto.watchEvent("ADDED", KubeProto.status(410, "Expired", "")).event()
        }
    }

    @Test("a Status in protobuf and in JSON")
    func status() throws {
        let refusal = KubeProto.status(409, "AlreadyExists", "it is there")
        let parsed = APIStatus(body: refusal.span.bytes)
        let wire = try #require(parsed)
        #expect((wire.code, wire.reason, wire.message) == (409, "AlreadyExists", "it is there"))
        let text = """
            {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"no \\"x\\"\\n\\u00e9\\ud83d\\ude00",
            "reason":"Forbidden","details":{"causes":[{"a":1}],"retryAfterSeconds":3},"code":403}
            """
        let document = APIStatus(body: Array(text.utf8).span.bytes)
        let json = try #require(document)
        #expect((json.code, json.reason, json.message) == (403, "Forbidden", "no \"x\" é😀"))
        #expect(json.retryAfterSeconds == 3)
        for page in ["<html></html>", "{}", "[]", "{\"kind\":\"Pod\"}", "{\"kind\":", "", "nul"] {
            let status = APIStatus(body: Array(page.utf8).span.bytes)
            #expect(status == nil)
        }
    }
}
