// SPDX-License-Identifier: Apache-2.0
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import TLS
import TLSChannel

/// Opens connections: tries every address, does TLS.
struct Connector: Sendable {
    /// Failures of single addresses that a message lists.
    private static let mostReported = 4

    let endpoint: ServerURL
    let serverName: String
    let group: any EventLoopGroup
    let times: KubeTimes
    let resolver: NameResolver

    func connect(_ context: TLSContext, deadline: NIODeadline) async throws(ExchangeFailure) -> Connection {
        let addresses = try await resolver.addresses(until: deadline)
        var failures: [String] = []
        var last = ExchangeFailure(.unreachable, "no address")
        for address in addresses {
            do throws(ExchangeFailure) {
                return try await connect(address, context, deadline)
            } catch {
                if error.error.code == .cancelled { throw error }
                last = error
                if failures.count < Self.mostReported { failures.append("\(address): \(error.error.message)") }
            }
        }
        let hint = last.isVerification ? "" : "; is the API server up, and can it be reached from here?"
        var failure = ExchangeFailure(last.error.code, failures.joined(separator: "; ") + hint)
        failure.isVerification = last.isVerification
        throw failure
    }

    private func connect(
        _ address: TLS.SocketAddress, _ context: TLSContext, _ deadline: NIODeadline
    ) async throws(ExchangeFailure) -> Connection {
        let left = deadline - .now()
        guard left > .zero else { throw ExchangeFailure(.timedOut, "no time is left to connect") }
        if Task.isCancelled { throw ExchangeFailure(.cancelled, "cancelled") }
        let loop = group.next()
        let ready = loop.makePromise(of: Void.self)
        do {
            let target = try NIOCore.SocketAddress(ipAddress: address.ipText, port: Int(address.port))
            let connected = ClientBootstrap(group: loop)
                .connectTimeout(min(left, times.connect))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                // A peer that vanished without a word is noticed after a minute, even while we only listen.
                .channelOption(.socketOption(.so_keepalive), value: 1)
                .channelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: 30)
                .channelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 10)
                .channelOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 3)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try configure(channel, context, ready, min(left, times.handshake))
                    }
                }
                .connect(to: target)
            // Completed by the handler, unless that was never made.
            connected.whenFailure { ready.fail($0) }
            let channel = try await withTaskCancellationHandler {
                let channel = try await connected.get()
                try await ready.futureResult.get()
                return channel
            } onCancel: {
                connected.whenSuccess { $0.close(promise: nil) }
            }
            let handler = try await channel.pipeline.handler(type: ExchangeHandler.self).map {
                NIOLoopBound($0, eventLoop: loop)
            }.get()
            return Connection(channel: channel, context: context, handler: handler)
        } catch {
            if Task.isCancelled { throw ExchangeFailure(.cancelled, "cancelled") }
            let code: KubeError.Code = Self.isTimeout(error) ? .timedOut : .unreachable
            throw error as? ExchangeFailure ?? ExchangeFailure(code, "\(error)")
        }
    }

    private static func isTimeout(_ error: any Error) -> Bool {
        if case ChannelError.connectTimeout = error { true } else { false }
    }

    private func configure(
        _ channel: any Channel, _ context: TLSContext, _ ready: EventLoopPromise<Void>, _ handshake: TimeAmount
    ) throws {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = KubeLimits.headers
        limits.maxHeaderFieldSize = KubeLimits.headers
        limits.maxHeaderFieldCount = KubeLimits.headerFields
        let decoder = HTTPResponseDecoder(
            leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop, limitConfiguration: limits)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(
            TLSHandler(
                context: context, role: .client(serverName: serverName), handshakeTimeout: handshake,
                closeTimeout: KubeLimits.goodbye))
        try pipeline.addHandler(HTTPRequestEncoder())
        try pipeline.addHandler(ByteToMessageHandler(decoder))
        try pipeline.addHandler(ExchangeHandler(ready: ready))
    }
}
