// SPDX-License-Identifier: Apache-2.0
public import NIOCore
import NIOTLS
import TLS

extension TLSHandler {
    /// Room made for plaintext when nothing says how much is coming.
    private static let minimumRoom = 512

    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if inbound?.writeBuffer(&bytes) == nil { inbound = bytes }
        switch state.inbound {
        case .handshake: stepHandshake(context)
        case .decrypt: decrypt(context)
        case .discard: inbound = nil
        }
        if let buffers { returnBuffer(bytes, to: buffers) }
    }

    /// Gives the buffer of a read back to the loop's connections. What waits in it for the next turn is copied: a peer
    /// could make us keep a whole buffer for each of its connections.
    private func returnBuffer(_ buffer: ByteBuffer, to buffers: ReadBuffers) {
        if let waiting = inbound { inbound = ByteBuffer(bytes: waiting.readableBytesView) }
        buffers.giveBack(ciphertext: buffer)
    }

    public func channelReadComplete(context: ChannelHandlerContext) {
        recordsThisTurn = 0
        finishTurn(context)
    }

    /// One aggregated read for the application, our own answers, and more ciphertext if it is needed.
    private func finishTurn(_ context: ChannelHandlerContext) {
        let delivered = deliver(context)
        sendProtocolBytes(context)
        // What was called may have removed us.
        guard channelContext != nil else { return }
        if hasBacklog {
            if context.isAutoReading { scheduleBacklog(context) }
        } else if !delivered, readRequested || state.readsForItself, !context.isAutoReading {
            context.read()
        }
    }

    public func read(context: ChannelHandlerContext) {
        if hasBacklog {
            scheduleBacklog(context)
        } else {
            readRequested = true
            context.read()
        }
    }

    private func scheduleBacklog(_ context: ChannelHandlerContext) {
        guard !isBacklogScheduled else { return }
        isBacklogScheduled = true
        context.eventLoop.assumeIsolated().execute { [weak self] in self?.continueBacklog() }
    }

    private func continueBacklog() {
        isBacklogScheduled = false
        guard let context = channelContext, hasBacklog else { return }
        hasBacklog = false
        recordsThisTurn = 0
        readRequested = true
        decrypt(context)
        finishTurn(context)
        // The channel's own reading stopped while there was a backlog.
        if channelContext != nil, !hasBacklog, context.isAutoReading { context.read() }
    }

    /// Decrypts what has arrived into `plaintext`, up to the turn's limit. Calls out only when the stream ends.
    func decrypt(_ context: ChannelHandlerContext) {
        guard state.inbound == .decrypt, let engine else { return }
        while true {
            guard recordsThisTurn < limits.recordsPerTurn else {
                hasBacklog = true
                return
            }
            let ciphertext = inbound ?? ByteBuffer()
            let waiting = ciphertext.readableBytes
            // Asking OpenSSL for nothing costs as much as a record.
            guard waiting > 0 || engine.hasPending else { return }
            // Taken out of `self` so that the engine appends to storage nobody shares.
            var output = plaintext ?? makePlaintext(context, waiting)
            plaintext = nil
            var step = TLSEngine.Step(consumed: 0, outcome: TLSEngine.ReadOutcome.incomplete)
            let room = output.writableBytes > 0 ? 1 : max(waiting, Self.minimumRoom)
            output.writeWithOutputRawSpan(minimumWritableBytes: room) { span in
                step = engine.read(ciphertext.readableBytesSpan, into: &span)
            }
            if output.readableBytes > 0 { plaintext = output } else { buffers?.giveBack(plaintext: output) }
            consumeInbound(step.consumed)
            switch step.outcome {
            case .bytes: recordsThisTurn += 1
            case .incomplete: return
            case .closeNotify:
                peerClosed(context)
                return
            case .failed(let error):
                fail(error, context)
                return
            }
        }
    }

    private func makePlaintext(_ context: ChannelHandlerContext, _ waiting: Int) -> ByteBuffer {
        buffers?.takePlaintext(context.channel.allocator)
            ?? context.channel.allocator.buffer(capacity: max(waiting, Self.minimumRoom))
    }

    func consumeInbound(_ count: Int) {
        inbound?.moveReaderIndex(forwardBy: count)
        if inbound?.readableBytes == 0 { inbound = nil }
    }

    /// Hands decrypted bytes to the application; true if there were any.
    @discardableResult
    func deliver(_ context: ChannelHandlerContext) -> Bool {
        guard let bytes = plaintext else { return false }
        plaintext = nil
        readRequested = false
        context.fireChannelRead(wrapInboundOut(bytes))
        context.fireChannelReadComplete()
        buffers?.giveBack(plaintext: bytes)
        return true
    }

    private func peerClosed(_ context: ChannelHandlerContext) {
        inbound = nil
        hasBacklog = false
        deliver(context)
        let halfClosure = (try? context.channel.syncOptions?.getOption(.allowRemoteHalfClosure)) ?? false
        switch state.closeNotifyReceived(halfClosure: halfClosure) {
        case .ignore: return
        case .signalInputClosed: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        case .drain: startDraining(context)
        case .leave:
            startTimer(closeTimeout, context)
            leave(context)
        }
    }

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        // The transport's FIN is not the end of the plaintext: that was, or was not, close_notify.
        while hasBacklog {
            recordsThisTurn = 0
            hasBacklog = false
            decrypt(context)
        }
        deliver(context)
        switch state.transportInputClosed() {
        case .ignore: return
        case .handshakeCut: fail(.cutHandshake, context)
        case .truncated: fail(.truncatedStream, context)
        case .leave: leave(context)
        }
    }
}
