// SPDX-License-Identifier: Apache-2.0
public import NIOCore
import NIOTLS
public import TLS

/// TLS as a channel handler: ciphertext towards the network, plaintext towards the application.
///
/// Fires `TLSUserEvent.handshakeCompleted` before the first plaintext and `.shutdownCompleted` when both ends have said
/// goodbye. Every failure is one `TLSError` through `fireErrorCaught`, after which the channel is closed. Writes wait for
/// the handshake, and, once the channel is not writable, for the peer: they are encrypted when they can be sent.
///
/// `close` sends what was flushed, says goodbye, and waits `closeTimeout` at most for the peer to do the same.
/// `close(mode: .output)` does so for our half only; with `ChannelOptions.allowRemoteHalfClosure` the peer may do the
/// same, signalled by `ChannelEvent.inputClosed`.
///
/// Confined to its channel's event loop.
public final class TLSHandler: ChannelDuplexHandler, DeadlineHolder {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer
    public typealias OutboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    let settings: TLSContext
    let role: TLSRole
    let limits: TLSLimits
    let handshakeTimeout: TimeAmount
    let closeTimeout: TimeAmount
    /// Where this connection's deadline stands; nil: it has a timer of its own.
    private let deadlines: DeadlineTable?
    /// What the loop's connections read into; nil: the channel's own.
    let buffers: ReadBuffers?

    var state = ConnectionStateMachine()
    /// Made when the transport is active, dropped when the handler is removed.
    var engine: TLSEngine?
    /// Set while in a pipeline.
    var channelContext: ChannelHandlerContext?
    /// The handshake's or the close's deadline, whichever runs; nil with `deadlines`.
    private var timer: Scheduled<Void>?
    public var deadlineRow: Int?

    /// Ciphertext the engine has not consumed; nil when drained, so that the channel can reuse its buffer.
    var inbound: ByteBuffer?
    /// Plaintext not delivered yet; nil between turns.
    var plaintext: ByteBuffer?
    var recordsThisTurn = 0
    /// The turn ended at `recordsPerTurn`: there may be more to decrypt without new bytes.
    var hasBacklog = false
    var isBacklogScheduled = false
    /// The application asked for a read that has given it nothing yet.
    var readRequested = false

    var writes = PendingWrites()
    var isEncrypting = false
    /// See ``TLSLimits/protocolBytes``.
    var protocolBacklog = 0
    var closePromise: EventLoopPromise<Void>?
    var closeOutputPromise: EventLoopPromise<Void>?

    /// - Parameters:
    ///   - context: of the same side as `role`; otherwise the connection fails at once with `invalidArgument`.
    ///   - handshakeTimeout: from the transport being active to the handshake being complete.
    ///   - closeTimeout: from `close` to the transport being closed.
    ///   - deadlines: of the channel's event loop. Both timeouts are then up to its tick late.
    ///   - buffers: of the channel's event loop, and installed in the channel. Whoever is handed plaintext may keep none of
    ///     it without a copy.
    public init(
        context: TLSContext, role: TLSRole, handshakeTimeout: TimeAmount = .seconds(10),
        closeTimeout: TimeAmount = .seconds(5), limits: TLSLimits = TLSLimits(), deadlines: DeadlineTable? = nil,
        buffers: ReadBuffers? = nil
    ) {
        self.deadlines = deadlines
        self.buffers = buffers
        settings = context
        self.role = role
        self.handshakeTimeout = handshakeTimeout
        self.closeTimeout = closeTimeout
        self.limits = limits
    }

    // MARK: What was agreed; on the event loop, after the handshake

    /// The peer's verified leaf certificate; nil if it sent none.
    public var peerCertificate: PeerCertificate? { engine?.peerCertificate }
    /// What a client showed without being verified, where the context only requests certificates.
    public var shownCertificates: ShownCertificates? { engine?.shownCertificates }
    /// Such as `TLSv1.3`.
    public var protocolVersion: String? { engine?.protocolVersion }
    /// The name the client asked for, on a server.
    public var requestedServerName: String? { engine?.requestedServerName }

    // MARK: Life in the pipeline

    public func handlerAdded(context: ChannelHandlerContext) {
        channelContext = context
        if context.channel.isActive { startHandshake(context) }
    }

    public func handlerRemoved(context: ChannelHandlerContext) {
        _ = state.fail()
        stopTimer()
        let (lost, close, closeOutput) = takePromises()
        engine = nil
        inbound = nil
        plaintext = nil
        channelContext = nil
        for promise in lost { promise.fail(ChannelError.ioOnClosedChannel) }
        closeOutput?.fail(ChannelError.ioOnClosedChannel)
        close?.succeed(())
    }

