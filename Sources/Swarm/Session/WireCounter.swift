// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Counts what goes over the wire, below TLS. One serves all connections of a loop.
///
/// Confined to that loop.
final class WireCounter: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private(set) var bytesIn = 0
    private(set) var bytesOut = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bytesIn += unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        bytesOut += unwrapOutboundIn(data).readableBytes
        context.write(data, promise: promise)
    }
}

@available(*, unavailable)
extension WireCounter: Sendable {}
