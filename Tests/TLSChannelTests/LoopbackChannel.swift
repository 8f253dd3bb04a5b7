// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOPosix
import NIOTLS
import Synchronization
import TLS
import TLSChannel
import TLSTestSupport

/// What a test server does with plaintext.
enum Service: Sendable {
    /// Sends every read back.
    case echo
    /// Answers one HTTP/1.1 request with the client's common name and closes.
    case http
    /// Sends so many bytes after the handshake.
    case flood(Int)
    /// Echoes, but reads only when it has answered.
    case pull
}

/// A NIO server on 127.0.0.1 with our handler, and what became of its connections.
final class LoopbackChannel: Sendable {
    struct Report: Sendable {
        var errors: [TLSError] = []
        var protocols: [String?] = []
        var versions: [String] = []
        var clients: [String?] = []
        var shutdowns = 0
        var closed = 0
        var writeResults: [Bool] = []
    }

    let port: UInt16
    private let listener: any Channel
    private let group: MultiThreadedEventLoopGroup

    var address: TLS.SocketAddress { TLS.SocketAddress(ipLiteral: "127.0.0.1", port: port)! }

    /// - Parameter shares: whether the connections share their loop's buffers and deadlines.
    init(
        _ context: TLSContext, _ service: Service, closeTimeout: TimeAmount = .seconds(5), shares: Bool = false
    ) async throws {
        let report = ReportBox()
        let channels = ChannelsBox()
        group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let shared = shares ? try await group.next().submit { [group] in Shared(on: group.next()) }.get() : nil
        let isPulling = if case .pull = service { true } else { false }
        listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.autoRead, value: !isPulling)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let shared = shared?.bound.value
                    try shared?.buffers.install(in: channel)
                    let handler = TLSHandler(
                        context: context, role: .server, closeTimeout: closeTimeout, deadlines: shared?.deadlines,
                        buffers: shared?.buffers)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    try channel.pipeline.syncOperations.addHandler(
                        Responder(service, handler, report, channels))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = UInt16(listener.localAddress?.port ?? 0)
        self.reportBox = report
        self.channelsBox = channels
    }

    private struct Shared: Sendable {
        let bound: NIOLoopBound<(buffers: ReadBuffers, deadlines: DeadlineTable)>

        init(on eventLoop: any EventLoop) {
            bound = NIOLoopBound((ReadBuffers(), DeadlineTable(on: eventLoop)), eventLoop: eventLoop)
        }
    }

    private let reportBox: ReportBox
    private let channelsBox: ChannelsBox

    var current: Report { reportBox.value.withLock { $0 } }
    var connections: [any Channel] { channelsBox.value.withLock { $0 } }

    /// Waits until the report satisfies `condition`; false after 20 s.
    func wait(_ condition: (Report) -> Bool) async throws -> Bool {
        for _ in 0..<2000 {
            if condition(current) { return true }
            try await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    func stop() async throws {
        try await listener.close()
        try await group.shutdownGracefully()
    }
}

final class ReportBox: Sendable {
    let value = Mutex(LoopbackChannel.Report())
}

final class ChannelsBox: Sendable {
    let value = Mutex<[any Channel]>([])
}

private final class Responder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let service: Service
    private let tls: TLSHandler
    private let report: ReportBox
    private let channels: ChannelsBox
    private var request: [UInt8] = []

    init(_ service: Service, _ tls: TLSHandler, _ report: ReportBox, _ channels: ChannelsBox) {
        self.service = service
        self.tls = tls
        self.report = report
        self.channels = channels
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let name):
            let channel = context.channel
            channels.value.withLock { $0.append(channel) }
            let (version, client) = (tls.protocolVersion ?? "", tls.peerCertificate?.commonName)
            report.value.withLock {
                $0.protocols.append(name)
                $0.versions.append(version)
                $0.clients.append(client)
            }
            switch service {
            case .flood(let count): flood(context, count)
            case .pull: context.read()
            case .echo, .http: break
            }
        case TLSUserEvent.shutdownCompleted: report.value.withLock { $0.shutdowns += 1 }
        default: break
        }
    }

    private func flood(_ context: ChannelHandlerContext, _ count: Int) {
        let promise = context.eventLoop.makePromise(of: Void.self)
        let report = report
        promise.futureResult.whenComplete { result in
            let succeeded = if case .success = result { true } else { false }
            report.value.withLock { $0.writeResults.append(succeeded) }
        }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(repeating: 7, count: count)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        switch service {
        case .echo: context.writeAndFlush(data, promise: nil)
        case .pull:
            context.writeAndFlush(data, promise: nil)
            context.read()
        case .flood: break
        case .http:
            request += Array(buffer: buffer)
            guard request.suffix(4) == [13, 10, 13, 10] else { return }
            let body = "hello \(tls.peerCertificate?.commonName ?? "stranger")\n"
            let answer =
                "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n" + body
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? TLSError else { return }
        report.value.withLock { $0.errors.append(error) }
    }

    func channelInactive(context: ChannelHandlerContext) { report.value.withLock { $0.closed += 1 } }
}
