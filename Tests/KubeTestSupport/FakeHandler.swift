// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOHTTP1
import TLS
import TLSChannel

/// One connection of the fake server.
final class FakeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: FakeAPIServer
    private let connection: Int
    private let tls: TLSHandler
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(server: FakeAPIServer, connection: Int, tls: TLSHandler) {
        self.server = server
        self.connection = connection
        self.tls = tls
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let bytes): body += bytes.readableBytesView
        case .end:
            if let head { answer(head, context) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var query: [String: String] = [:]
        for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let pair = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[String(pair[0])] = pair.count > 1 ? Self.unescaped(pair[1]) : ""
        }
        let request = FakeAPIServer.Request(
            method: head.method.rawValue, path: parts.first.map(String.init) ?? "", query: query,
            headers: Dictionary(
                head.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { "\($0),\($1)" }),
            body: body, connection: connection, client: tls.peerCertificate?.commonName)
        switch server.reply(to: request) {
        case .answer(let status, let contentType, let headers, let body):
            write(context, status, ["content-type": contentType, "content-length": "\(body.count)"], headers)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .stream(let contentType, let opened):
            write(context, 200, ["content-type": contentType, "transfer-encoding": "chunked"], [:])
            context.flush()
            opened(FakeStream(channel: context.channel, request: request))
        case .hangUp: context.close(promise: nil)
        case .silence: break
        }
    }

    private func write(
        _ context: ChannelHandlerContext, _ status: Int, _ headers: [String: String], _ more: [String: String]
    ) {
        let all = headers.merging(more) { $1 }
        context.write(
            wrapOutboundOut(
                .head(
                    HTTPResponseHead(
                        version: .http1_1, status: HTTPResponseStatus(statusCode: status),
                        headers: HTTPHeaders(all.map { ($0.key, $0.value) })))), promise: nil)
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16) {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

@available(*, unavailable)
extension FakeHandler: Sendable {}
