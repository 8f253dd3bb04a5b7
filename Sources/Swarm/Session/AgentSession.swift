// SPDX-License-Identifier: Apache-2.0
import Console
import NIOCore
import NIOTLS
import NodeAgent
import TLSChannel
import Wire

/// Who runs the sessions of a loop.
protocol AgentSessionOwner: AnyObject {
    /// The frame.
    func hello(for session: AgentSession) throws(WireError) -> [UInt8]
    func session(_ session: AgentSession, sends bytes: Int)
    func session(_ session: AgentSession, _ event: AgentSession.Event)
}

/// One simulated agent's connection, above TLS: what a ``NodeAgent`` session does, on an event loop.
///
/// Confined to its channel's event loop.
final class AgentSession: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Event {
        case handshaken
        case welcomed
        case resyncAsked
        case refused(Reject)
        /// Comes once, last.
        case ended(reason: String)
    }

    /// Which of its loop's nodes.
    let node: Int
    /// When the attempt began, ns on CLOCK_MONOTONIC.
    let began: Int64
    /// When the aggregator accepted it.
    private(set) var welcomedAt: Int64?

    /// Nil once the session has ended.
    private var owner: (any AgentSessionOwner)?
    private var state = SessionState()
    private var assembler = FrameAssembler(cap: WireLimits.aggregatorFrameBytes)
    private var context: ChannelHandlerContext?
    private var welcomeTimer: Scheduled<Void>?
    private var trouble: String?
    /// The aggregator refused it, and somebody has to change something first.
    private(set) var isForAPerson = false
    /// ``cut()`` ended it.
    private(set) var isCut = false

    init(node: Int, owner: any AgentSessionOwner) {
        self.node = node
        self.owner = owner
        began = Clocks.monotonic
    }

    // MARK: What the swarm does with it

    /// What may be sent.
    var sending: SessionState.Sending { state.sending }
    /// The aggregator, or TCP, takes more.
    var isWritable: Bool { context?.channel.isWritable == true }

    func send(_ frame: EncodedFrame) {
        state.sent(frame)
        send(frame.bytes)
    }

    /// Says goodbye and closes.
    func finish() {
        guard let context else { return }
        if welcomedAt != nil, let goodbye = try? AgentMessage.goodbye.encodedFrame() { send(goodbye) }
        context.close(promise: nil)
    }

    /// The connection breaks: no word in TLS, only TCP's.
    func cut() {
        guard let context, let below = try? context.pipeline.syncOperations.context(handlerType: WireCounter.self)
        else {
            return
        }
        isCut = true
        below.close(promise: nil)
    }

    /// For an attempt that never got a channel.
    func end(_ reason: String) {
        welcomeTimer?.cancel()
        guard let owner else { return }
        self.owner = nil
        owner.session(self, .ended(reason: trouble ?? reason))
    }

    private func send(_ bytes: [UInt8]) {
        guard let context else { return }
        owner?.session(self, sends: bytes.count)
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
    }

    // MARK: What happens to it

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted(let negotiated) = event as? TLSUserEvent else { return }
        guard negotiated == PushProtocol.alpn else {
            return fail("the peer does not speak \(PushProtocol.alpn); is this the aggregator's port for agents?")
        }
        owner?.session(self, .handshaken)
        do {
            let limit = PushTimes().connect.wholeNanoseconds - (Clocks.monotonic - began)
            let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
            welcomeTimer = context.eventLoop.scheduleTask(in: .nanoseconds(max(0, limit))) {
                bound.value.fail("no answer to the agent's Hello")
            }
            if let owner { send(try owner.hello(for: self)) }
        } catch {
            fail("\(error)")
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // A Welcome that comes while we close opens no session.
        guard trouble == nil else { return }
        do {
            let buffer = unwrapInboundIn(data)
            try assembler.append(buffer.readableBytesSpan)
            while let body = try assembler.next() { receive(try AggregatorMessage.decode(body: body)) }
        } catch {
            fail("\(error)")
        }
    }

    private func receive(_ message: AggregatorMessage) {
        switch state.received(message) {
        case .welcomed:
            welcomeTimer?.cancel()
            welcomeTimer = nil
            welcomedAt = Clocks.monotonic
            owner?.session(self, .welcomed)
        case .resync: owner?.session(self, .resyncAsked)
        case .refused(let reject):
            trouble = "refused (\(reject.code)): \(reject.reason)"
            isForAPerson = reject.isForAPerson
            owner?.session(self, .refused(reject))
            context?.close(promise: nil)
        case .violation(let problem): fail(problem)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail("\(error)") }

    func channelInactive(context: ChannelHandlerContext) {
        context.fireChannelInactive()
        end("the aggregator closed the session")
    }

    private func fail(_ reason: String) {
        trouble = trouble ?? reason
        context?.close(promise: nil)
    }
}

@available(*, unavailable)
extension AgentSession: Sendable {}
