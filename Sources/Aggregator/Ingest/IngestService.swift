// SPDX-License-Identifier: Apache-2.0
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import TLS
import TLSChannel
import Wire

/// The port that agents push to.
final class IngestService: Sendable {
    let store: SampleStore
    let authenticator: any AgentAuthenticator
    let metrics: IngestMetrics
    let logger: Logger
    /// Names this run of the aggregator.
    let instance: String
    let times: IngestTimes
    let limits: IngestLimits
    let connections = ConnectionSet()
    let openings: SessionOpenings
    private let group: any EventLoopGroup
    private let loops: [ObjectIdentifier: NIOLoopBoundBox<IngestLoop>]
    /// Connections that are open or wait for a handshake.
    private let connectionCount = Atomic(0)
    /// When it was last said that connections are turned away.
    private let lastComplaint = Mutex(NIODeadline.distantPast)

    /// Between two lines about connections that are turned away.
    private static let complaintPause: TimeAmount = .seconds(10)

    /// - Parameter group: of the agents' connections.
    init(
        store: SampleStore, authenticator: any AgentAuthenticator, metrics: IngestMetrics, logger: Logger,
        instance: String, times: IngestTimes = IngestTimes(), limits: IngestLimits = IngestLimits(),
        group: any EventLoopGroup
    ) {
        self.store = store
        self.authenticator = authenticator
        self.metrics = metrics
        self.logger = logger
        self.instance = instance
        self.times = times
        self.limits = limits
        self.group = group
        openings = SessionOpenings(perWindow: limits.sessionsPerMinute)
        let eventLoops = Array(group.makeIterator())
        // Connections go to the loops in turn.
        let (handshakes, waiting) = (
            max(1, limits.handshakes / eventLoops.count), limits.waitingHandshakes / eventLoops.count
        )
        var loops: [ObjectIdentifier: NIOLoopBoundBox<IngestLoop>] = [:]
        for loop in eventLoops {
            loops[ObjectIdentifier(loop)] = .makeBoxSendingValue(
                IngestLoop(on: loop, times: times, handshakes: handshakes, waiting: waiting, metrics: metrics),
                eventLoop: loop)
        }
        self.loops = loops
    }

    /// What the connections of a loop share. On that loop; one that the service was not made for gets its own.
    func shared(on eventLoop: any EventLoop) -> IngestLoop {
        loops[ObjectIdentifier(eventLoop)]?.value
            ?? IngestLoop(
                on: eventLoop, times: times, handshakes: limits.handshakes, waiting: limits.waitingHandshakes,
                metrics: metrics)
    }

    /// - Parameters:
    ///   - context: asked for with each connection.
    ///   - listeners: accepts connections.
    func bind(
        host: String, port: Int, context: @escaping @Sendable () -> TLSContext, listeners: any EventLoopGroup
    ) async throws -> any Channel {
        try await ServerBootstrap(group: listeners, childGroup: group)
            // A storm of 5,000 agents reconnecting after a restart must not overflow the queue.
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in self.admit(channel, context) }
            .bind(host: host, port: port).get()
    }

    /// Ends every session with a word that its agent understands: it is to come again soon.
    func shutDown() async {
        for loop in loops.values { loop.eventLoop.execute { loop.value.handshakes.close() } }
        await connections.closeAll(telling: IngestHandler.ShuttingDown())
    }

    // MARK: Admission

    /// Lets a connection begin once there is room for it; the bootstrap closes one whose future fails.
    private func admit(
        _ channel: any Channel, _ context: @escaping @Sendable () -> TLSContext
    ) -> EventLoopFuture<Void> {
        let eventLoop = channel.eventLoop
        guard connectionCount.add(1, ordering: .relaxed).newValue <= limits.connections else {
            return eventLoop.makeFailedFuture(
                turnedAway(
                    .connections,
                    "there are \(limits.connections) agent connections; \(limits.wayToMoreConnections)"))
        }
        switch shared(on: eventLoop).handshakes.enter() {
        case .enter: return eventLoop.makeCompletedFuture { try self.begin(channel, context()) }
        case .refuse:
            return eventLoop.makeFailedFuture(turnedAway(.handshakes, "too many connections wait for a TLS handshake"))
        case .wait(let turn):
            return turn.flatMapErrorThrowing { error in
                throw error is HandshakeGate.WaitedTooLong
                    ? self.turnedAway(.handshakes, "TLS handshakes take too long") : self.ended(error)
            }.flatMapThrowing { try self.begin(channel, context()) }
        }
    }

    private struct TurnedAway: Error {}

    /// The connection is no more.
    private func turnedAway(_ reason: IngestMetrics.Refusal, _ text: String) -> any Error {
        metrics.refused(reason)
        let now = NIODeadline.now()
        let isNews = lastComplaint.withLock { last in
            guard now - last >= Self.complaintPause else { return false }
            last = now
            return true
        }
        if isNews { logger.warning("agent connections are turned away", metadata: ["reason": "\(text)"]) }
        return ended(TurnedAway())
    }

    private func ended(_ error: any Error) -> any Error {
        connectionEnded()
        return error
    }

    func connectionEnded() { connectionCount.subtract(1, ordering: .relaxed) }

    /// On the channel's event loop. The handler leaves the gate and ends the connection when it is removed.
    private func begin(_ channel: any Channel, _ context: TLSContext) throws {
        let shared = shared(on: channel.eventLoop)
        let tls = TLSHandler(
            context: context, role: .server, handshakeTimeout: times.handshake, deadlines: shared.deadlines,
            buffers: shared.buffers)
        do {
            try shared.buffers.install(in: channel)
            try channel.pipeline.syncOperations.addHandlers(
                tls, IngestHandler(service: self, tls: tls, admitted: true))
        } catch {
            shared.handshakes.leave()
            throw ended(error)
        }
    }
}
