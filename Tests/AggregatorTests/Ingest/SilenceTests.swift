// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import TLSTestSupport
import Testing
import Wire

@testable import Aggregator

@Suite("Peers that fall silent")
struct SilenceTests {
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
        try await IngestServer.run(times: IngestTimes(hello: .seconds(1))) { server in
            if speaksTLS {
                #expect(try server.agent().next() == nil)
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
        try await IngestServer.run(times: IngestTimes(hello: .seconds(1))) { server in
            try await offPool {
                let agent = try server.agent()
                for byte in try AgentMessage.hello(.test()).encodedFrame() {
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
            let refusedWhileSending = try await offPool {
                let agent = try server.welcomedAgent()
                var node = SimulatedNode()
                // Each frame starts the limit anew: more than one limit passes.
                for second in 0..<10 {
                    try agent.send(try node.frame(at: 100 + Double(second)))
                    usleep(100_000)
                }
                let refused = server.refused
                while try agent.next() != nil {}
                return refused
            }
            #expect(refusedWhileSending.isEmpty)
            #expect(try await eventually { server.openSessions == 0 })
            #expect(server.refused == ["silent": 1])
            #expect(server.log.lines(with: "warning no sample for too long; session closed").count == 1)
            _ = try server.welcomedAgent()
        }
    }

    @Test("an agent whose Hello we are slow to judge is not said to be silent")
    func slowVerdict() async throws {
        let authenticator = LateAuthenticator()
        try await IngestServer.run(authenticator: authenticator, times: IngestTimes(hello: .seconds(1))) {
            server in
            let agent = try server.agent()
            try agent.send(.hello(.test()))
            let refusal = try agent.refusal()
            #expect(refusal.code == .overloaded)
            #expect(refusal.reason.contains("could not be checked"))
            #expect(server.refused == ["overloaded": 1])
            try await authenticator.answer(.accepted())
            #expect(server.openSessions == 0)
        }
    }
}
