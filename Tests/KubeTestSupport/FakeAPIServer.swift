// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
public import TLS
import TLSChannel
import TLSTestSupport

/// An API server of scripted answers: real HTTP/1.1 over real TLS on a loopback port. What no route answers is a 404.
public final class FakeAPIServer: Sendable {
    public struct Request: Sendable {
        public let method: String
        /// Without the query.
        public let path: String
        /// Decoded.
        public let query: [String: String]
        /// By name in lower case.
        public let headers: [String: String]
        public let body: [UInt8]
        /// Counts the connections from 0 on.
        public let connection: Int
        /// The common name of the client's certificate, if it showed one.
        public let client: String?

        public var token: String? {
            headers["authorization"].flatMap { $0.hasPrefix("Bearer ") ? String($0.dropFirst(7)) : nil }
        }
    }

    public enum Reply: Sendable {
        case answer(status: Int, contentType: String, headers: [String: String], body: [UInt8])
        /// A 200 that goes on: the stream is given out once the head is sent.
        case stream(contentType: String, @Sendable (FakeStream) -> Void)
        /// Hangs up without an answer.
        case hangUp
        /// Never answers.
        case silence
    }

    public typealias Route = @Sendable (Request) -> Reply

    private struct State {
        var routes: [String: Route] = [:]
        var requests: [Request] = []
        var connections = 0
        var open: [ObjectIdentifier: any Channel] = [:]
        var listener: (any Channel)?
        var port = 0
        var context: TLSContext
    }

    private let state: Mutex<State>
    private let group = MultiThreadedEventLoopGroup.singleton
    /// The same for the whole test.
    public var port: Int { state.withLock { $0.port } }

    /// - Parameter context: nil: the test PKI's server identity, which asks for no client certificate.
    public init(context: TLSContext? = nil) async throws {
        let context = try context ?? TestPKI.shared.serverContext(alpn: ["http/1.1"])
        state = Mutex(State(context: context))
        // Not of the kernel's choice: while the server is away, a port of that range may become a client's.
        var isTaken = true
        while isTaken {
            state.withLock { $0.port = Int.random(in: 10_000..<32_000) }
            isTaken = try await !listen()
        }
    }

    public var url: String { "https://127.0.0.1:\(port)" }

    /// Answers `METHOD PATH`, a path without a query; a route that is there already is replaced.
    public func on(_ route: String, _ answer: @escaping Route) {
        state.withLock { $0.routes[route] = answer }
    }

    /// What was asked, in order.
    public var requests: [Request] { state.withLock { $0.requests } }
    public func requests(to path: String) -> [Request] { requests.filter { $0.path == path } }
    public var connectionCount: Int { state.withLock { $0.connections } }

    /// For connections from now on.
    public func use(_ context: TLSContext) { state.withLock { $0.context = context } }

    /// Listens again on the same port.
    public func start() async throws {
        // A process that is just being started elsewhere in the tests holds what was open until it becomes another program.
        for _ in 0..<100 {
            if try await listen() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw PortTaken()
    }

    struct PortTaken: Error {}

    /// - Returns: false when the port is taken.
    private func listen() async throws -> Bool {
        do {
            let listener = try await ServerBootstrap(group: group)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelInitializer { channel in self.configure(channel) }
                .bind(host: "127.0.0.1", port: port).get()
            state.withLock { $0.listener = listener }
            return true
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            return false
        }
    }

    /// Goes away: no new connections, and the old ones are cut.
    public func stop() async {
        let (listener, open) = state.withLock { state in
            defer { state.listener = nil }
            return (state.listener, Array(state.open.values))
        }
        try? await listener?.close()
        await cut(open)
    }

    /// Cuts all connections, and goes on listening. Returns when they are closed at this end.
    public func cutConnections() async { await cut(state.withLock { Array($0.open.values) }) }

    private func cut(_ channels: [any Channel]) async {
        // Below TLS: no close_notify is sent.
        for channel in channels { channel.pipeline.context(name: "tls").whenSuccess { $0.close(promise: nil) } }
        for channel in channels { try? await channel.closeFuture.get() }
    }

    private func configure(_ channel: any Channel) -> EventLoopFuture<Void> {
        let (number, context) = state.withLock { state in
            defer { state.connections += 1 }
            state.open[ObjectIdentifier(channel)] = channel
            return (state.connections, state.context)
        }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { _ = $0.open.removeValue(forKey: ObjectIdentifier(channel)) }
        }
        return channel.eventLoop.makeCompletedFuture {
            let tls = TLSHandler(context: context, role: .server)
            try channel.pipeline.syncOperations.addHandler(tls, name: "tls")
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: .init())
            try channel.pipeline.syncOperations.addHandler(FakeHandler(server: self, connection: number, tls: tls))
        }
    }

    func reply(to request: Request) -> Reply {
        let route = state.withLock { state in
            state.requests.append(request)
            return state.routes["\(request.method) \(request.path)"]
        }
        return route?(request)
            ?? .status(404, "NotFound", "the server could not find the requested resource: \(request.path)")
    }
}
