// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import NIOTLS
import TLS

/// One connection's requests, one after the other. Confined to its channel's event loop.
final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private enum State {
        /// TLS is not done.
        case opening
        case idle
        case waiting(Exchange)
        case receiving(Exchange, HTTPResponseHead, ByteBuffer)
        case closed
    }

    private var state = State.opening
    private let ready: EventLoopPromise<Void>
    private var context: ChannelHandlerContext?
    /// The exchange's deadline, or that of idleness.
    private var timer: Scheduled<Void>?
    private var silenceTimer: Scheduled<Void>?
    private var lastRead = NIODeadline.now()

    /// - Parameter ready: completed when TLS is done, or cannot be.
    init(ready: EventLoopPromise<Void>) { self.ready = ready }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        fail(ExchangeFailure(.unreachable, "the connection is closed"))
        self.context = nil
    }

    // MARK: Requests

    var isIdle: Bool { if case .idle = state { true } else { false } }

    func start(_ exchange: Exchange) {
        guard let context, isIdle else {
            exchange.promise.fail(ExchangeFailure(.unreachable, "the connection was closed while it was idle"))
            return
        }
        state = .waiting(exchange)
        startTimer(until: exchange.deadline) { handler in
            handler.fail(ExchangeFailure(.timedOut, "no complete answer in time"))
        }
        lastRead = .now()
        if let idle = exchange.stream?.idle { watchSilence(idle) }
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        if !exchange.body.isEmpty {
            let buffer = context.channel.allocator.buffer(bytes: exchange.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Ends the connection, and what is under way on it with `failure`.
    func fail(_ failure: ExchangeFailure) {
        let before = state
        state = .closed
        stopTimers()
        var failure = failure
        switch before {
        case .closed: return
        case .opening: ready.fail(failure)
        case .idle: break
        case .waiting(let exchange):
            failure.mayHaveArrived = true
            exchange.promise.fail(failure)
        case .receiving(let exchange, _, _):
            failure.mayHaveArrived = true
            failure.isAnswered = true
            exchange.promise.fail(failure)
        }
        context?.close(promise: nil)
    }

    // MARK: Events

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent, case .opening = state {
            state = .idle
            startIdleTimer()
            ready.succeed(())
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastRead = .now()
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .waiting(let exchange)): begin(exchange, head)
        case (.body(let bytes), .receiving(let exchange, let head, let body)): take(bytes, exchange, head, body)
        case (.end, .receiving(let exchange, let head, let body)): finish(exchange, head, body)
        case (_, .closed): return
        case (.head, _), (.body, _), (.end, _):
            fail(ExchangeFailure(.badAnswer, "the server sent an answer that nobody asked for"))
        }
    }

    private func begin(_ exchange: Exchange, _ head: HTTPResponseHead) {
        state = .receiving(exchange, head, ByteBuffer())
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > exchange.limit {
            failTooLarge(exchange)
        } else if head.status == .ok, let stream = exchange.stream {
            run { () throws(KubeError) in try stream.opened(head) }
        }
    }

    private func take(_ bytes: ByteBuffer, _ exchange: Exchange, _ head: HTTPResponseHead, _ body: ByteBuffer) {
        if head.status == .ok, let stream = exchange.stream {
            run { () throws(KubeError) in try stream.bytes(bytes) }
            return
        }
        let isSuccess = (200..<300).contains(head.status.code)
        let limit = isSuccess ? exchange.limit : min(exchange.limit, KubeLimits.errorBody)
        guard bytes.readableBytes <= limit - body.readableBytes else {
            failTooLarge(exchange)
            return
        }
        var body = body
        // The state's reference goes first, so that the buffer grows in place.
        state = .closed
        var bytes = bytes
        body.writeBuffer(&bytes)
        state = .receiving(exchange, head, body)
    }

    private func run(_ body: () throws(KubeError) -> Void) {
        do throws(KubeError) {
            try body()
        } catch {
            fail(ExchangeFailure(error))
        }
    }

    private func failTooLarge(_ exchange: Exchange) {
        fail(ExchangeFailure(.tooLarge, "the answer is larger than it may be (\(exchange.limit) bytes)"))
    }

    private func finish(_ exchange: Exchange, _ head: HTTPResponseHead, _ body: ByteBuffer) {
        stopTimers()
        if head.isKeepAlive, exchange.stream == nil {
            state = .idle
            startIdleTimer()
        } else {
            state = .closed
            context?.close(promise: nil)
        }
        exchange.promise.succeed(KubeResponse(head: head, body: body))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        var failure: ExchangeFailure
        switch error {
        case let error as TLSError:
            failure = ExchangeFailure(error.code == .timedOut ? .timedOut : .unreachable, error.message)
            failure.isVerification = error.code == .certificateVerifyFailed
        case is HTTPParserError:
            failure = ExchangeFailure(.badAnswer, "what answers there does not speak HTTP: \(error)")
        default: failure = ExchangeFailure(.unreachable, "the connection failed: \(error)")
        }
        fail(failure)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(ExchangeFailure(.unreachable, "the server closed the connection"))
        context.fireChannelInactive()
    }

    // MARK: Timers

    private func startTimer(until deadline: NIODeadline, _ fire: @escaping (ExchangeHandler) -> Void) {
        timer?.cancel()
        timer = context?.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            if let self { fire(self) }
        }
    }

    private func startIdleTimer() {
        startTimer(until: .now() + KubeLimits.idle) { handler in
            if handler.isIdle { handler.fail(ExchangeFailure(.unreachable, "idle for too long")) }
        }
    }

    private func watchSilence(_ idle: TimeAmount) {
        silenceTimer = context?.eventLoop.assumeIsolated().scheduleTask(deadline: lastRead + idle) { [weak self] in
            guard let self else { return }
            if NIODeadline.now() - lastRead >= idle {
                fail(ExchangeFailure(.timedOut, "the server has been silent for \(idle.nanoseconds / 1_000_000) ms"))
            } else {
                watchSilence(idle)
            }
        }
    }

    private func stopTimers() {
        timer?.cancel()
        timer = nil
        silenceTimer?.cancel()
        silenceTimer = nil
    }
}

@available(*, unavailable)
extension ExchangeHandler: Sendable {}
