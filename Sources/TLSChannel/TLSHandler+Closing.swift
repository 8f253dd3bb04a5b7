// SPDX-License-Identifier: Apache-2.0
public import NIOCore
import NIOTLS
import TLS

extension TLSHandler {
    public func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .all: closeAll(context, promise)
        case .output: closeOutput(context, promise)
        // Closing our reading half would leave the peer's close_notify unread.
        case .input: promise?.fail(ChannelError.operationUnsupported)
        }
    }

    private func closeAll(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        switch state.close() {
        case .passThrough, .abort:
            stopTimer()
            let (lost, close, closeOutput) = takePromises()
            for waiting in lost { waiting.fail(ChannelError.ioOnClosedChannel) }
            closeOutput?.fail(ChannelError.ioOnClosedChannel)
            close?.succeed(())
            context.close(mode: .all, promise: promise)
        case .drain:
            closePromise.add(promise)
            startDraining(context)
        case .await:
            closePromise.add(promise)
            startTimer(closeTimeout, context)
            if !context.isAutoReading { context.read() }
        case .join: closePromise.add(promise)
        }
    }

    private func closeOutput(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        switch state.closeOutput() {
        case .drain:
            closeOutputPromise.add(promise)
            writes.flush()
            encrypt(context)
        case .join:
            closeOutputPromise.add(promise)
            writes.flush()
        case .closeAll: closeAll(context, promise)
        case .alreadyClosed: promise?.fail(ChannelError.outputClosed)
        case .notConnected: promise?.fail(ChannelError.ioOnClosedChannel)
        }
    }

    /// Starts the close timer and sends what was flushed; what was not will never be.
    func startDraining(_ context: ChannelHandlerContext) {
        startTimer(closeTimeout, context)
        for promise in writes.takeUnflushed() { promise.fail(ChannelError.ioOnClosedChannel) }
        encrypt(context)
    }

    /// All flushed writes are with the channel: says goodbye if we are closing.
    func finishOutput(_ context: ChannelHandlerContext) {
        let action = state.outputDrained()
        if action == .nothing { return }
        engine?.sendCloseNotify()
        sendProtocolBytes(context)
        switch action {
        case .nothing: return
        case .closeOutput:
            let promise = closeOutputPromise
            closeOutputPromise = nil
            context.close(mode: .output, promise: promise)
        case .awaitPeer:
            // Without autoRead nobody else would read the peer's close_notify.
            if channelContext != nil, !context.isAutoReading { context.read() }
        case .leave: leave(context)
        }
    }

    /// Both ends are done: closes the transport behind the last bytes. A close would throw away what it still holds.
    func leave(_ context: ChannelHandlerContext) {
        context.fireUserInboundEventTriggered(TLSUserEvent.shutdownCompleted)
        guard channelContext != nil else { return }
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { [weak self] _ in
            guard let self, let context = self.channelContext, self.state.left() else { return }
            self.closeTransport(context)
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: sent)
    }

    /// The state is closed already.
    func closeTransport(_ context: ChannelHandlerContext) {
        stopTimer()
        let (lost, close, closeOutput) = takePromises()
        for promise in lost { promise.fail(ChannelError.ioOnClosedChannel) }
        closeOutput?.fail(ChannelError.ioOnClosedChannel)
        context.close(mode: .all, promise: close)
    }
}

extension EventLoopPromise<Void>? {
    /// Keeps the first promise and completes later ones with it.
    fileprivate mutating func add(_ promise: EventLoopPromise<Void>?) {
        guard let promise else { return }
        if let first = self {
            first.futureResult.cascade(to: promise)
        } else {
            self = promise
        }
    }
}
