// SPDX-License-Identifier: Apache-2.0
import Console
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("The API port, asked by curl")
struct APIServerTests {
    static let nodes = "/apis/metrics.k8s.io/v1beta1/nodes"
    private var router: RequestRouter {
        .test(source: FixedSource(nodeList: [.test(atUnixNanoseconds: LogLine.now())]))
    }

    @Test("a list is served over HTTP/1.1 and HTTP/2", arguments: ["--http1.1", "--http2"])
    func list(version: String) async throws {
        try await APITestServer.run(router) { server in
            let answer = try await server.curl(Self.nodes, version)
            #expect(answer.version == (version == "--http2" ? "HTTP/2" : "HTTP/1.1"))
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.headers["content-length"] == "\(answer.body.utf8.count)")
            #expect(answer.body.hasPrefix(#"{"kind":"NodeMetricsList","apiVersion":"metrics.k8s.io/v1beta1""#))
            #expect(answer.body.contains(#""usage":{"cpu":"250m","memory":"1Mi"}"#))
        }
    }

    @Test("probes, refusals and the page are the router's, on the wire", arguments: ["--http1.1", "--http2"])
    func answers(version: String) async throws {
        try await APITestServer.run { server in
            func ask(_ path: String, token: String? = nil) async throws -> (Int, String) {
                let answer = try await server.curl(path, version, token: token)
                #expect(answer.exit == 0 && answer.headers["content-length"] == "\(answer.body.utf8.count)")
                return (answer.status, answer.body)
            }
            #expect(try await ask("/livez") == (200, "ok"))
            #expect(try await ask("/livez?verbose") == (200, "[+]ping ok\nlivez check passed\n"))
            #expect(try await ask("/healthz/ping") == (200, "ok"))
            #expect(try await ask("/readyz") == (500, "[+]ping ok\n[-]agents failed: none yet\nreadyz check failed\n"))
            #expect(try await ask("/readyz?exclude=agents") == (200, "ok"))
            #expect(try await ask("/livez", token: "wrong").0 == 401)
            #expect(try await ask("/livez/nope").0 == 404)
            #expect(try await ask(Self.nodes).0 == 403)
            #expect(try await ask(Self.nodes, token: "wrong").0 == 401)
            let page = try await ask("/metrics", token: RequestRouter.userToken)
            #expect(page.0 == 200)
            #expect(try PrometheusPage(page.1)[#"metrics_push_api_responses_total{code="401"}"#] == 2)
        }
    }

    @Test("a path is decoded once, and a query is not part of it")
    func paths() async throws {
        try await APITestServer.run(router) { server async throws in
            #expect(try await server.curl("\(Self.nodes)/n%31").status == 200)
            #expect(try await server.curl("\(Self.nodes)/n%2531").status == 404)
            #expect(try await server.curl("\(Self.nodes)?labelSelector=a%3Db").body.contains(#""items":[]"#))
            #expect(try await server.curl("/livez/..\(Self.nodes)", "--path-as-is", token: nil).status == 404)
            #expect(try await server.curl("\(Self.nodes)/%").status == 400)
        }
    }

    @Test("several Accept headers count as one list")
    func accept() async throws {
        try await APITestServer.run(router) { server in
            let answer = try await server.curl(Self.nodes, "-H", "Accept: text/html", "-H", "Accept: application/yaml")
            #expect(answer.headers["content-type"] == "application/yaml")
            #expect(try await server.curl(Self.nodes, "-H", "Accept: text/html").status == 406)
        }
    }

    @Test("HEAD is answered without a body, and the connection stays in step", arguments: ["--http1.1", "--http2"])
    func head(version: String) async throws {
        try await APITestServer.run { server in
            for path in ["/livez", "/metrics", Self.nodes] {
                // curl itself fails on bytes where none belong.
                let (status, text) = try await server.run(
                    [version, "-I", "-H", "Authorization: Bearer \(RequestRouter.userToken)", server.url(path)]
                        + ["--next", "-w", " %{num_connects}", server.url("/livez")])
                #expect(status == 0)
                #expect(text.hasSuffix("\r\n\r\nok 0"), "\(path): \(text)")
            }
        }
    }

    @Test("one connection serves request after request", arguments: ["--http1.1", "--http2"])
    func keepAlive(version: String) async throws {
        try await APITestServer.run { server in
            let (status, text) = try await server.run(
                [version, "-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", server.url("/livez?[1-5]")])
            #expect(status == 0)
            #expect(text == "200 1\n" + String(repeating: "200 0\n", count: 4))
        }
    }

    @Test("a client that does not want the connection kept has it closed", arguments: ["1.0", "1.1"])
    func closes(version: String) async throws {
        try await APITestServer.run { server in
            let client = try server.client()
            try client.send("GET /livez HTTP/\(version)\r\nHost: x\r\nConnection: close\r\n\r\n")
            let answer = client.rest()
            #expect(answer.hasPrefix("HTTP/1.") && answer.contains(" 200 OK\r\n"))
            #expect(answer.lowercased().contains("connection: close\r\n"))
            #expect(answer.hasSuffix("\r\n\r\nok"))
        }
    }

    @Test("requests sent without waiting are answered in their order")
    func pipelining() async throws {
        try await APITestServer.run { server in
            let client = try server.client()
            try client.send(
                "GET /livez HTTP/1.1\r\nHost: x\r\n\r\nGET /nope HTTP/1.1\r\nHost: x\r\n\r\n"
                    + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            let statuses = client.rest().split(separator: "\r\n").filter { $0.contains("HTTP/1.1 ") }
                .map { $0.suffix(while: { $0 != "/" }) }
            #expect(statuses == ["1.1 200 OK", "1.1 403 Forbidden", "1.1 200 OK"])
        }
    }

    @Test("streams of one HTTP/2 connection are answered side by side")
    func streams() async throws {
        try await APITestServer.run { server in
            let (status, text) = try await server.run(
                ["--http2", "-Z", "--parallel-max", "50", "-o", "/dev/null", "--stderr", "/dev/null"]
                    + ["-w", "%{http_version} %{http_code}\n", server.url("/livez?[1-200]")])
            #expect(status == 0)
            #expect(text == String(repeating: "2 200\n", count: 200))
            #expect(server.router.metrics.responsesByStatus.map(\.count) == [200])
        }
    }

    @Test("a client without ALPN is served HTTP/1.1")
    func noALPN() async throws {
        try await APITestServer.run { server async throws in
            #expect(try await server.curl("/livez", "--no-alpn").version == "HTTP/1.1")
        }
    }

    @Test("plain HTTP and a client that distrusts the certificate get nothing, and cost nobody else")
    func foreign() async throws {
        try await APITestServer.run { server async throws in
            #expect(try await server.run(["http://127.0.0.1:\(server.port)/livez"]).status != 0)
            #expect(
                try await server.run(["--cacert", "/etc/ssl/certs/ca-certificates.crt", server.url("/livez")]).status
                    == 60)
            #expect(try await server.curl("/livez").status == 200)
            #expect(try await server.losesAllConnections())
        }
    }
}

extension Substring {
    /// The end of it that satisfies `predicate`.
    fileprivate func suffix(while predicate: (Character) -> Bool) -> String {
        String(reversed().prefix(while: predicate).reversed())
    }
}
