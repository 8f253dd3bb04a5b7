// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("What a client of the API port may not do")
struct ServerLimitsTests {
    @Test("a body beyond 64 KiB is 413, over either protocol", arguments: ["--http1.1", "--http2"])
    func largeBody(version: String) async throws {
        try await APITestServer.run(times: ServerTimes(close: .seconds(2))) { server in
            let body = server.file("body", String(repeating: "x", count: HTTPRequestHandler.largestBody + 1))
            let answer = try await server.curl("/livez", version, "--data-binary", "@\(body)")
            #expect(answer.status == 413)
            #expect(answer.body.contains("Request entity too large: limit is 65536"))
            #expect(server.router.metrics.responsesByStatus.map(\.status) == [413])
            let endless = try await server.curl("/livez", version, "-T", "/dev/zero", "-X", "POST", "-m", "5")
            #expect(endless.status == 413 || endless.exit != 0)
            #expect(try await server.losesAllConnections())
        }
    }

    @Test("a body within it is read and passed over", arguments: ["--http1.1", "--http2"])
    func smallBody(version: String) async throws {
        try await APITestServer.run { server async throws in
            let body = server.file("body", String(repeating: "x", count: HTTPRequestHandler.largestBody))
            #expect(try await server.curl("/livez", version, "--data-binary", "@\(body)").status == 200)
        }
    }

    /// Headers of so many lines of 60,000 bytes.
    private func ask(_ server: APITestServer, lines: Int) throws -> String {
        let client = try server.client()
        let line = String(repeating: "x", count: 60_000)
        try client.send("GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n")
        for index in 0..<lines { try? client.send("X-\(index): \(line)\r\n") }
        try? client.send("\r\n")
        return client.rest()
    }

    @Test("headers beyond 256 KiB end that connection and no other")
    func largeHeaders() async throws {
        try await APITestServer.run { server async throws in
            #expect(try ask(server, lines: 4).hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(try ask(server, lines: 5).hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(try await server.losesAllConnections())
            #expect(try await server.curl("/livez").status == 200)
        }
    }

    @Test("headers of HTTP/2 that never end do not grow for ever")
    func endlessHeaders() async throws {
        try await APITestServer.run(times: ServerTimes(close: .milliseconds(200))) { server in
            let client = try server.client(["h2"])
            let fragment = [UInt8](repeating: 0, count: 16_000)
            func frame(type: UInt8, _ payload: [UInt8], stream: UInt8 = 1) -> [UInt8] {
                [0, UInt8(payload.count >> 8), UInt8(payload.count & 255), type, 0, 0, 0, 0, stream] + payload
            }
            try client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            try client.send(frame(type: 4, [], stream: 0))
            // A literal field, its name of one byte, and a value said to have 2^28 bytes.
            try client.send(frame(type: 1, [0, 1, 0x78, 0x7f, 0x81, 0xff, 0xff, 0x7f]))
            var frames = 0
            while frames < 200, (try? client.send(frame(type: 9, fragment))) != nil { frames += 1 }
            #expect(try await server.losesAllConnections())
            #expect(try await server.curl("/livez").status == 200)
        }
    }

    @Test("what is not HTTP is 400", arguments: ["\0\0\0\0", "hello\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET\r\n\r\n"])
    func garbage(text: String) async throws {
        try await APITestServer.run { server in
            let client = try server.client()
            try client.send(text)
            #expect(client.rest().hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            client.hangUp(politely: true)
            #expect(try await server.losesAllConnections())
        }
    }

    @Test("what is not HTTP/2 ends the connection")
    func garbageHTTP2() async throws {
        try await APITestServer.run { server in
            let client = try server.client(["h2"])
            try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            // GOAWAY, and then the end: nothing here waits for the client.
            while try !client.receive().isEmpty {}
            client.hangUp(politely: true)
            #expect(try await server.losesAllConnections())
        }
    }

    @Test("a connection on which nothing moves is closed", arguments: ["http/1.1", "h2"])
    func idle(name: String) async throws {
        // A handshake that the machine holds up is not idle for so long.
        try await APITestServer.run(times: ServerTimes(idle: .seconds(3), close: .milliseconds(50))) { server in
            try await offPool { _ = try server.client([name]).rest() }
            #expect(try await server.losesAllConnections())
        }
    }

    @Test("a client without TLS is closed when the handshake takes too long")
    func noHandshake() async throws {
        try await APITestServer.run(times: ServerTimes(handshake: .milliseconds(100))) { server in
            let port = server.port
            let silent = try await offPool {
                try ChildProcess.run(["bash", "-c", "cat < /dev/tcp/127.0.0.1/\(port)"])
            }
            #expect(silent.status == 0)
            #expect(try await server.losesAllConnections())
        }
    }

    @Test("a request that comes in drips does not hold the connection")
    func drips() async throws {
        let times = ServerTimes(idle: .milliseconds(600), close: .milliseconds(50))
        try await APITestServer.run(times: times) { server in
            let sent = try await offPool {
                let client = try server.client()
                try client.send("GET /livez HTTP/1.1\r\nX: ")
                return (0..<500).prefix { _ in
                    usleep(20_000)
                    return (try? client.send("y")) != nil
                }.count
            }
            #expect(sent < 500)
            #expect(try await server.losesAllConnections())
        }
    }

    @Test("a keep-alive connection lives longer than one idle time while requests come")
    func notIdle() async throws {
        try await APITestServer.run(times: ServerTimes(idle: .seconds(5))) { server in
            let answers = try await offPool {
                let client = try server.client()
                var text = ""
                for round in 1...12 {
                    // Far less than the idle time, which all of them together exceed.
                    usleep(500_000)
                    try client.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
                    while text.ranges(of: "\r\n\r\nok").count < round {
                        let more = try client.receive()
                        if more.isEmpty { return round - 1 }
                        text += String(decoding: more, as: UTF8.self)
                    }
                }
                return 12
            }
            #expect(answers == 12)
        }
    }

    @Test("a client that stops reading its answer is cut off", arguments: ["--http1.1", "--http2"])
    func stopsReading(version: String) async throws {
        // HTTP/2 ends the stream when the answer's time has passed, and the connection when it has been idle.
        let times = ServerTimes(idle: .seconds(4), answer: .milliseconds(300), close: .milliseconds(100))
        try await APITestServer.run(.huge, times: times) { server in
            let curl = try ChildProcess([
                "curl", "-sSk", version, "--limit-rate", "10k", "-o", "/dev/null", server.url("/readyz"),
            ])
            #expect(try await eventually { !server.router.metrics.responsesByStatus.isEmpty })
            #expect(kill(curl.pid, SIGSTOP) == 0)
            #expect(try await server.losesAllConnections())
        }
    }

    @Test("one that reads gets all of it", arguments: ["--http1.1", "--http2"])
    func reads(version: String) async throws {
        try await APITestServer.run(.huge) { server in
            let (status, text) = try await server.run(
                [version, "-o", "/dev/null", "-w", "%{size_download}", server.url("/readyz")])
            #expect(status == 0)
            #expect(Int(text) ?? 0 > RequestRouter.hugeBytes)
        }
    }
}
