// SPDX-License-Identifier: Apache-2.0
import Logging
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOTLS
import TLS
import TLSChannel

/// The port that the API server, kubectl and Prometheus speak to: HTTP/1.1 and HTTP/2 over TLS, chosen by ALPN.
struct APIServer: Sendable {
    /// What is offered in the handshake, best first.
    static let protocols = ["h2", "http/1.1"]

    /// Room for a long token and a front proxy's extra headers; a stranger can make us hold this much for each request.
    static let largestHeaders = 256 * 1024

    let responder: any Responder
    let logger: Logger
    var times = ServerTimes()
    let connections = ConnectionSet()

    /// - Parameter context: asked for with each connection.
    func bind(
        host: String, port: Int, context: @escaping @Sendable () -> TLSContext, group: any EventLoopGroup
    ) async throws -> any Channel {
        try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in configure(channel, context()) }
            .bind(host: host, port: port).get()
    }

    private func configure(_ channel: any Channel, _ context: TLSContext) -> EventLoopFuture<Void> {
        connections.add(channel)
        channel.closeFuture.whenComplete { _ in connections.remove(channel) }
        return channel.eventLoop.makeCompletedFuture {
            let share = NIOLoopBound(ConnectionShare(), eventLoop: channel.eventLoop)
            let tls = TLSHandler(
                context: context, role: .server, handshakeTimeout: times.handshake, closeTimeout: times.close)
            let bound = NIOLoopBound(tls, eventLoop: channel.eventLoop)
            let negotiation = ApplicationProtocolNegotiationHandler { result in
                channel.eventLoop.makeCompletedFuture {
                    // One for all streams of the connection: a certificate is not verified for each request.
                    let client = NIOLoopBound(
                        bound.value.shownCertificates.map(ShownClient.init), eventLoop: channel.eventLoop)
                    switch result {
                    case .negotiated("h2"): try configureHTTP2(channel, client, share)
                    case .negotiated, .fallback: try configureHTTP1(channel, client, share)
                    }
                }
            }
            try channel.pipeline.syncOperations.addHandlers([
                tls, IdleStateHandler(allTimeout: times.idle), ConnectionGuard(logger: logger, share: share.value),
                negotiation,
            ])
        }
    }

    private func configureHTTP1(
        _ channel: any Channel, _ client: NIOLoopBound<ShownClient?>, _ share: NIOLoopBound<ConnectionShare>
    ) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = Self.largestHeaders
        limits.maxHeaderFieldSize = Self.largestHeaders
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits)
        try channel.pipeline.syncOperations.addHandler(
            HTTPRequestHandler(
                responder: responder, logger: logger, times: times, client: client.value, share: share.value))
    }

    private func configureHTTP2(
        _ channel: any Channel, _ client: NIOLoopBound<ShownClient?>, _ share: NIOLoopBound<ConnectionShare>
    ) throws {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 100),
            HTTP2Setting(parameter: .maxHeaderListSize, value: Self.largestHeaders),
        ]
        _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: connection, streamConfiguration: .init()
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandlers([
                    HTTP2FramePayloadToHTTP1ServerCodec(),
                    HTTPRequestHandler(
                        responder: responder, logger: logger, times: times, client: client.value, share: share.value),
                ])
            }
        }
        // The HTTP/2 handler says GOAWAY to a peer that breaks the protocol, and leaves the closing to others.
        try channel.pipeline.syncOperations.addHandler(ConnectionGuard(logger: logger, share: share.value))
    }
}

/// Closes a connection that idles, or on which something breaks before this handler.
private final class ConnectionGuard: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    private let logger: Logger
    private let share: ConnectionShare

    init(logger: Logger, share: ConnectionShare) {
        self.logger = logger
        self.share = share
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            // Who waits for events of a watch has nothing to say.
            if share.endless == 0 { context.close(promise: nil) }
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Many clients, those in Go among them, leave without close_notify, or before the handshake is done (the API
        // server asks five times at once and takes the first answer): that is no news.
        let code = (error as? TLSError)?.code
        let isOrdinary =
            code == .truncated || code == .closed || code == .handshakeCut || error is IOError || error is ChannelError
        let level: Logger.Level = isOrdinary ? .debug : .info
        logger.log(
            level: level, "API connection failed",
            metadata: ["peer": "\(context.peerText)", "error": "\(error)"])
        context.close(promise: nil)
    }
}
