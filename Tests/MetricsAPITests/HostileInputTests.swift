// SPDX-License-Identifier: Apache-2.0

import MetricsAPI
import Testing

/// Nothing a client sends may trap, hang or be answered with anything but a complete response.
struct HostileInputTests {
    static let handler = MetricsAPIHandler(coreStub: CoreStub(CoreStubTests.Source()), versionInfo: testVersion)

    static func check(_ request: APIRequest) throws {
        let attributes = MetricsAPIHandler.attributes(of: request)
        let answer = Self.handler.respond(
            to: request, from: TestCluster(), nowUnixNanoseconds: TestCluster.now, observeServed: { _ in })
        #expect([200, 304, 400, 404, 405, 406, 422].contains(answer.status))
        #expect(!answer.contentType.isEmpty)
        if answer.contentType == "application/json", !answer.bytes.isEmpty { _ = try answer.json() }
        if answer.contentType.hasPrefix("application/vnd.kubernetes.protobuf"), !answer.bytes.isEmpty {
            _ = try TestEnvelope(answer.bytes)
        }
        let refusal = Self.handler.forbidden(attributes, user: request.path, accept: request.accept)
        if refusal.contentType == "application/json" { _ = try refusal.json() }
    }

    static let nasty: [String] = [
        "%", "%2", "%zz", "%00", "%ff%fe", "%25", "a%2Fb", "..", ".", "", "/", "//", "\u{0}", "\u{202e}", "é",
        "\u{d7ff}", "%f0%9f%92%a9", "+", ";", "&", "=", "\"", "<script>", "'; drop", "\r\nX: y", "\\",
        String(repeating: "/", count: 100_000), String(repeating: "a/", count: 50_000),
        String(repeating: "%41", count: 30_000), String(repeating: "%", count: 100_000),
    ]

    @Test("hostile paths")
    func paths() throws {
        for text in Self.nasty {
            for prefix in [
                "", "/", "/apis/", "/apis/metrics.k8s.io/", "\(base)/", "\(base)/nodes/", "\(base)/namespaces/",
                "/api/v1/pods/",
            ] {
                for suffix in ["", "/pods", "/pods/x"] {
                    try Self.check(APIRequest(method: "GET", path: prefix + text + suffix))
                }
            }
        }
    }

    @Test("a path that does not decode is a bad request")
    func badEscape() throws {
        for path in ["\(base)/%zz", "/%", "\(base)/nodes/a%4"] {
            #expect(ask(path).status == 400)
            #expect(try ask(path).json()["reason"]?.text == "BadRequest")
        }
    }

    @Test("hostile queries of 100 KB")
    func queries() throws {
        let big = 100_000
        let selectors = [
            String(repeating: ",", count: big), String(repeating: "(", count: big), String(repeating: "!", count: big),
            String(repeating: "a,", count: big / 2), "a in (" + String(repeating: ",", count: big) + ")",
            "a in (" + String(repeating: "b,", count: big / 2), String(repeating: "=", count: big),
            String(repeating: "\\", count: big), String(repeating: "a=b,", count: big / 4),
            "metadata.name=" + String(repeating: "\\,", count: big / 2), String(repeating: "\u{0}", count: 1000),
            "a\u{0}b", "\u{0}a", "a=\u{0}", "a in (\u{0})", String(repeating: "/", count: big),
            String(repeating: "é", count: big / 2), "a=" + String(repeating: "x", count: big),
        ]
        for selector in selectors + Self.nasty {
            let escaped = encoded(selector)
            for key in ["labelSelector", "fieldSelector"] {
                try Self.check(APIRequest(method: "GET", path: "\(base)/pods", query: "\(key)=\(escaped)"))
                try Self.check(APIRequest(method: "GET", path: "/api/v1/pods", query: "\(key)=\(selector)"))
            }
        }
        for text in Self.nasty {
            for key in ["limit", "pretty", "includeObject", "continue", "watch", "resourceVersionMatch"] {
                try Self.check(APIRequest(method: "GET", path: "\(base)/nodes", query: "\(key)=\(text)"))
            }
        }
        for query in [
            String(repeating: "&", count: big), String(repeating: "limit=1&", count: big / 8),
            String(repeating: "=", count: big),
        ] + Self.nasty {
            try Self.check(APIRequest(method: "GET", path: "\(base)/nodes", query: query))
        }
    }

