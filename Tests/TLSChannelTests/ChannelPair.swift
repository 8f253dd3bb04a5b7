// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOEmbedded
import NIOTLS
import TLS
import TLSChannel
import TLSTestSupport

/// What an application behind the handler sees, in order.
enum Seen: Equatable {
    case active
    case handshake(String?)
    case read([UInt8])
    case shutdown
    case inputClosed
    case error(TLSError.Code)
    case otherError(String)
    case inactive
}

/// The application: records events and lets a test act inside them.
final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    var seen: [Seen] = []
    var readCompletes = 0
    /// The last error, with its text.
    var error: TLSError?
    var action: ((ChannelHandlerContext, Seen) -> Void)?

    var bytes: [UInt8] {
        seen.reduce(into: []) { all, event in if case .read(let bytes) = event { all += bytes } }
    }

    private func record(_ event: Seen, _ context: ChannelHandlerContext) {
        seen.append(event)
        action?(context, event)
    }

    func channelActive(context: ChannelHandlerContext) { record(.active, context) }
    func channelInactive(context: ChannelHandlerContext) { record(.inactive, context) }
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        record(.read(Array(buffer: unwrapInboundIn(data))), context)
    }
    func channelReadComplete(context: ChannelHandlerContext) { readCompletes += 1 }
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let name): record(.handshake(name), context)
        case TLSUserEvent.shutdownCompleted: record(.shutdown, context)
        case ChannelEvent.inputClosed: record(.inputClosed, context)
        default: break
        }
    }
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? TLSError else { return record(.otherError("\(error)"), context) }
        self.error = error
        record(.error(error.code), context)
    }
}

/// In front of TLS: stands for what an EmbeddedChannel cannot do as a transport.
final class Transport: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer

    var context: ChannelHandlerContext?
    var outputClosed = false
    var reads = 0

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }
    func read(context: ChannelHandlerContext) {
        reads += 1
        context.read()
    }
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        outputClosed = true
        promise?.succeed(())
    }

    /// The network goes away, without TLS being asked.
    func cut() { context?.close(mode: .all, promise: nil) }
}

/// One end.
final class End {
    let channel: EmbeddedChannel
    let transport = Transport()
    let recorder = Recorder()
    /// The test's own reference is dropped with the end, so that leaks show.
    let handler: TLSHandler

    init(_ handler: TLSHandler, loop: EmbeddedEventLoop) throws {
        self.handler = handler
        channel = EmbeddedChannel(loop: loop)
        try channel.pipeline.syncOperations.addHandlers([transport, handler, recorder])
    }

    /// A channel left open keeps its handlers alive, and they it.
    deinit {
        recorder.action = nil
        transport.cut()
        channel.embeddedEventLoop.run()
    }

    func activate() { channel.connect(to: try! .init(ipAddress: "127.0.0.1", port: 1), promise: nil) }

    func takeOutbound() -> [UInt8] {
        var bytes: [UInt8] = []
        while let buffer = try? channel.readOutbound(as: ByteBuffer.self) { bytes += Array(buffer: buffer) }
        return bytes
    }

    func receive(_ bytes: [UInt8]) { _ = try? channel.writeInbound(ByteBuffer(bytes: bytes)) }

    /// Writes and flushes; the promise's outcome appears in the result.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Outcome {
        let outcome = write(bytes)
        channel.flush()
        return outcome
    }

    func write(_ bytes: [UInt8], _ note: @escaping (Bool) -> Void = { _ in }) -> Outcome {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        let outcome = Outcome(promise.futureResult, note)
        channel.pipeline.syncOperations.write(NIOAny(ByteBuffer(bytes: bytes)), promise: promise)
        return outcome
    }

    func close(_ mode: CloseMode = .all) -> Outcome {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        let outcome = Outcome(promise.futureResult)
        channel.pipeline.syncOperations.close(mode: mode, promise: promise)
        return outcome
    }
}

/// How a promise ended, if it has.
final class Outcome {
    var succeeded = false
    var error: (any Error)?
    var isDone: Bool { succeeded || error != nil }

    init(_ future: EventLoopFuture<Void>, _ note: @escaping (Bool) -> Void = { _ in }) {
        future.assumeIsolated().whenComplete { result in
            switch result {
            case .success:
                self.succeeded = true
                note(true)
            case .failure(let error):
                self.error = error
                note(false)
            }
        }
    }
}

/// A client and a server channel joined in memory.
final class ChannelPair {
    let loop = EmbeddedEventLoop()
    let client: End
    let server: End
    /// Most bytes moved in one read.
    var chunk = Int.max

    init(
        client: TLSContext? = nil, server: TLSContext? = nil, name: String = "localhost",
        limits: TLSLimits = TLSLimits()
    ) throws {
        let pki = TestPKI.shared
        let clientContext = try client ?? pki.clientContext()
        let serverContext = try server ?? pki.serverContext()
        self.client = try End(
            TLSHandler(context: clientContext, role: .client(serverName: name), limits: limits), loop: loop)
        self.server = try End(TLSHandler(context: serverContext, role: .server, limits: limits), loop: loop)
    }

    /// Both transports active and all bytes moved.
    func connect() {
        server.activate()
        client.activate()
        pump()
    }

    /// Moves bytes until both ends are quiet; a closed transport closes the other's.
    func pump() {
        while true {
            let moved = move(client, server) + move(server, client)
            loop.run()
            if moved > 0 { continue }
            if !client.channel.isActive, server.channel.isActive { server.transport.cut() }
            if !server.channel.isActive, client.channel.isActive { client.transport.cut() }
            loop.run()
            return
        }
    }

    @discardableResult
    func move(_ from: End, _ to: End) -> Int {
        let bytes = from.takeOutbound()
        var rest = bytes[...]
        while !rest.isEmpty, to.channel.isActive {
            to.receive(Array(rest.prefix(chunk)))
            rest = rest.dropFirst(chunk)
        }
        return bytes.count
    }
}
