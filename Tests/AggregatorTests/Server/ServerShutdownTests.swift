// SPDX-License-Identifier: Apache-2.0
import NIOCore
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("The API port at a shutdown")
struct ServerShutdownTests {
    @Test("idle connections are ended with a goodbye of TLS", arguments: ["http/1.1", "h2"])
    func idle(name: String) async throws {
        try await APITestServer.run(times: ServerTimes(close: .milliseconds(200))) { server in
            let client = try server.client([name])
            if name == "http/1.1" { try client.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n") }
            // The answer, or HTTP/2's own greeting: the connection stands on both sides.
            #expect(try !client.receive().isEmpty)
            await server.server.connections.closeAll()
            #expect(server.server.connections.count == 0)
            while try !client.receive().isEmpty {}
        }
    }

    @Test("an answer that is on its way arrives whole")
    func answerOnItsWay() async throws {
        try await APITestServer.run(.huge) { server in
            let metrics = server.router.metrics
            async let curl = server.run(
                ["--http1.1", "-o", "/dev/null", "-w", "%{size_download}", server.url("/readyz")])
            #expect(try await eventually { !metrics.responsesByStatus.isEmpty })
            await server.server.connections.closeAll()
            let (status, text) = try await curl
            #expect(status == 0)
            #expect(Int(text) ?? 0 > RequestRouter.hugeBytes)
        }
    }

    @Test("a client that does not take part is left behind after the close time")
    func stubborn() async throws {
        try await APITestServer.run(times: ServerTimes(close: .milliseconds(100))) { server in
            let client = try server.client()
            #expect(try await eventually { server.server.connections.count == 1 })
            await server.server.connections.closeAll()
            #expect(server.server.connections.count == 0)
            client.hangUp(politely: false)
        }
    }
}
