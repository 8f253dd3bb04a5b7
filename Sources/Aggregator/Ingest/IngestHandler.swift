// SPDX-License-Identifier: Apache-2.0
import Console
import Logging
import NIOCore
import NIOTLS
import Synchronization
import TLS
import TLSChannel
import Wire

/// One agent's connection, above TLS: cuts frames, drives the session, hands samples to the store.
///
/// Confined to its channel's event loop.
final class IngestHandler: ChannelInboundHandler, DeadlineHolder {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Fired at the pipelines of all sessions before they are closed: the aggregator ends.
    struct ShuttingDown: Sendable {}

    let service: IngestService
    private let tls: TLSHandler
    /// Set while in a pipeline, as `context` is.
    private var shared: IngestLoop?
    private(set) var context: ChannelHandlerContext?
    /// Whether the connection was counted by the service, and came through the gate.
    private let isAdmitted: Bool
    /// It has a place at the gate for handshakes.
    private var hasTurn: Bool

    var machine = IngestStateMachine()
    private var decoder = AgentFrameDecoder()
    /// Bytes of a frame that is not complete yet; nil in the steady state, where frames come whole.
    var pending: ByteBuffer?
    var session: StoreSession?
    private(set) var nodeName = ""
    private var budget: SessionBudget
    private var client: ShownClient?
    var isClosing = false

    /// When the last frame came, or the connection.
    private(set) var lastFrame: NIODeadline = .distantPast
    /// How long it may be silent.
    private(set) var silence: TimeAmount
    /// What the agent showed counts until then; nil: for ever.
    private(set) var credentialEnd: NIODeadline?
    var deadlineRow: Int?

    /// - Parameter admitted: whether the service counted the connection and let it through the gate for handshakes.
    init(service: IngestService, tls: TLSHandler, admitted: Bool = false) {
        self.service = service
        self.tls = tls
        isAdmitted = admitted
        hasTurn = admitted
        silence = service.times.hello
        budget = SessionBudget(service.limits.session, interval: .seconds(1), now: .now())
    }

    // MARK: The connection

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        shared = service.shared(on: context.eventLoop)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        endTurn()
        shared?.deadlines.clear(self)
        if isAdmitted { service.connectionEnded() }
        shared = nil
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        service.connections.add(context.channel)
        lastFrame = context.eventLoop.now
        armDeadline()
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        endTurn()
        shared?.deadlines.clear(self)
        service.connections.remove(context.channel)
        endSession()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted: endTurn()
        case is ShuttingDown: leave(context)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// The next connection may begin its handshake.
    func endTurn() {
        guard hasTurn else { return }
        hasTurn = false
        shared?.handshakes.leave()
    }

    /// Sets the next deadline. The last frame moves it without a word: whoever is called in vain sets it anew.
    func armDeadline() {
        var next = min(lastFrame + silence, credentialEnd ?? .distantFuture)
        if hasTurn { next = min(next, lastFrame + service.times.handshakeTurn) }
        shared?.deadlines.set(next, for: self)
    }

