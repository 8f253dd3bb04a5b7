// SPDX-License-Identifier: Apache-2.0
import Dispatch
import KubeTestSupport
import TLS
import TLSTestSupport
import Testing

@testable import Bench

@Suite("The bench's client")
struct APIConnectionTests {
    private static func endpoint(_ server: FakeAPIServer) throws -> APIEndpoint {
        let address = try #require(SocketAddress(ipLiteral: "127.0.0.1", port: UInt16(server.port)))
        return APIEndpoint(
            address: address, context: try TestPKI.shared.clientContext(alpn: ["http/1.1"]), serverName: "localhost",
            credentials: "X-Remote-User: jane\r\n")
    }

    /// Blocking calls do not belong on the pool's threads.
    private static func ask(_ server: FakeAPIServer, _ paths: [String]) async throws -> [APIConnection.Answer] {
        let endpoint = try endpoint(server)
        return try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(
                    with: Result {
                        let deadline = Deadline.after(milliseconds: 60_000)
                        var connection = try endpoint.connect(deadline: deadline)
                        return try paths.map { try connection.get($0, encoding: "gzip", deadline: deadline) }
                    })
            }
        }
    }

    @Test("takes answers of a length and answers in chunks, one after another on one connection")
    func framing() async throws {
        let server = try await FakeAPIServer()
        let long = [UInt8](repeating: 7, count: 300_000)
        server.on("GET /long") { _ in .answer(status: 200, contentType: "a", headers: ["x-name": "b"], body: long) }
        server.on("GET /chunks") { _ in
            .stream(contentType: "a") { stream in
                stream.send(Array("one".utf8))
                stream.send(long)
                stream.send(Array("\r\n0\r\n".utf8))
                stream.end()
            }
        }
        let answers = try await Self.ask(server, ["/long", "/chunks", "/none", "/chunks"])
        #expect(answers.map(\.status) == [200, 200, 404, 200])
        #expect(answers[0].body == long && answers[0].headers["x-name"] == "b")
        #expect(answers[1].body == Array("one".utf8) + long + Array("\r\n0\r\n".utf8))
        #expect(answers[3].body == answers[1].body)
        let requests = server.requests
        #expect(Set(requests.map(\.connection)).count == 1)
        #expect(requests.allSatisfy { $0.headers["x-remote-user"] == "jane" })
        #expect(requests.allSatisfy { $0.headers["accept-encoding"] == "gzip" })
        await server.stop()
    }

    @Test("says when an answer is cut off")
    func cutOff() async throws {
        let server = try await FakeAPIServer()
        server.on("GET /cut") { _ in
            .stream(contentType: "a") { stream in
                stream.send(Array("one".utf8))
                stream.cut()
            }
        }
        await #expect(throws: (any Error).self) { try await Self.ask(server, ["/cut"]) }
        await server.stop()
    }
}
