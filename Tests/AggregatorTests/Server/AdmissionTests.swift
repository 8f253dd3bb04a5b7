// SPDX-License-Identifier: Apache-2.0
import Console
import MetricsAPI
import NIOCore
import NIOEmbedded
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("How much the API port takes on")
struct AdmissionTests {
    @Test("what is over the bound has no place until another is free")
    func bound() {
        let admission = Admission(Admission.Limits(requests: 2))
        let first = admission.enter(.request)
        let second = admission.enter(.request)
        #expect(first != nil && second != nil)
        #expect(admission.enter(.request) == nil)
        // Watches are another bound's.
        let watch = admission.enter(.watch)
        #expect(watch != nil)
        first?.release()
        first?.release()
        let third = admission.enter(.request)
        #expect(third != nil)
        #expect(admission.enter(.request) == nil)
        #expect(admission.held.map(\.count) == [2, 1, 0])
        #expect(admission.refused.map(\.count) == [2, 0, 0])
        _ = (second, watch)
    }

    @Test("a place that is forgotten is free")
    func forgotten() {
        let admission = Admission(Admission.Limits(requests: 1))
        _ = admission.enter(.request)
        #expect(admission.held[0].count == 0)
    }

    @Test("0 is no bound")
    func unbounded() {
        let admission = Admission(Admission.Limits(requests: 0))
        let places = (0..<1_000).map { _ in admission.enter(.request) }
        #expect(places.allSatisfy { $0 != nil })
    }

    @Test("large lists wait for their turn, so many and no more, and not for those who left")
    func queue() throws {
        let loop = EmbeddedEventLoop()
        let admission = Admission(Admission.Limits(largeLists: 1, waitingLists: 2))
        let lives = (0..<4).map { _ in RequestLife() }
        let first = try admission.largeList(for: lives[0], on: loop).wait()
        #expect(first != nil)
        let second = admission.largeList(for: lives[1], on: loop)
        let third = admission.largeList(for: lives[2], on: loop)
        let refused = try admission.largeList(for: lives[3], on: loop).wait()
        #expect(refused == nil)
        #expect(admission.refused[2].count == 1)
        lives[1].end()
        // Room in the queue again: the one that left makes way.
        let fourth = admission.largeList(for: lives[3], on: loop)
        let left = try second.wait()
        #expect(left == nil)
        first?.release()
        let place = try third.wait()
        #expect(place != nil)
        place?.release()
        let last = try fourth.wait()
        #expect(last != nil && admission.held[2].count == 1)
        last?.release()
        #expect(admission.held[2].count == 0)
    }

    @Test("a watch has a watch's place, and probes and the page need none")
    func kinds() {
        let router = RequestRouter.test(limits: Admission.Limits(requests: 1, watches: 1))
        func admit(_ path: String, query: String? = nil) -> Entrance {
            router.admit(APIRequest(method: "GET", path: path, query: query))
        }
        let places = [admit(Self.nodes, query: "watch=true"), admit(Self.nodes)]
        #expect(router.metrics.admission.held.map(\.count) == [1, 1, 0])
        for (path, query) in [(Self.nodes, "watch=1"), (Self.nodes, nil), ("/livezz", nil), ("/", nil)] {
            guard case .refused(let answer) = admit(path, query: query) else {
                Issue.record("\(path) has a place")
                continue
            }
            #expect(answer.status == 429)
        }
        for path in ["/livez", "/readyz/ping", "/healthz", "/metrics"] {
            guard case .open(nil) = admit(path) else {
                Issue.record("\(path) needs a place")
                continue
            }
        }
        _ = places
    }

    private static let nodes = APIServerTests.nodes

    @Test("over a socket it is 429 with Retry-After, in the client's type; probes and the page are exempt")
    func refused() async throws {
        let router = RequestRouter.test(
            source: FixedSource(nodeList: [.test(atUnixNanoseconds: LogLine.now())]),
            limits: Admission.Limits(requests: 1))
        try await APITestServer.run(router) { server in
            let place = router.metrics.admission.enter(.request)
            for version in ["--http1.1", "--http2"] {
                let answer = try await server.curl(Self.nodes, version, "-H", "Accept: application/json")
                #expect(answer.status == 429)
                #expect(answer.headers["retry-after"] == "1")
                #expect(answer.headers["content-type"] == "application/json")
                #expect(answer.body.contains(#""reason":"TooManyRequests""#))
                let yaml = try await server.curl(Self.nodes, version, "-H", "Accept: application/yaml")
                #expect(yaml.status == 429 && yaml.headers["content-type"] == "application/yaml")
                #expect(try await server.curl("/livez", version, token: nil).status == 200)
            }
            let page = try PrometheusPage(try await server.curl("/metrics").body)
            #expect(page[#"metrics_push_api_requests_in_flight{kind="request"}"#] == 1)
            #expect(page[#"metrics_push_api_requests_refused_total{kind="request"}"#] == 4)
            #expect(page[#"metrics_push_api_responses_total{code="429"}"#] == 4)
            place?.release()
            for version in ["--http1.1", "--http2"] {
                #expect(try await server.curl(Self.nodes, version).status == 200)
            }
            #expect(try await eventually { router.metrics.admission.held[0].count == 0 })
        }
    }

    @Test("a client that does not read keeps its place until the answer's deadline and no longer")
    func deadClient() async throws {
        let admission = Admission(Admission.Limits(requests: 1))
        let stream = CountingStream(total: 1 << 30)
        let responder = StreamResponder(stream: stream, admission: admission)
        // Closing takes longer than the test: the place must not wait for that.
        let times = ServerTimes(answer: .seconds(3), close: .seconds(60))
        try await APITestServer.run(responder: responder, times: times) { server in
            let client = try server.client()
            let start = ContinuousClock.now
            try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            // Without a place there is no answer; that it has one is not to be seen for long.
            #expect(try await eventually { stream.watcher.made > 0 })
            #expect(try await eventually { admission.held[0].count == 0 })
            #expect(ContinuousClock.now - start >= .seconds(3))
            #expect(server.server.connections.count == 1)
            client.hangUp(politely: false)
        }
    }
}
