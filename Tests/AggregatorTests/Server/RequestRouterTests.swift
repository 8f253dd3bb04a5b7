// SPDX-License-Identifier: Apache-2.0
import Console
import MetricsAPI
import NIOCore
import Testing

@testable import Aggregator

@Suite("Who gets which answer")
struct RequestRouterTests {
    let router = RequestRouter.test(source: FixedSource(nodeList: [.test(atUnixNanoseconds: LogLine.now())]))
    static let nodes = "/apis/metrics.k8s.io/v1beta1/nodes"

    @Test("the token opens everything", arguments: ["/apis", "/metrics", "/version", nodes, "/livez", "/healthz"])
    func token(path: String) throws {
        #expect(try router.ask(path).status == 200)
    }

    @Test("a token that is not valid is 401 everywhere, the probes included", arguments: [nodes, "/livez", "/nope"])
    func badToken(path: String) throws {
        for token in ["wrong", "", " ", RequestRouter.userToken + "x"] {
            let answer = try router.ask(path, token: token)
            #expect(answer.status == 401)
            #expect(answer.text.contains(#""reason":"Unauthorized""#))
        }
    }

    @Test("nobody in particular is 403, in words that name what was asked")
    func anonymous() throws {
        let answer = try router.ask(Self.nodes, token: nil)
        #expect(answer.status == 403)
        #expect(answer.text.contains(#"nodes.metrics.k8s.io is forbidden: User \"system:anonymous\" cannot list"#))
        for path in ["/metrics", "/", "/apis", "/version", "/nope"] {
            #expect(try router.ask(path, token: nil).status == 403, "\(path)")
        }
    }

    @Test("the probes need no token, and lead nowhere else without one")
    func probes() throws {
        #expect(try router.ask("/livez", token: nil).text == "ok")
        #expect(try router.ask("/readyz", token: nil).status == 500)
        #expect(try router.ask("/livez/ping", token: nil).text == "ok")
        #expect(try router.ask("/livez/nope", token: nil).status == 404)
        for path in [
            "/livez/..\(Self.nodes)", "/livez/%2e%2e\(Self.nodes)", "/livez/../metrics", "/livez%2f..\(Self.nodes)",
            "/livezz", "//livez", "/livez\(Self.nodes)",
        ] {
            let answer = try router.ask(path, token: nil)
            #expect(answer.status == 403 || answer.status == 404, "\(path)")
        }
    }

    @Test("HEAD has the page's length to tell on /metrics and the probes", arguments: ["/metrics", "/livez"])
    func head(path: String) throws {
        #expect(try router.ask(path, method: "HEAD").status == 200)
    }

    @Test("answers are counted by status")
    func counted() throws {
        let router = RequestRouter.test()
        for path in ["/livez", "/readyz", "/livez"] { _ = try router.ask(path, token: nil) }
        _ = try router.ask(Self.nodes, token: nil)
        _ = try router.ask(Self.nodes, token: "wrong")
        _ = router.refuseBody(of: APIRequest(method: "POST", path: "/"), limitBytes: 1)
        let counts = router.metrics.responsesByStatus.map { "\($0.status): \($0.count)" }
        #expect(counts == ["200: 2", "401: 1", "403: 1", "413: 1", "500: 1"])
    }

    @Test("the age of each figure that is served is observed, and of nothing else")
    func freshness() throws {
        let now = LogLine.now()
        // Each far from the bound above it: time goes on.
        let ages: [Int64] = [12_000, 35_000, 70_000]
        let router = RequestRouter.test(
            source: FixedSource(
                nodeList: ages.enumerated().map { .test("n\($0)", atUnixNanoseconds: now - $1 * 1_000_000) }))
        _ = try router.ask(Self.nodes, token: nil)
        _ = try router.ask("/livez")
        _ = try router.ask("\(Self.nodes)/nope")
        _ = try router.ask(Self.nodes)
        _ = try router.ask("\(Self.nodes)/n1")
        let page = try PrometheusPage(router.ask("/metrics").text)
        let name = "metrics_push_api_metric_freshness_seconds"
        #expect(page["\(name)_count"] == 4)
        for bound in ["0.5", "10.0"] { #expect(page["\(name)_bucket{le=\"\(bound)\"}"] == 0) }
        #expect(page[#"\#(name)_bucket{le="30.0"}"#] == 1)
        #expect(page[#"\#(name)_bucket{le="60.0"}"#] == 3)
        #expect(page[#"\#(name)_bucket{le="+Inf"}"#] == 4)
        let sum = try #require(page["\(name)_sum"])
        #expect(sum >= 152 && sum < 172)
    }

    private struct Broken: RequestAuthenticator {
        struct Failure: Error {}
        func authenticate(
            _ credentials: RequestCredentials, on eventLoop: any EventLoop
        ) -> EventLoopFuture<Authentication> {
            eventLoop.makeFailedFuture(Failure())
        }
    }

    @Test("an authenticator that breaks lets nobody in")
    func broken() {
        let router = RequestRouter.test(authenticator: Broken())
        #expect(throws: Broken.Failure.self) { try router.ask(Self.nodes) }
    }
}
