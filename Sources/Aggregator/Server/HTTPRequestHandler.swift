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

    let responder: any Responder
    private let logger: Logger
    let times: ServerTimes
    /// What the connection's client showed in its handshake.
    private let client: ShownClient?
    private var head: HTTPRequestHead?
    private var bodyBytes = 0
    /// The request was refused before its end: what still comes of it is not looked at.
    private var isRefused = false
    /// Runs for the request to come, then for its answer to go.
    private var deadline: Scheduled<Void>?
    /// The answer that is being sent.
    var open: OpenAnswer?
    /// Grows with each answer and its end, so that what comes late for one is not taken for the next.
    var answerNumber = 0
    /// The request's that is being answered, until its answer is gone.
    var place: Admission.Place?
    var life: RequestLife?
    let share: ConnectionShare

    init(responder: any Responder, logger: Logger, times: ServerTimes, client: ShownClient?, share: ConnectionShare) {
        self.responder = responder
        self.logger = logger
        self.times = times
        self.client = client
        self.share = share
    }

    func handlerAdded(context: ChannelHandlerContext) {
        startDeadline(times.idle, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stopDeadline()
        abandon()
    }

    func channelInactive(context: ChannelHandlerContext) {
        stopDeadline()
        abandon()
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
            responder.refuseBody(of: APIRequest(head), limitBytes: Self.largestBody), to: head, thenClose: true, context
        )
    }

    func startDeadline(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        stopDeadline()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            let (handler, context) = bound.value
            // Closing takes a while, with a client that does not read; its place is free at once.
            handler.abandon()
            context.close(promise: nil)
        }
    }

    func stopDeadline() {
        deadline?.cancel()
        deadline = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        logger.debug("connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        startDeadline(times.answer, context)
        let request = APIRequest(head)
        switch responder.admit(request) {
        case .refused(let response): return write(response, to: head, thenClose: false, context)
        case .open(let place): self.place = place
        }
        let life = RequestLife()
        self.life = life
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        responder.respond(
            to: request, credentials: RequestCredentials(headers: head.headers, client: client), life: life,
            on: context.eventLoop
        ).whenComplete { result in
            let (handler, context) = bound.value
            switch result {
            case .success(let response) where life.isOver: response.body.drop()
            case .success(let response): handler.write(response, to: head, thenClose: false, context)
            case .failure where life.isOver: break
            case .failure(let error):
                handler.logger.error("request failed", metadata: ["path": "\(head.uri)", "error": "\(error)"])
                handler.abandon()
                context.close(promise: nil)
            }
        }
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
