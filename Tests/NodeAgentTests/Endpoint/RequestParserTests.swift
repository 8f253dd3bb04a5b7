// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NodeAgent

@Suite("The endpoint's request parser")
struct RequestParserTests {
    private func parse(_ text: String) -> ParsedHead { RequestParser.parse(Array(text.utf8)) }

    private func status(_ text: String) -> HTTPStatus? {
        if case .refused(let status, _) = parse(text) { status } else { nil }
    }

    /// As curl 7.74, Prometheus 2.53, kubelet 1.20 and OpenSSL's `s_client` users send them.
    static let requests: [(String, RequestHead)] = [
        (
            "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:9090\r\nUser-Agent: curl/7.74.0\r\nAccept: */*\r\n\r\n",
            RequestHead(method: .get, path: "/metrics", keepsAlive: true, accept: "*/*")
        ),
        (
            "GET /metrics HTTP/1.1\r\nHost: 10.0.0.7:9090\r\nUser-Agent: Prometheus/2.53.0\r\n"
                + "Accept: application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1\r\nAccept-Encoding: gzip\r\n"
                + "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n",
            RequestHead(
                method: .get, path: "/metrics", keepsAlive: true,
                accept: "application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1")
        ),
        (
            "GET /livez HTTP/1.1\r\nHost: 10.0.0.7:9090\r\nUser-Agent: kube-probe/1.20\r\nAccept: */*\r\n"
                + "Connection: close\r\n\r\n",
            RequestHead(method: .get, path: "/livez", keepsAlive: false, accept: "*/*")
        ),
        ("HEAD / HTTP/1.0\r\n\r\n", RequestHead(method: .head, path: "/", keepsAlive: false)),
        ("GET / HTTP/1.0\nConnection: x, Keep-Alive\n\n", RequestHead(method: .get, path: "/", keepsAlive: true)),
        (
            "GET http://host:1/livez?verbose HTTP/1.1\r\nhost:host\r\nAccept:a/b\r\nACCEPT: c/d \r\n\r\n",
            RequestHead(method: .get, path: "/livez", keepsAlive: true, accept: "a/b,c/d")
        ),
        ("\r\n\r\nGET /?a=/b HTTP/1.9\r\nHost: \r\n\r\n", RequestHead(method: .get, path: "/", keepsAlive: true)),
        (
            "GET http://h HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n",
            RequestHead(method: .get, path: "/", keepsAlive: true)
        ),
    ]

    @Test("what clients send is understood, up to the end of the head and no further", arguments: requests)
    func understood(text: String, head: RequestHead) {
        let length = text.utf8.count
        #expect(parse(text) == .request(head, length: length))
        #expect(parse(text + "GET /next") == .request(head, length: length))
    }

    @Test("a head that was cut anywhere is incomplete, never wrong and never whole", arguments: requests)
    func truncated(text: String, head: RequestHead) {
        let bytes = Array(text.utf8)
        for count in bytes.indices { #expect(RequestParser.parse(Array(bytes[..<count])) == .incomplete, "\(count)") }
    }

    @Test(
        "what can be read in two ways, or is no request, is refused",
        arguments: [
            ("GET /\r\n\r\n", 400), ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
            ("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400),
            ("GET metrics HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400),
            ("GET http:///x HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", 400),
            ("GET /\u{e9} HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("GET / http/1.1\r\nHost: h\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
            ("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: h\r\nx\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: h\u{0}\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\rx: y\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: +0\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0, 5\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
            ("GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
            ("\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", 400), ("{\"jsonrpc\"", 400), (" GET /", 400),
            ("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello", 405),
            ("get / HTTP/1.1\r\nHost: h\r\n\r\n", 405), ("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 405),
            ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505), ("GET / HTTP/0.9\r\n\r\n", 505),
        ])
    func refused(text: String, code: Int) { #expect(status(text)?.rawValue == code, "\(parse(text))") }

    @Test("a head that does not end within 8 KiB is too large, in one line or in many")
    func huge() {
        let start = "GET / HTTP/1.1\r\nHost: h\r\n"
        for text in [
            String(repeating: "G", count: 9_000), start + "X: " + String(repeating: "y", count: 9_000),
            start + String(repeating: "X: y\r\n", count: 2_000),
        ] {
            let bytes = Array(text.utf8)
            #expect(RequestParser.parse(Array(bytes.prefix(EndpointLimits.headBytes - 1))) == .incomplete)
            guard case .refused(.headTooLarge, _) = RequestParser.parse(Array(bytes.prefix(EndpointLimits.headBytes)))
            else {
                Issue.record("taken")
                continue
            }
        }
        let fits =
            start + "X: " + String(repeating: "y", count: EndpointLimits.headBytes - start.utf8.count - 7) + "\r\n\r\n"
        #expect(fits.utf8.count == EndpointLimits.headBytes)
        #expect(
            parse(fits)
                == .request(RequestHead(method: .get, path: "/", keepsAlive: true), length: EndpointLimits.headBytes))
    }

    @Test("no bytes trap; what is taken for a request is one", arguments: seeds)
    func garbage(seed: UInt64) {
        var generator = Generator(seed: seed)
        let originals = Self.requests.map { Array($0.0.utf8) }
        let alphabet = Array("GET HEAD/ HTTP/1.1\r\n\r\n:, \t\u{0}\u{7f}".utf8) + [0x80, 0xff]
        for _ in 0..<2_000 {
            var bytes = originals.randomElement(using: &generator) ?? []
            for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[place] = alphabet.randomElement(using: &generator) ?? 0
                case 1: bytes.remove(at: place)
                default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                }
            }
            guard case .request(let head, let length) = RequestParser.parse(bytes) else { continue }
            #expect(length <= bytes.count && bytes[length - 1] == UInt8(ascii: "\n"))
            #expect(head.path.hasPrefix("/") || head.path == "*")
            #expect(head.path.utf8.allSatisfy { (0x21...0x7e).contains($0) })
        }
    }
}