    public func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        // A handler behind us may have closed or removed us meanwhile.
        if channelContext != nil, context.channel.isActive { startHandshake(context) }
    }

    private func startHandshake(_ context: ChannelHandlerContext) {
        guard state.activate() else { return }
        do throws(TLSError) {
            engine = try TLSEngine(context: settings, role: role)
        } catch {
            fail(error, context)
            return
        }
        startTimer(handshakeTimeout, context)
        stepHandshake(context)
        // Without autoRead nobody else would read the peer's part of the handshake.
        if state.inbound == .handshake, !context.isAutoReading { context.read() }
    }

    /// Gives the engine what has arrived and acts on what it says.
    func stepHandshake(_ context: ChannelHandlerContext) {
        guard let engine else { return }
        let ciphertext = inbound ?? ByteBuffer()
        let step = engine.handshake(ciphertext.readableBytesSpan)
        consumeInbound(step.consumed)
        switch step.outcome {
        case .incomplete: sendProtocolBytes(context)
        case .failed(let error): fail(error, context)
        case .complete:
            sendProtocolBytes(context)
            switch state.handshakeCompleted() {
            case .ignore: return
            case .open, .openThenCloseOutput: break
            }
            stopTimer()
            context.fireUserInboundEventTriggered(
                TLSUserEvent.handshakeCompleted(negotiatedProtocol: engine.negotiatedALPN))
            // What came along with the peer's Finished, before anything we answer.
            decrypt(context)
            encrypt(context)
        }
    }

    // MARK: The end

    /// Ends the connection with an error; does nothing if it has ended.
    func fail(_ error: TLSError, _ context: ChannelHandlerContext) {
        guard state.fail() else { return }
        stopTimer()
        inbound = nil
        let (lost, close, closeOutput) = takePromises()
        // The alert first: it tells the peer why.
        if let alert = engine?.takeOutbound(), !alert.isEmpty {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: alert)), promise: nil)
        }
        deliver(context)
        for promise in lost { promise.fail(error) }
        closeOutput?.fail(error)
        context.fireErrorCaught(error)
        context.close(mode: .all, promise: close)
    }

    /// The promises of everything unfinished, for the caller to complete when its state is final.
    func takePromises() -> (
        lost: [EventLoopPromise<Void>], close: EventLoopPromise<Void>?, closeOutput: EventLoopPromise<Void>?
    ) {
        let taken = (writes.takeAll(), closePromise, closeOutputPromise)
        closePromise = nil
        closeOutputPromise = nil
        return taken
    }

    public func channelInactive(context: ChannelHandlerContext) {
        // Everything the peer sent has arrived; its close_notify may be waiting behind the turn's limit.
        while hasBacklog {
            recordsThisTurn = 0
            hasBacklog = false
            decrypt(context)
        }
        deliver(context)
        let end = state.transportClosed()
        stopTimer()
        inbound = nil
        let (lost, close, closeOutput) = takePromises()
        let error: TLSError?
        switch end {
        case .handshakeCut: error = .cutHandshake
        case .truncated: error = .truncatedStream
        case .finished, .alreadyClosed: error = nil
        }
        for promise in lost { promise.fail(error ?? ChannelError.ioOnClosedChannel) }
        closeOutput?.fail(error ?? ChannelError.ioOnClosedChannel)
        if let error { context.fireErrorCaught(error) }
        close?.succeed(())
        context.fireChannelInactive()
    }

    // MARK: Timer

    /// One timer serves both ends of a connection's life; starting it replaces the one before.
    func startTimer(_ delay: TimeAmount, _ context: ChannelHandlerContext) {
        stopTimer()
        if let deadlines {
            deadlines.set(context.eventLoop.now + delay, for: self)
        } else {
            timer = context.eventLoop.assumeIsolated().scheduleTask(in: delay) { [weak self] in self?.timerFired() }
        }
    }

    func stopTimer() {
        deadlines?.clear(self)
        timer?.cancel()
        timer = nil
    }

    public func deadlinePassed(now: NIODeadline) { timerFired() }

    private func timerFired() {
        timer = nil
        guard let context = channelContext else { return }
        switch state.timerFired() {
        case .ignore: return
        case .handshakeTimedOut:
            fail(
                TLSError(
                    .timedOut, "no TLS handshake within \(handshakeTimeout.text); does the peer speak TLS?"), context)
        case .drainTimedOut:
            fail(TLSError(.timedOut, "the peer did not read what was sent within \(closeTimeout.text)"), context)
        case .closeNow: closeTransport(context)
        }
    }
}

@available(*, unavailable)
extension TLSHandler: Sendable {}

extension TLSError {
    static var cutHandshake: TLSError {
        TLSError(.handshakeCut, "the peer closed the connection during the TLS handshake")
    }
    static var truncatedStream: TLSError {
        TLSError(.truncated, "the peer closed the connection without close_notify; its last data may be missing")
    }
}

extension TimeAmount {
    fileprivate var text: String {
        nanoseconds % 1_000_000_000 == 0 ? "\(nanoseconds / 1_000_000_000) s" : "\(nanoseconds / 1_000_000) ms"
    }
}

extension ChannelHandlerContext {
    /// True where the channel does not say.
    var isAutoReading: Bool { (try? channel.syncOptions?.getOption(.autoRead)) ?? true }
}
