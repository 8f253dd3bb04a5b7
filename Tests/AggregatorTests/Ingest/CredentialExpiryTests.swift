// SPDX-License-Identifier: Apache-2.0
import Console
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Wire

@testable import Aggregator

@Suite("A session whose token ends")
struct CredentialExpiryTests {
    /// Whole seconds: a token's end has no finer unit.
    private static func end(in seconds: Int64) -> Int64 { LogLine.now() / 1_000_000_000 + seconds }

    private static let endless = AgentVerdict.accepted()
    private static let overloaded = AgentVerdict.refused(Reject(code: .overloaded, reason: "the API server is away"))

    /// Gives each question the next verdict.
    private final class Script: AgentAuthenticator {
        private let verdicts: Mutex<[AgentVerdict]>

        init(_ verdicts: [AgentVerdict]) { self.verdicts = Mutex(verdicts) }

        func authenticate(_ claim: AgentClaim, on eventLoop: any EventLoop) -> EventLoopFuture<AgentVerdict> {
            eventLoop.makeSucceededFuture(verdicts.withLock { $0.removeFirst() })
        }
    }

    private func service(_ verdicts: AgentVerdict...) async throws -> IngestService {
        IngestService(
            store: SampleStore(), authenticator: Script(verdicts), metrics: IngestMetrics(),
            logger: LogCapture().logger, instance: "i", times: IngestTimes(shortestSilence: .hours(3_000)),
            group: MultiThreadedEventLoopGroup.singleton)
    }

    /// Shows a token for each verdict of the service, and turns the loop's clock.
    /// - Returns: at each of the times, s, whether the session is open.
    private func session(_ service: IngestService, tokens: Int, at times: [Int64]) throws -> [Bool] {
        let session = try EmbeddedSession(service)
        for _ in 1..<tokens { try session.send(AgentMessage.credential("fresh").encodedFrame()) }
        defer { session.finish() }
        return times.map { session.isOpen(at: $0) }
    }

    @Test("is closed with the reason")
    func expired() async throws {
        let authenticator = LateAuthenticator()
        try await IngestServer.run(authenticator: authenticator) { server in
            let agent = try await offPool { BlockingAgent(try server.agent()) }
            try await agent { try $0.send(.hello(.test())) }
            // So far away that the session is open before.
            try await authenticator.answer(.accepted(untilUnixSeconds: Self.end(in: 5)))
            _ = try await agent { try $0.welcome() }
            let refusal = try await agent { try $0.refusal() }
            #expect(refusal.code == .unauthenticated)
            #expect(refusal.reason.contains("has expired, and nothing fresh came"))
            #expect(try await eventually { server.openSessions == 0 })
            #expect(server.refused == ["unauthenticated": 1])
            #expect(server.store.record(named: "n1")?.hasSession == false)
        }
    }

    @Test("ends then, and not before")
    func alone() async throws {
        let service = try await service(.accepted(untilUnixSeconds: Self.end(in: 600)))
        #expect(try session(service, tokens: 1, at: [300, 601]) == [true, false])
    }

    @Test("a fresh token prolongs it")
    func prolonged() async throws {
        let service = try await service(
            .accepted(untilUnixSeconds: Self.end(in: 600)), .accepted(untilUnixSeconds: Self.end(in: 3_600)))
        #expect(try session(service, tokens: 2, at: [601, 3_300, 3_601]) == [true, true, false])
    }

    @Test("a token without an end does so for good")
    func endless() async throws {
        let service = try await service(.accepted(untilUnixSeconds: Self.end(in: 600)), Self.endless)
        #expect(try session(service, tokens: 2, at: [601, 1_000_000]) == [true, true])
    }

    @Test("a fresh token that cannot be reviewed leaves the session as it was, until the old one ends")
    func overloaded() async throws {
        let service = try await service(.accepted(untilUnixSeconds: Self.end(in: 600)), Self.overloaded)
        #expect(try session(service, tokens: 2, at: [300, 601]) == [true, false])
    }

    @Test("a token that ends later than any clock can tell does not end", arguments: [Int64.max, 1 << 40])
    func farEnd(end: Int64) async throws {
        let service = try await service(.accepted(untilUnixSeconds: end))
        #expect(try session(service, tokens: 1, at: [1_000_000]) == [true])
    }

    @Test("one that had ended before the session began is closed at once", arguments: [-1, Int64.min])
    func past(end: Int64) async throws {
        let service = try await service(.accepted(untilUnixSeconds: end))
        #expect(try session(service, tokens: 1, at: [0]) == [false])
    }
}
