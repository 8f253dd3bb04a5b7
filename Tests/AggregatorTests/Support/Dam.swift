// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import Aggregator

/// Holds writes back until it is told, as a client that does not read.
final class Dam: ChannelOutboundHandler {
    typealias OutboundIn = HTTPServerResponsePart

    private(set) var parts: [HTTPServerResponsePart] = []
    private(set) var heldBytes = 0
    private(set) var mostHeldBytes = 0
    private var promises: [EventLoopPromise<Void>] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = unwrapOutboundIn(data)
        if case .body(.byteBuffer(let bytes)) = part { heldBytes += bytes.readableBytes }
        mostHeldBytes = max(mostHeldBytes, heldBytes)
        parts.append(part)
        if let promise { promises.append(promise) }
    }

    func flush(context: ChannelHandlerContext) {}

    func letThrough() {
        heldBytes = 0
        let now = promises
        promises = []
        for promise in now { promise.succeed(()) }
    }

    var head: HTTPResponseHead? {
        for case .head(let head) in parts { return head }
        return nil
    }
    var hasEnd: Bool { parts.contains { if case .end = $0 { true } else { false } } }
    var bodyBytes: Int {
        parts.reduce(0) { if case .body(.byteBuffer(let bytes)) = $1 { $0 + bytes.readableBytes } else { $0 } }
    }
}

extension EmbeddedChannel {
    /// A connection behind a dam, with a GET on it.
    static func behindDam(
        _ responder: some Responder, times: ServerTimes = ServerTimes(), version: HTTPVersion = .http1_1,
        share: ConnectionShare = ConnectionShare(), loop: EmbeddedEventLoop = EmbeddedEventLoop()
    ) throws -> (EmbeddedChannel, Dam) {
        let dam = Dam()
        let channel = EmbeddedChannel(loop: loop)
        try channel.pipeline.syncOperations.addHandlers([
            dam,
            HTTPRequestHandler(
                responder: responder, logger: LogCapture().logger, times: times, client: nil, share: share),
        ])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try channel.writeInbound(HTTPServerRequestPart.head(HTTPRequestHead(version: version, method: .GET, uri: "/")))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        return (channel, dam)
    }
}
