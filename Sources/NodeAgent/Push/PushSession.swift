// SPDX-License-Identifier: Apache-2.0
import Console
import TLS
import Wire

/// One connection to one aggregator, from the handshake to its end. Runs on the pusher's thread.
struct PushSession: ~Copyable {
    /// How a session ended.
    enum End: Error {
        /// The feed is finished and everything was sent.
        case finished
        case refused(Reject)
        case failed(String)
    }

    private var stream: TLSStream
    private var state = SessionState()
    private var assembler = FrameAssembler(cap: WireLimits.aggregatorFrameBytes)
    private var token: String
    private var nextCredentialCheck: Deadline
    /// Set when the feed is finished: the last frame and the goodbye are sent by then, or not at all.
    private var lastMoment: Deadline?
    private var framesSent: UInt64 = 0
    private let settings: PushSettings
    private let feed: FrameFeed
    private let signal: EventSignal
    private let counters: PushCounters

    /// Connects and introduces itself.
    init(
        address: SocketAddress, serverName: String, settings: PushSettings, feed: FrameFeed, signal: EventSignal,
        counters: PushCounters = PushCounters()
    ) throws(End) {
        self.counters = counters
        self.settings = settings
        self.feed = feed
        self.signal = signal
        nextCredentialCheck = .after(settings.times.credential)
        do {
            let token = try settings.credential?.read() ?? ""
            let deadline = Deadline.after(settings.times.connect)
            var stream = try TLSStream.connect(
                address: address, context: settings.context(), serverName: serverName, deadline: deadline)
            // Before the credential goes out: what does not speak this protocol has no use for it.
            guard stream.negotiatedALPN == PushProtocol.alpn else {
                throw TLSError(
                    .alpnMismatch,
                    "\(stream.peerDescription) does not speak \(PushProtocol.alpn) (no ALPN agreed on); "
                        + "is this the aggregator's port for agents? --aggregator names it")
            }
            var hello = settings.hello
            hello.credential = token
            try stream.write(try AgentMessage.hello(hello).encodedFrame(), deadline: deadline)
            self.token = token
            self.stream = stream
        } catch {
            throw .failed(Self.reason(error))
        }
    }

    /// The cause, with the flags that may be wrong.
    private static func reason(_ error: any Error) -> String {
        switch (error as? TLSError)?.code {
        case .certificateVerifyFailed:
            "\(error); --ca-file names the CA to trust, --server-name the name that the certificate must carry"
        default: "\(error)"
        }
    }

    /// Pushes until the session ends.
    /// - Parameter welcomed: called once, when the aggregator has accepted the session.
    consuming func run(welcomed: () -> Void) -> End {
        do {
            try greet(welcomed)
            while true { try step(welcomed) }
        } catch let end as End {
            if case .finished = end { sayGoodbye() }
            return end
        } catch {
            return .failed("\(error)")
        }
    }

    private mutating func greet(_ welcomed: () -> Void) throws {
        let deadline = Deadline.after(settings.times.connect)
        while state.sending == .nothing {
            noticeEnd()
            switch try stream.wait(wake: signal.descriptor, deadline: min(deadline, lastMoment ?? deadline)) {
            case .readable: try receive(welcomed)
            case .woken: signal.drain()
            case .timedOut: throw End.failed("\(stream.peerDescription): no answer to the agent's Hello")
            }
        }
    }

    private mutating func noticeEnd() {
        if lastMoment == nil, feed.isFinished { lastMoment = .after(settings.times.goodbye) }
    }

    private mutating func step(_ welcomed: () -> Void) throws {
        // Asked before the feed: a sweep that comes in between is sent in this round, the goodbye only after it.
        noticeEnd()
        if case .frame(let sent) = state.sending, let frame = try feed.next(after: sent) {
            try stream.write(frame.bytes, deadline: lastMoment ?? .after(settings.writeLimit))
            state.sent(frame)
            framesSent &+= 1
            if framesSent == StartupPages.settledAfterFrames { settings.settled() }
            counters.change { $0.sent(frame) }
        }
        if lastMoment != nil { throw End.finished }
        switch try stream.wait(wake: signal.descriptor, deadline: nextCredentialCheck) {
        case .readable: try receive(welcomed)
        case .woken: signal.drain()
        case .timedOut: try renewCredential()
        }
    }

    private mutating func receive(_ welcomed: () -> Void) throws {
        var bytes: [UInt8] = []
        guard try stream.read(into: &bytes, maximum: 16 << 10, deadline: .after(settings.writeLimit)) > 0 else {
            throw End.failed("\(stream.peerDescription) closed the session")
        }
        try assembler.append(bytes)
        while let body = try assembler.next() {
            switch state.received(try AggregatorMessage.decode(body: body)) {
            case .welcomed(let welcome):
                settings.log.info(
                    "session open", ("aggregator", stream.peerDescription), ("instance", welcome.instance))
                welcomed()
            case .resync(let reason):
                counters.change { $0.resyncs += 1 }
                settings.log.warning(
                    "the aggregator asks for a complete frame", ("aggregator", stream.peerDescription),
                    ("reason", reason))
            case .refused(let reject): throw End.refused(reject)
            case .violation(let problem): throw End.failed("\(stream.peerDescription): \(problem)")
            }
        }
    }

    /// A token that was rotated is shown, so that the session outlives the old one.
    private mutating func renewCredential() throws {
        nextCredentialCheck = .after(settings.times.credential)
        guard let file = settings.credential, let fresh = try? file.read(), fresh != token else { return }
        try stream.write(try AgentMessage.credential(fresh).encodedFrame(), deadline: .after(settings.writeLimit))
        token = fresh
        settings.log.info("showed the aggregator a new token", ("aggregator", stream.peerDescription))
    }

    private consuming func sayGoodbye() {
        let deadline = lastMoment ?? .after(settings.times.goodbye)
        if let frame = try? AgentMessage.goodbye.encodedFrame() { try? stream.write(frame, deadline: deadline) }
        stream.close(deadline: deadline)
    }
}
