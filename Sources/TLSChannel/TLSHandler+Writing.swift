// SPDX-License-Identifier: Apache-2.0
public import NIOCore
import NIOTLS
import TLS

extension TLSHandler {
    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch state.writing {
        case .outputClosed: promise?.fail(ChannelError.outputClosed)
        case .closed: promise?.fail(ChannelError.ioOnClosedChannel)
        case .queue:
            let bytes = unwrapOutboundIn(data)
            let limit = state.isBeforeData ? limits.handshakeWriteBytes : limits.pendingWriteBytes
            writes.append(bytes, promise)
            guard writes.byteCount > limit else { return }
            // The stream would have a hole without this write, so nothing may follow it.
            fail(
                TLSError(
                    .limitExceeded,
                    state.isBeforeData
                        ? "more than \(limit) bytes written before the TLS handshake is done"
                        : "more than \(limit) bytes wait for a peer that does not read"),
                context)
        }
    }

    public func flush(context: ChannelHandlerContext) {
        writes.flush()
        encrypt(context)
    }

    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            protocolBacklog = 0
            encrypt(context)
        }
        context.fireChannelWritabilityChanged()
    }

    /// Encrypts and sends flushed writes while the channel takes them, then goes on with a close that waits for them.
    ///
    /// Held back while the channel is not writable: ciphertext waits there once, not a whole answer twice.
    func encrypt(_ context: ChannelHandlerContext) {
        // Sending calls out; a flush from there only adds to what this loop does.
        guard !isEncrypting else { return }
        isEncrypting = true
        while state.canEncrypt, writes.hasFlushed, context.channel.isWritable, encryptBatch(context) {}
        isEncrypting = false
        if state.canEncrypt, !writes.hasFlushed { finishOutput(context) }
    }

    /// Sends one batch with one promise; false when the connection has failed.
    private func encryptBatch(_ context: ChannelHandlerContext) -> Bool {
        guard let engine else { return false }
        var promises: [EventLoopPromise<Void>] = []
        var failure: TLSError?
        // All that waits: HTTP/2 writes a frame's nine bytes first, and its content by itself.
        engine.reserve(plaintext: writes.byteCount)
        batch: while let front = writes.front {
            guard front.readableBytes > 0 else {
                if let promise = writes.finishFront() { promises.append(promise) }
                continue
            }
            switch engine.write(front.readableBytesSpan) {
            case .wrote(let count): writes.consumeFront(count)
            case .full: break batch
            case .failed(let error):
                failure = error
                break batch
            }
        }
        if let failure {
            fail(failure, context)
            for promise in promises { promise.fail(failure) }
            return false
        }
        // Also with nothing to send: an empty write keeps the promises in order with the others.
        let bytes = ByteBuffer(bytes: engine.takeOutbound())
        context.writeAndFlush(wrapOutboundOut(bytes), promise: .fanOut(promises, on: context.eventLoop))
        return true
    }

    /// Sends what TLS itself has to say: handshake messages, key updates, alerts, close_notify.
    func sendProtocolBytes(_ context: ChannelHandlerContext) {
        guard let engine, engine.outboundCount > 0 else { return }
        let bytes = engine.takeOutbound()
        if !context.channel.isWritable {
            protocolBacklog += bytes.count
            if protocolBacklog > limits.protocolBytes {
                fail(
                    TLSError(.limitExceeded, "the peer makes TLS answer and does not read the answers"), context)
                return
            }
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }
}
