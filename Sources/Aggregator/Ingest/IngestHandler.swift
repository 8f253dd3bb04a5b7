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
final class IngestHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let service: IngestService
    private let tls: TLSHandler
    private var machine = IngestStateMachine()
    private var decoder = AgentFrameDecoder()
    /// Bytes of a frame that is not complete yet; nil in the steady state, where frames come whole.
    private var pending: ByteBuffer?
    private var session: StoreSession?
    private var nodeName = ""
    private var lastFrame: NIODeadline = .distantPast
    private var silence: TimeAmount
    /// What the agent showed counts until then; nil: for ever.
    private var credentialEnd: NIODeadline?
    private var client: ShownClient?
    private var timer: Scheduled<Void>?
    private var isClosing = false

    init(service: IngestService, tls: TLSHandler) {
        self.service = service
        self.tls = tls
        silence = service.times.hello
    }

    func channelActive(context: ChannelHandlerContext) {
        service.connections.add(context.channel)
        lastFrame = context.eventLoop.now
        armTimer(context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        service.connections.remove(context.channel)
        endSession()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        var buffer = unwrapInboundIn(data)
        if var waiting = pending.take() {
            waiting.writeBuffer(&buffer)
            buffer = waiting
        }
        do {
            while !isClosing, let length = try nextFrameLength(buffer) {
                buffer.moveReaderIndex(forwardBy: FrameHeader.byteCount)
                guard let body = buffer.readSlice(length: length) else { break }
                try receive(body, context)
            }
        } catch {
            fail(context, error)
            return
        }
        guard !isClosing, buffer.readableBytes > 0 else { return }
        buffer.discardReadBytes()
        pending = buffer
    }

    /// nil while the frame has not arrived whole.
    private func nextFrameLength(_ buffer: ByteBuffer) throws(WireError) -> Int? {
        guard buffer.readableBytes >= FrameHeader.byteCount else { return nil }
        let length = try FrameHeader.length(
            buffer.readableBytesSpan.extracting(first: FrameHeader.byteCount), cap: machine.frameCap)
        return buffer.readableBytes >= FrameHeader.byteCount + length ? length : nil
    }

    private func receive(_ body: ByteBuffer, _ context: ChannelHandlerContext) throws(WireError) {
        lastFrame = context.eventLoop.now
        let metrics = service.metrics
        metrics.framesReceived.add(1, ordering: .relaxed)
        metrics.bytesReceived.add(FrameHeader.byteCount + body.readableBytes, ordering: .relaxed)
        let event = try service.withBatch(of: context.eventLoop) { (batch) throws(WireError) -> AgentEvent in
            let event = try decoder.decode(body: body.readableBytesSpan, into: &batch)
            if case .samples = event { take(batch, context) }
            return event
        }
        switch event {
        case .samples, .ignored: break
        case .hello(let hello): receive(hello, context)
        case .resyncNeeded(let reason):
            metrics.resyncsRequested.add(1, ordering: .relaxed)
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
        if case .accepted(let end) = verdict { credentialEnd = end.map { Self.deadline(unixSeconds: $0, context) } }
        switch machine.verdict(verdict) {
        case .open(let hello): open(hello, context)
        case .carryOn: armTimer(context)
        case .ignore: break
        case .reject(let reject): self.reject(reject, context)
        }
    }

    private func open(_ hello: Hello, _ context: ChannelHandlerContext) {
        let interval = Duration.milliseconds(Int64(hello.intervalMilliseconds))
        session = service.store.open(
            node: hello.nodeName,
            facts: NodeRecord.Facts(
                bootID: hello.bootID, interval: interval, capacityMillicores: hello.capacityMillicores,
                capacityMemoryBytes: hello.capacityMemoryBytes, agentVersion: hello.agentVersion),
            now: .now)
        silence = service.times.silence(intervalMilliseconds: hello.intervalMilliseconds)
        armTimer(context)
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

    private func take(_ batch: borrowing SampleBatch, _ context: ChannelHandlerContext) {
        switch machine.samples() {
        case .reject(let reject): self.reject(reject, context)
        case .ignore: break
        case .apply:
            guard let session else { return }
            service.metrics.samplesReceived.add(batch.points.count, ordering: .relaxed)
            switch session.apply(batch, now: .now, unixMicroseconds: LogLine.now() / 1_000) {
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

    // MARK: Ending

    private func reject(_ reject: Reject, _ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        service.metrics.refused(IngestMetrics.Refusal(reject.code))
        service.logger.warning(
            "session refused",
            metadata: [
                "node": "\(nodeName)", "peer": "\(context.peerText)", "code": "\(reject.code)",
                "reason": "\(reject.reason)",
            ])
        send(.reject(reject), context)
        close(context)
    }

    private func fail(_ context: ChannelHandlerContext, _ error: WireError) {
        service.metrics.refused(.malformedFrame)
        service.logger.warning(
            "bad frame; session closed",
            metadata: ["node": "\(nodeName)", "peer": "\(context.peerText)", "error": "\(error)"])
        send(.reject(Reject(code: .protocol, reason: "bad frame: \(error)")), context)
        close(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isClosing else { return }
        // A session that breaks is the agent's to reopen; a handshake that fails is somebody's misconfiguration; one that
        // was not even begun is a probe of the port.
        let isProbe = session == nil && (error as? TLSError)?.code == .handshakeCut
        let level: Logger.Level = isProbe ? .debug : session == nil ? .warning : .info
        if session == nil, !isProbe { service.metrics.refused(.tls) }
        service.logger.log(
            level: level, "connection failed",
            metadata: ["node": "\(nodeName)", "peer": "\(context.peerText)", "error": "\(error)"])
        close(context)
    }

    private func close(_ context: ChannelHandlerContext) {
        isClosing = true
        pending = nil
        endSession()
        context.close(promise: nil)
    }

    private func endSession() {
        guard machine.close(), let session else { return }
        self.session = nil
        service.metrics.sessionsOpen.subtract(1, ordering: .relaxed)
        if session.end(now: .now) {
            service.logger.info("session closed", metadata: ["node": "\(nodeName)"])
        }
    }

    private func send(_ message: AggregatorMessage, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: message.encodedFrame())), promise: nil)
    }

    /// - Parameter end: in any order to now; ends beyond ten years are no ends.
    private static func deadline(unixSeconds end: Int64, _ context: ChannelHandlerContext) -> NIODeadline {
        let now = LogLine.now() / 1_000_000_000
        return context.eventLoop.now + .seconds(end <= now ? 0 : min(end - now, 10 * 366 * 86_400))
    }

    /// One timer a connection, set anew only when it fires or a limit changes.
    private func armTimer(_ context: ChannelHandlerContext) {
        timer?.cancel()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: nextDeadline) {
            let (handler, context) = bound.value
            handler.timerFired(context)
        }
    }

    private var nextDeadline: NIODeadline { min(lastFrame + silence, credentialEnd ?? .distantFuture) }

    private func timerFired(_ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        if let credentialEnd, credentialEnd <= context.eventLoop.now {
            reject(
                Reject(
                    code: .unauthenticated,
                    reason: "what the agent showed has expired, and nothing fresh came; is its token being rotated?"),
                context)
            return
        }
        guard context.eventLoop.now >= lastFrame + silence else { return armTimer(context) }
        switch machine.silence() {
        case .close: closeSilent(context)
        case .reject(let reject): self.reject(reject, context)
        case .ignore: break
        }
    }

    private func closeSilent(_ context: ChannelHandlerContext) {
        service.metrics.refused(.silent)
        service.logger.warning(
            session == nil ? "a peer connected and said nothing; closed" : "no sample for too long; session closed",
            metadata: [
                "node": "\(nodeName)", "peer": "\(context.peerText)",
                "seconds": "\(silence.nanoseconds / 1_000_000_000)",
            ])
        close(context)
    }
}

@available(*, unavailable)
extension IngestHandler: Sendable {}
