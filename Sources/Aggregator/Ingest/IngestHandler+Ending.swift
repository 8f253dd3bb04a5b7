// SPDX-License-Identifier: Apache-2.0
import Logging
import NIOCore
import Synchronization
import TLS
import Wire

/// How a session ends, whoever ends it.
extension IngestHandler {
    static let expired = Reject(
        code: .unauthenticated,
        reason: "what the agent showed has expired, and nothing fresh came; is its token being rotated?")

    private static let shuttingDown = Reject(
        code: .shuttingDown, reason: "the aggregator shuts down; the agent connects again by itself")

    /// - Parameter refusal: what it is counted as; nil: as its code says.
    func reject(
        _ reject: Reject, _ context: ChannelHandlerContext, countedAs refusal: IngestMetrics.Refusal? = nil
    ) {
        guard !isClosing else { return }
        service.metrics.refused(refusal ?? IngestMetrics.Refusal(reject.code))
        service.logger.warning(
            "session refused",
            metadata: [
                "node": "\(nodeName)", "peer": "\(context.peerText)", "code": "\(reject.code)",
                "reason": "\(reject.reason)",
            ])
        send(.reject(reject), context)
        close(context)
    }

    func tooFast(_ context: ChannelHandlerContext) {
        reject(
            Reject(
                code: .protocol,
                reason: "frames come far more often, or are far larger, than the announced interval allows; "
                    + "install agent and aggregator of the same release, and start one agent for each node"),
            context, countedAs: .rate)
    }

    func tooManySessions(_ context: ChannelHandlerContext) {
        reject(
            Reject(
                code: .overloaded,
                reason: "\(nodeName) has opened \(service.limits.sessionsPerMinute) sessions within a minute; it may "
                    + "again in the next. Does a second agent run under its name, or does something cut connections?"),
            context, countedAs: .sessionRate)
    }

    /// The aggregator ends; no line for each session.
    func leave(_ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        if session != nil { service.metrics.refused(.shuttingDown) }
        send(.reject(Self.shuttingDown), context)
        close(context)
    }

    func fail(_ context: ChannelHandlerContext, _ error: WireError) {
        service.metrics.refused(.malformedFrame)
        service.logger.warning(
            "bad frame; session closed",
            metadata: ["node": "\(nodeName)", "peer": "\(context.peerText)", "error": "\(error)"])
        send(.reject(Reject(code: .protocol, reason: "bad frame: \(error)")), context)
        close(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isClosing else { return }
        // A session that breaks is the agent's to reopen; a handshake that fails is somebody's misconfiguration; one that
        // was not even begun is a probe of the port.
        let isProbe = session == nil && (error as? TLSError)?.code == .handshakeCut
        let level: Logger.Level = isProbe ? .debug : session == nil ? .warning : .info
        if session == nil, !isProbe { service.metrics.refused(.tls) }
        service.logger.log(
            level: level, "connection failed",
            metadata: ["node": "\(nodeName)", "peer": "\(context.peerText)", "error": "\(error)"])
        close(context)
    }

    func close(_ context: ChannelHandlerContext) {
        isClosing = true
        pending = nil
        endSession()
        context.close(promise: nil)
    }

    func endSession() {
        guard machine.close(), let session else { return }
        self.session = nil
        service.metrics.sessionsOpen.subtract(1, ordering: .relaxed)
        if session.end(now: .now) {
            service.logger.info("session closed", metadata: ["node": "\(nodeName)"])
        }
    }

    // MARK: Deadlines

    func deadlinePassed(now: NIODeadline) {
        guard !isClosing, let context else { return }
        if now >= lastFrame + service.times.handshakeTurn { endTurn() }
        if let credentialEnd, credentialEnd <= now { return reject(Self.expired, context) }
        guard now >= lastFrame + silence else { return armDeadline() }
        switch machine.silence() {
        case .close: closeSilent(context)
        case .reject(let reject): self.reject(reject, context)
        case .ignore: break
        }
    }

    private func closeSilent(_ context: ChannelHandlerContext) {
        service.metrics.refused(.silent)
        service.logger.warning(
            session == nil ? "a peer connected and said nothing; closed" : "no sample for too long; session closed",
            metadata: [
                "node": "\(nodeName)", "peer": "\(context.peerText)",
                "seconds": "\(silence.nanoseconds / 1_000_000_000)",
            ])
        close(context)
    }
}
