// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import NIOPosix
import TLSTestSupport
import Testing
import Wire

@testable import Aggregator

@Suite("Peers that fall silent")
struct SilenceTests {
    /// Of peers that have to do more than nothing before they fall silent: the machine may hold them up for seconds.
    private static let times = IngestTimes(handshake: .seconds(60), hello: .seconds(4))

    @Test("the limits are 10 s for a Hello, and then three intervals, at least 30 s")
    func defaults() {
        let times = IngestTimes()
        #expect(times.handshake == .seconds(10) && times.hello == .seconds(10))
        #expect(times.silence(intervalMilliseconds: 1_000) == .seconds(30))
        #expect(times.silence(intervalMilliseconds: 10_000) == .seconds(30))
        #expect(times.silence(intervalMilliseconds: 300_000) == .seconds(900))
    }

    @Test("a peer that connects and says nothing, with or without TLS, is cut off", arguments: [true, false])
    func saysNothing(speaksTLS: Bool) async throws {
        try await IngestServer.run(times: Self.times) { server in
            if speaksTLS {
                let message = try await offPool { try server.agent().next() }
                #expect(message == nil)
            } else {
                let port = server.port
                let silent = try await offPool {
                    try ChildProcess.run(["bash", "-c", "cat < /dev/tcp/127.0.0.1/\(port)"])
                }
                #expect(silent.status == 0)
            }
            #expect(try await eventually { server.service.connections.count == 0 })
            #expect(server.refused == ["silent": 1])
            #expect(server.log.lines(with: "warning a peer connected and said nothing; closed").count == 1)
        }
    }

    @Test("a frame that comes in drips does not hold the connection")
    func drips() async throws {
        try await IngestServer.run(times: Self.times) { server in
            try await offPool {
                let agent = try server.agent()
                // 20 s of drips: it is not done by then, whoever is held up.
                let token = String(repeating: "t", count: 1_000)
                for byte in try AgentMessage.hello(.test(token: token)).encodedFrame() {
                    guard server.refused.isEmpty, (try? agent.send([byte])) != nil else { break }
                    usleep(20_000)
                }
            }
            #expect(server.refused == ["silent": 1])
            #expect(server.openSessions == 0)
        }
    }

    @Test("a session that sends nothing past its limit is closed, and its node may come back")
    func silentSession() async throws {
        let times = IngestTimes(silentIntervals: 0, shortestSilence: .milliseconds(800))
        try await IngestServer.run(times: times) { server in
            try await offPool {
                let agent = try server.welcomedAgent()
                while try agent.next() != nil {}
            }
            #expect(try await eventually { server.openSessions == 0 })
            #expect(server.refused == ["silent": 1])
            #expect(server.log.lines(with: "warning no sample for too long; session closed").count == 1)
            try await offPool { _ = try server.welcomedAgent() }
        }
    }

    @Test("each frame starts the limit of a session anew")
    func frames() throws {
        let service = IngestService(
            store: SampleStore(), authenticator: OpenDoor(), metrics: IngestMetrics(), logger: LogCapture().logger,
            instance: "i", group: MultiThreadedEventLoopGroup.singleton)
        let session = try EmbeddedSession(service)
        defer { session.finish() }
        var node = SimulatedNode()
        for second: Int64 in [20, 40, 60, 80, 100, 120] {
            #expect(session.isOpen(at: second))
            try session.send(node.frame(at: 100 + Double(second)).bytes)
        }
        #expect(session.isOpen(at: 149))
        #expect(!session.isOpen(at: 151))
        #expect(service.metrics.refused.filter { $0.count > 0 }.map(\.reason) == ["silent"])
    }

    @Test("an agent whose Hello we are slow to judge is not said to be silent")
    func slowVerdict() async throws {
        let authenticator = LateAuthenticator()
        try await IngestServer.run(authenticator: authenticator, times: Self.times) { server in
            let refusal = try await offPool {
                let agent = try server.agent()
                try agent.send(.hello(.test()))
                return try agent.refusal()
            }
            #expect(refusal.code == .overloaded)
            #expect(refusal.reason.contains("could not be checked"))
            #expect(server.refused == ["overloaded": 1])
            try await authenticator.answer(.accepted())
            #expect(server.openSessions == 0)
        }
    }
}
