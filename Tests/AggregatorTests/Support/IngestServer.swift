// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import Synchronization
import TLS
import TLSTestSupport
import Wire

@testable import Aggregator

/// The push port on 127.0.0.1, with all that hangs on it.
struct IngestServer {
    static let token = "a token of the tests"
    static let instance = "instance-1"

    let log = LogCapture()
    let metrics = IngestMetrics()
    let store = SampleStore()
    let service: IngestService
    let port: UInt16
    private let listener: any Channel
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    static func run(
        authenticator: (any AgentAuthenticator)? = nil,
        times: IngestTimes = IngestTimes(), limits: IngestLimits = IngestLimits(),
        contexts: ServingContexts? = nil, _ body: (IngestServer) async throws -> Void
    ) async throws {
        let server = try await IngestServer(authenticator ?? StaticAgentAuthenticator.test(), times, limits, contexts)
        let result = await Result { () async throws in try await body(server) }
        try await server.listener.close()
        await server.service.shutDown()
        try await server.group.shutdownGracefully()
        try result.get()
    }

    private init(
        _ authenticator: any AgentAuthenticator, _ times: IngestTimes, _ limits: IngestLimits,
        _ contexts: ServingContexts?
    ) async throws {
        service = IngestService(
            store: store, authenticator: authenticator, metrics: metrics, logger: log.logger,
            instance: Self.instance, times: times, limits: limits, group: group)
        let ours = try TestPKI.shared.serverContext(
            clients: .requested, alpn: [PushProtocol.alpn], requiresALPN: true)
        listener = try await service.bind(
            host: "127.0.0.1", port: 0, context: { contexts?.push ?? ours }, listeners: group)
        port = UInt16(listener.localAddress?.port ?? 0)
    }

    func agent(
        identity: TLSIdentity? = nil, alpn: [String] = [PushProtocol.alpn], trust: TrustRoots = TestPKI.shared.trust
    ) throws -> TestAgent {
        try TestAgent(port: port, identity: identity, alpn: alpn, trust: trust)
    }

    /// An agent whose session is open.
    func welcomedAgent(_ node: String = "n1") throws -> TestAgent {
        let agent = try agent()
        try agent.send(.hello(.test(node)))
        _ = try agent.welcome()
        return agent
    }

    /// Refusals and cut connections by reason, those that happened.
    var refused: [String: Int] {
        Dictionary(uniqueKeysWithValues: metrics.refused.filter { $0.count > 0 }.map { ($0.reason, $0.count) })
    }

    var openSessions: Int { metrics.sessionsOpen.value }
    var samples: Int { metrics.samplesReceived.value }
}

extension Result where Failure == any Error {
    init(catching body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

extension StaticAgentAuthenticator {
    /// Our token speaks for n1, our CA's certificates for the nodes that they name.
    static func test() throws -> StaticAgentAuthenticator {
        StaticAgentAuthenticator(
            token: Array(IngestServer.token.utf8), nodes: ["n1"], certificates: try TestPKI.shared.verifier())
    }
}

extension Hello {
    static func test(_ node: String = "n1", token: String = IngestServer.token) -> Hello {
        Hello(
            nodeName: node, bootID: "boot-1", agentVersion: "1.2.3", intervalMilliseconds: 1_000, credential: token,
            capacityMillicores: 4_000, capacityMemoryBytes: 8 << 30, cgroupMode: .v2)
    }
}

/// Accepts every node.
struct OpenDoor: AgentAuthenticator {
    func authenticate(_ claim: AgentClaim, on eventLoop: any EventLoop) -> EventLoopFuture<AgentVerdict> {
        eventLoop.makeSucceededFuture(.accepted())
    }
}

/// Answers when the test says so.
final class LateAuthenticator: AgentAuthenticator {
    struct Question: Sendable {
        let nodeName: String
        let credential: String
    }

    private let pending = Mutex<[(question: Question, promise: EventLoopPromise<AgentVerdict>)]>([])

    func authenticate(_ claim: AgentClaim, on eventLoop: any EventLoop) -> EventLoopFuture<AgentVerdict> {
        let promise = eventLoop.makePromise(of: AgentVerdict.self)
        let question = Question(nodeName: claim.nodeName, credential: claim.credential)
        pending.withLock { $0.append((question, promise)) }
        return promise.futureResult
    }

    /// Waits for a question and answers it.
    /// - Parameter verdict: made when the question is there, as some tell times.
    /// - Returns: what was asked; nil when nothing was.
    @discardableResult
    func answer(_ verdict: @autoclosure () -> AgentVerdict) async throws -> Question? {
        guard try await isAsked() else { return nil }
        let (question, promise) = pending.withLock { $0.removeFirst() }
        promise.succeed(verdict())
        // Whoever asked has seen the answer before we do.
        _ = try await promise.futureResult.get()
        return question
    }

    func isAsked() async throws -> Bool { try await eventually { pending.withLock { !$0.isEmpty } } }
}
