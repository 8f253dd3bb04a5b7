// SPDX-License-Identifier: Apache-2.0
import Logging
import MetricsAPI
import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection or one HTTP/2 stream: gathers a request, has it answered, writes the answer.
final class HTTPRequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Nothing we serve reads a body; a client that sends one gets this much patience.
    static let largestBody = 64 * 1024

    private let router: RequestRouter
    private let logger: Logger
    private let times: ServerTimes
    /// What the connection's client showed in its handshake.
    private let client: ShownClient?
    private var head: HTTPRequestHead?
    private var bodyBytes = 0
    /// The request was refused before its end: what still comes of it is not looked at.
    private var isRefused = false
    /// Runs always: first for the request to come, then for its answer to go.
    private var deadline: Scheduled<Void>?

    init(router: RequestRouter, logger: Logger, times: ServerTimes, client: ShownClient?) {
        self.router = router
        self.logger = logger
        self.times = times
        self.client = client
    }

    func handlerAdded(context: ChannelHandlerContext) {
        startDeadline(times.idle, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            bodyBytes = 0
        case .body(let part):
            bodyBytes += part.readableBytes
            if bodyBytes > Self.largestBody { refuseBody(context) }
        case .end:
            if let head = head.take() { answer(head, context) }
        }
    }

    private func refuseBody(_ context: ChannelHandlerContext) {
        guard let head = head.take() else { return }
        isRefused = true
        startDeadline(times.answer, context)
        write(
            router.refuseBody(of: APIRequest(head), limitBytes: Self.largestBody), to: head, thenClose: true, context)
    }

    private func startDeadline(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) { bound.value.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        startDeadline(times.answer, context)
        let credentials = RequestCredentials(headers: head.headers, client: client)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        router.respond(to: APIRequest(head), credentials: credentials, on: context.eventLoop).whenComplete { result in
            let (handler, context) = bound.value
            switch result {
            case .success(let response): handler.write(response, to: head, thenClose: false, context)
            case .failure(let error):
                handler.logger.error("request failed", metadata: ["path": "\(head.uri)", "error": "\(error)"])
                context.close(promise: nil)
            }
        }
    }

    private func write(
        _ response: APIResponse, to head: HTTPRequestHead, thenClose: Bool, _ context: ChannelHandlerContext
    ) {
        let closes = thenClose || head.version.major == 1 && !head.isKeepAlive
        var headers = HTTPHeaders()
        headers.add(name: "Content-Type", value: response.contentType)
        for (name, value) in response.headers { headers.add(name: name, value: value) }
        let hasBody = response.status != 304 && response.status != 204
        if hasBody { headers.add(name: "Content-Length", value: "\(response.body.count)") }
        if closes, head.version.major == 1 { headers.add(name: "Connection", value: "close") }
        let status = HTTPResponseStatus(statusCode: response.status)
        let responseHead = wrapOutboundOut(
            .head(HTTPResponseHead(version: head.version, status: status, headers: headers)))
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        written.futureResult.whenSuccess {
            // Not from within the write: the next request may be waiting, and the one after that.
            bound.eventLoop.execute {
                let (handler, context) = bound.value
                handler.finish(context, isStream: head.version.major != 1, closes: closes)
            }
        }
        if hasBody, !response.body.isEmpty, head.method != .HEAD {
            context.write(responseHead, promise: nil)
            let body = ByteBuffer(bytes: response.body)
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(body))), promise: written)
        } else {
            context.writeAndFlush(responseHead, promise: written)
        }
    }

    /// Lets the next pipelined request be answered, once the client has taken this answer: one that asks and asks and
    /// never reads makes us hold one answer, and occupies nobody else's loop.
    private func finish(_ context: ChannelHandlerContext, isStream: Bool, closes: Bool) {
        deadline?.cancel()
        guard context.channel.isActive else { return }
        // A stream of HTTP/2 has had its one request. The next one of a connection may come with this write.
        if !closes, !isStream { startDeadline(times.idle, context) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        if closes { context.close(promise: nil) }
    }
}

@available(*, unavailable)
extension HTTPRequestHandler: Sendable {}

extension APIRequest {
    init(_ head: HTTPRequestHead) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        self.init(
            method: head.method.rawValue, path: String(parts.first ?? "/"),
            query: parts.count == 2 ? String(parts[1]) : nil,
            // Several Accept headers mean the same as one with commas.
            accept: head.headers.contains(name: "accept")
                ? head.headers["accept"].joined(separator: ",") : nil,
            acceptEncoding: head.headers.first(name: "accept-encoding"),
            ifNoneMatch: head.headers.first(name: "if-none-match"),
            userAgent: head.headers.first(name: "user-agent"))
    }
}