    @Test("hostile headers")
    func headers() throws {
        let big = 100_000
        let values = [
            String(repeating: ",", count: big), String(repeating: ";", count: big),
            "a/b" + String(repeating: ";q=1", count: 20_000),
            String(repeating: "application/json,", count: 5000), String(repeating: "*/*;q=0,", count: 5000),
            "application/json;as=" + String(repeating: "T", count: big), "application/json;q=99999999999999999999",
            "application/json;q=0.99999999999999999999999", "application/json;as=Table;g=;v=", "/", ";", "=", "\"",
            "application/json;=", "application/json;q=\"", "application/*;as=Table;g=meta.k8s.io;v=v1",
        ]
        for value in values + Self.nasty {
            for path in ["\(base)/pods", "\(base)/nodes/nope", "/apis", "/api"] {
                try Self.check(
                    APIRequest(method: "GET", path: path, accept: value, ifNoneMatch: value, userAgent: value))
                try Self.check(APIRequest(method: value, path: path, accept: value))
            }
        }
    }

    @Test("two thousand requests put together at random, the same ones every time")
    func random() throws {
        var generator = SplitMix(state: 20_260_804)
        let words = [
            "app", "in", "notin", "(", ")", ",", "!", "=", "==", "!=", "<", ">", " ", "a", "/", "\\", "%", "%41", "&",
            ";",
            "metadata.name", "labelSelector=", "fieldSelector=", "watch=", "limit=", "q=", "application/json", "*/*",
            "as=Table", "g=meta.k8s.io", "v=v1", "\u{0}", "é", "-", ".", "1", "apis", "metrics.k8s.io", "v1", "nodes",
        ]
        func text() -> String {
            (0..<Int.random(in: 0...24, using: &generator))
                .map { _ in words[Int.random(in: 0..<words.count, using: &generator)] }.joined()
        }
        for _ in 0..<2000 {
            try Self.check(
                APIRequest(
                    method: "GET",
                    path: "\(base)/" + [["pods", "nodes"], [text()]].joined().shuffled(using: &generator)[0],
                    query: text(), accept: Bool.random(using: &generator) ? nil : text()))
        }
    }

    @Test("figures at the ends of their ranges")
    func extremes() throws {
        var cluster = TestCluster()
        let usage = ResourceUsage(cpuNanocores: .max, memoryBytes: .max, swapBytes: .max)
        for (timestamp, window) in [(Int64.min, Int64.min), (.max, .max), (0, 0), (-1, -1)] {
            let name = String(repeating: "\u{0}\"<", count: 100)
            cluster.allNodes = [
                NodeFigures(name: name, timestampUnixNanoseconds: timestamp, windowNanoseconds: window, usage: usage)
            ]
            cluster.allPods = [
                PodFigures(
                    namespace: "", name: name, uid: name, labels: Labels(["": name]),
                    timestampUnixNanoseconds: timestamp,
                    windowNanoseconds: window,
                    containers: [ContainerFigures](repeating: ContainerFigures(name: "", usage: usage), count: 3))
            ]
            for now in [Int64.min, 0, .max] {
                for accept in [
                    "application/json", "application/yaml", "application/vnd.kubernetes.protobuf",
                    NegotiationTests.table,
                ] {
                    for path in ["\(base)/pods", "\(base)/nodes"] {
                        let answer = Self.handler.respond(
                            to: APIRequest(method: "GET", path: path, accept: accept), from: cluster,
                            nowUnixNanoseconds: now, observeServed: { _ in })
                        #expect(answer.status == 200)
                        if answer.contentType == "application/json" { _ = try answer.json() }
                    }
                }
            }
        }
    }
}

/// A generator with a seed, so that a failure comes back.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = self.state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