    // MARK: Frames

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        var buffer = unwrapInboundIn(data)
        var isOurs = false
        if var waiting = pending.take() {
            waiting.writeBuffer(&buffer)
            buffer = waiting
            isOurs = true
        }
        do {
            while !isClosing, let length = try nextFrameLength(buffer) {
                let end = FrameHeader.byteCount + length
                try receive(
                    buffer.readableBytesSpan.extracting(FrameHeader.byteCount..<end), context)
                buffer.moveReaderIndex(forwardBy: end)
            }
        } catch {
            fail(context, error)
            return
        }
        guard !isClosing, buffer.readableBytes > 0 else { return }
        if isOurs {
            buffer.discardReadBytes()
            pending = buffer
        } else {
            // What was read into is the loop's.
            pending = ByteBuffer(bytes: buffer.readableBytesView)
        }
    }

    /// nil while the frame has not arrived whole.
    private func nextFrameLength(_ buffer: ByteBuffer) throws(WireError) -> Int? {
        guard buffer.readableBytes >= FrameHeader.byteCount else { return nil }
        let length = try FrameHeader.length(
            buffer.readableBytesSpan.extracting(first: FrameHeader.byteCount), cap: machine.frameCap)
        return buffer.readableBytes >= FrameHeader.byteCount + length ? length : nil
    }

    private func receive(_ body: RawSpan, _ context: ChannelHandlerContext) throws(WireError) {
        guard let shared else { return }
        let bytes = FrameHeader.byteCount + body.byteCount
        lastFrame = context.eventLoop.now
        service.metrics.framesReceived.add(1, ordering: .relaxed)
        service.metrics.bytesReceived.add(bytes, ordering: .relaxed)
        // Before it is decoded: that is the expensive part.
        guard budget.spend(frameBytes: bytes, service.limits.session, now: lastFrame) else { return tooFast(context) }
        switch try decoder.decode(body: body, into: &shared.batch) {
        case .samples: take(shared, context)
        case .ignored: break
        case .hello(let hello): receive(hello, context)
        case .resyncNeeded(let reason):
            service.metrics.resyncsRequested.add(1, ordering: .relaxed)
            send(.resync(reason: reason), context)
        case .credential(let token): receive(credential: token, context)
        case .goodbye: close(context)
        }
    }

    private func receive(_ hello: Hello, _ context: ChannelHandlerContext) {
        switch machine.hello(hello) {
        case .reject(let reject): self.reject(reject, context)
        case .authenticate(let hello):
            nodeName = hello.nodeName
            ask(AgentClaim(nodeName: hello.nodeName, credential: hello.credential), context)
        }
    }

    private func receive(credential token: String, _ context: ChannelHandlerContext) {
        switch machine.credential() {
        case .reject(let reject): self.reject(reject, context)
        case .authenticate(let nodeName): ask(AgentClaim(nodeName: nodeName, credential: token), context)
        case .ignore: break
        }
    }

    private func ask(_ claim: AgentClaim, _ context: ChannelHandlerContext) {
        var claim = claim
        if client == nil { client = tls.shownCertificates.map(ShownClient.init) }
        claim.client = client
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        service.authenticator.authenticate(claim, on: context.eventLoop).whenSuccess { verdict in
            let (handler, context) = bound.value
            handler.act(on: verdict, context)
        }
    }

    private func act(on verdict: AgentVerdict, _ context: ChannelHandlerContext) {
        var verdict = verdict
        if case .accepted(let end) = verdict {
            credentialEnd = end.map { Self.deadline(unixSeconds: $0, context) }
            if let credentialEnd, credentialEnd <= context.eventLoop.now { verdict = .refused(Self.expired) }
        }
        switch machine.verdict(verdict) {
        case .open(let hello): open(hello, context)
        case .carryOn: armDeadline()
        case .ignore: break
        case .reject(let reject): self.reject(reject, context)
        }
    }

    private func open(_ hello: Hello, _ context: ChannelHandlerContext) {
        let now = context.eventLoop.now
        guard service.openings.mayOpen(hello.nodeName, now: now) else { return tooManySessions(context) }
        let interval = Duration.milliseconds(Int64(hello.intervalMilliseconds))
        session = service.store.open(
            node: hello.nodeName,
            facts: NodeRecord.Facts(
                bootID: hello.bootID, interval: interval, capacityMillicores: hello.capacityMillicores,
                capacityMemoryBytes: hello.capacityMemoryBytes, agentVersion: hello.agentVersion),
            now: .now)
        silence = service.times.silence(intervalMilliseconds: hello.intervalMilliseconds)
        budget = SessionBudget(
            service.limits.session, interval: .milliseconds(Int64(hello.intervalMilliseconds)), now: now)
        armDeadline()
        service.metrics.sessionsAccepted.add(1, ordering: .relaxed)
        service.metrics.sessionsOpen.add(1, ordering: .relaxed)
        service.logger.info(
            "session open",
            metadata: [
                "node": "\(hello.nodeName)", "peer": "\(context.peerText)",
                "interval": "\(DurationFlag.format(interval))", "agent": "\(hello.agentVersion)",
            ])
        send(
            .welcome(Welcome(instance: service.instance, serverTimeMicroseconds: LogLine.now() / 1_000)), context)
    }

    private func take(_ shared: IngestLoop, _ context: ChannelHandlerContext) {
        switch machine.samples() {
        case .reject(let reject): self.reject(reject, context)
        case .ignore: break
        case .apply:
            guard let session else { return }
            shared.tookSamples(at: lastFrame)
            service.metrics.samplesReceived.add(shared.batch.points.count, ordering: .relaxed)
            switch session.apply(shared.batch, now: .now, unixMicroseconds: LogLine.now() / 1_000) {
            case .taken: break
            case .superseded:
                reject(
                    Reject(
                        code: .duplicateNode,
                        reason: "another agent reports \(nodeName) now; each node needs a name of its own"),
                    context)
            case .clockCorrected(let microseconds):
                service.metrics.clockCorrections.add(1, ordering: .relaxed)
                logClock(aheadMicroseconds: microseconds)
            }
        }
    }

    private func logClock(aheadMicroseconds: Int64) {
        let metadata: Logger.Metadata = ["node": "\(nodeName)", "ahead_seconds": "\(aheadMicroseconds / 1_000_000)"]
        if aheadMicroseconds == 0 {
            service.logger.info("the node's clock agrees with ours again", metadata: metadata)
        } else {
            service.logger.warning(
                "the node's clock is off; its samples are stamped with our time, check time synchronisation there",
                metadata: metadata)
        }
    }

    func send(_ message: AggregatorMessage, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: message.encodedFrame())), promise: nil)
    }

    /// - Parameter end: in any order to now; ends beyond ten years are no ends.
    private static func deadline(unixSeconds end: Int64, _ context: ChannelHandlerContext) -> NIODeadline {
        let now = LogLine.now() / 1_000_000_000
        return context.eventLoop.now + .seconds(end <= now ? 0 : min(end - now, 10 * 366 * 86_400))
    }
}

@available(*, unavailable)
extension IngestHandler: Sendable {}
