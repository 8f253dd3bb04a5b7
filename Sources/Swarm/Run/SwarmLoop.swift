// SPDX-License-Identifier: Apache-2.0
import Console
import NIOCore
import NIOPosix
import NodeAgent
import TLS
import TLSChannel
import Wire

/// The nodes of one event loop, and their sessions.
///
/// Confined to that loop.
final class SwarmLoop: AgentSessionOwner {
    private struct Link {
        var session: AgentSession?
        var backoff: Backoff
    }

    private let plan: SwarmPlan
    private let address: NIOCore.SocketAddress
    private let bootID: String
    private let eventLoop: any EventLoop
    private var nodes: [SimulatedNode]
    private var links: [Link]
    private var schedule: PushSchedule
    private var tally = Tally()
    private let wire = WireCounter()
    private var sweepTimer: Scheduled<Void>?
    private var isFinishing = false
    /// Attempts that have no answer yet.
    private var connecting = 0
    private var stormBegan: Int64?
    private var stormEnded: Int64?

    /// Sweeps in one go, before connections get their turn.
    private static let mostSweepsPerTurn = 64
    /// Until it is looked again whether more may connect.
    private static let connectPause: TimeAmount = .milliseconds(10)
    /// For the aggregator's goodbye.
    private static let closeTimeout: TimeAmount = .seconds(2)

    /// - Parameter indices: of the nodes, among all of the swarm.
    init(_ plan: SwarmPlan, nodes indices: [Int], bootID: String, start: Int64, on eventLoop: any EventLoop) throws {
        self.plan = plan
        self.bootID = bootID
        self.eventLoop = eventLoop
        address = try NIOCore.SocketAddress(
            ipAddress: plan.aggregator.ipText, port: Int(plan.aggregator.port))
        nodes = indices.map { SimulatedNode(index: $0, shape: plan.shape) }
        links = indices.map { _ in Link(backoff: Backoff(interval: plan.interval)) }
        schedule = PushSchedule(
            nodes: indices.count, interval: plan.interval.wholeNanoseconds, start: start,
            seed: plan.shape.seed &+ UInt64(indices.first ?? 0))
    }

    /// What the loop's thread tells the main one.
    struct Status: Sendable {
        var tally: Tally
        /// Frames whose time has come up to now.
        var dueFrames: Int
        /// Connections that are not closed yet.
        var connections: Int
        /// ns on CLOCK_MONOTONIC.
        var stormEnded: Int64?
    }

    func status() -> Status {
        // What is due is sent first: otherwise it would seem missing.
        sweepDue()
        var tally = tally
        tally.wireBytesIn = wire.bytesIn
        tally.wireBytesOut = wire.bytesOut
        return Status(
            tally: tally, dueFrames: schedule.dueCount(by: Clocks.monotonic),
            connections: links.count { $0.session != nil }, stormEnded: stormEnded)
    }

    /// Begins to sweep and to connect, which takes `ramp` altogether.
    func start(ramp: Duration) {
        armSweeps()
        let step = nodes.isEmpty ? 0 : ramp.wholeNanoseconds / Int64(nodes.count)
        connect(from: 0, began: Clocks.monotonic, step: step)
    }

    /// Drops every connection; the agents come back as they do.
    func storm() {
        stormBegan = Clocks.monotonic
        stormEnded = nil
        for link in links { link.session?.cut() }
    }

    /// No further sweep; every session says goodbye and closes.
    func finish() {
        isFinishing = true
        sweepTimer?.cancel()
        for link in links { link.session?.finish() }
    }

    // MARK: Sweeps

    private func armSweeps() {
        guard !isFinishing, let due = schedule.nextDue else { return }
        sweepTimer?.cancel()
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        sweepTimer = eventLoop.scheduleTask(deadline: .uptimeNanoseconds(UInt64(max(0, due)))) {
            bound.value.sweepDue()
            bound.value.armSweeps()
        }
    }

    private func sweepDue() {
        // A timer that was due with the end comes behind it, and nothing may follow a goodbye.
        guard !isFinishing else { return }
        for _ in 0..<Self.mostSweepsPerTurn {
            guard let turn = schedule.next(now: Clocks.monotonic) else { return }
            sweep(turn)
        }
    }

    private func sweep(_ turn: PushSchedule.Turn) {
        let frame: EncodedFrame
        do {
            frame = try sweep(node: turn.node)
        } catch {
            tally.trouble = "\(error)"
            return
        }
        guard let session = links[turn.node].session, case .frame(let last) = session.sending else { return }
        guard session.isWritable else {
            tally.heldFrames += 1
            return
        }
        if frame.isComplete || last == frame.sequence - 1 {
            send(frame, to: session)
        } else {
            sendSnapshot(to: session)
        }
        tally.scheduledFrames += 1
        let late = Clocks.monotonic - turn.due
        tally.latest = max(tally.latest, late)
        if late > Tally.lateness { tally.lateFrames += 1 }
    }

    private func sweep(node: Int) throws(WireError) -> EncodedFrame {
        // The load's readings are up to 60 µs apart, and now and then 3 ms; none may be of the future.
        let boot = Clocks.boot
        let sweep = boot - Int64(plan.shape.containers) * 100_000
        let replaced = nodes[node].replacements
        defer {
            tally.replacements += nodes[node].replacements - replaced
            tellReplaced(nodes[node])
        }
        return try nodes[node].sweep(
            bootTimeMicroseconds: UInt64(clamping: sweep / 1_000),
            realTimeMicroseconds: (Clocks.real - boot + sweep) / 1_000,
            usualMicroseconds: UInt64(clamping: plan.interval.wholeNanoseconds / 1_000), names: plan.names)
    }

    private func tellReplaced(_ node: SimulatedNode) {
        guard let listener = plan.replacedPods, !node.replacedPods.isEmpty else { return }
        do throws(FlagError) {
            try listener.tell(node.replacedPods, node: node.index, names: plan.names)
        } catch {
            tally.trouble = "\(error)"
        }
    }

    private func send(_ frame: EncodedFrame, to session: AgentSession) {
        session.send(frame)
        tally.samples += plan.shape.containers
        if frame.isComplete { tally.completeFrames += 1 }
    }

    private func sendSnapshot(to session: AgentSession) {
        guard !isFinishing, nodes[session.node].sequence > 0 else { return }
        do {
            send(try nodes[session.node].snapshot(), to: session)
        } catch {
            tally.trouble = "\(error)"
        }
    }

    // MARK: Connections

    private func connect(from first: Int, began: Int64, step: Int64) {
        var index = first
        let most = max(1, plan.connectingAtOnce / plan.eventLoops)
        while index < nodes.count, connecting < most, began + Int64(index) * step <= Clocks.monotonic {
            connect(index)
            index += 1
        }
        guard index < nodes.count else { return }
        let next = index
        let pause = TimeAmount.nanoseconds(began + Int64(next) * step - Clocks.monotonic)
        later(connecting < most ? pause : max(pause, Self.connectPause)) { loop in
            loop.connect(from: next, began: began, step: step)
        }
    }

    private func later(_ pause: TimeAmount, _ body: @escaping @Sendable (SwarmLoop) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: pause) {
            if !bound.value.isFinishing { body(bound.value) }
        }
    }

    private func connect(_ index: Int) {
        let session = AgentSession(node: index, owner: self)
        links[index].session = session
        tally.attempts += 1
        connecting += 1
        let limit = TimeAmount.nanoseconds(PushTimes().connect.wholeNanoseconds)
        let context = plan.credentials.context(node: nodes[index].index)
        let name = plan.serverName
        let bound = NIOLoopBound((wire, session), eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(limit)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let (wire, session) = bound.value
                    let tls = TLSHandler(
                        context: context, role: .client(serverName: name), handshakeTimeout: limit,
                        closeTimeout: Self.closeTimeout)
                    try channel.pipeline.syncOperations.addHandlers([wire, tls, session])
                }
            }
            .connect(to: address)
            .whenFailure { bound.value.1.end("\($0)") }
    }

    // MARK: AgentSessionOwner

    func hello(for session: AgentSession) throws(WireError) -> [UInt8] {
        let index = nodes[session.node].index
        let hello = Hello(
            nodeName: plan.names.node.text(node: index), bootID: bootID, agentVersion: Version.text,
            intervalMilliseconds: UInt32(clamping: plan.interval.wholeMilliseconds),
            credential: plan.credentials.token(node: index), capacityMillicores: 16_000,
            capacityMemoryBytes: 64 << 30, cgroupMode: .v2)
        return try AgentMessage.hello(hello).encodedFrame()
    }

    func session(_ session: AgentSession, sends bytes: Int) { tally.frameBytes += bytes }

    func session(_ session: AgentSession, _ event: AgentSession.Event) {
        switch event {
        case .handshaken: tally.handshakes.add(nanoseconds: Clocks.monotonic - session.began)
        case .welcomed: welcomed(session)
        case .resyncAsked:
            tally.resyncs += 1
            sendSnapshot(to: session)
        case .refused: tally.refusals += 1
        case .ended(let reason): ended(session, reason)
        }
    }

    private func welcomed(_ session: AgentSession) {
        tally.welcomes.add(nanoseconds: Clocks.monotonic - session.began)
        tally.sessions += 1
        connecting -= 1
        if stormBegan != nil, stormEnded == nil, tally.sessions == nodes.count { stormEnded = Clocks.monotonic }
        if isFinishing { session.finish() } else { sendSnapshot(to: session) }
    }

    private func ended(_ session: AgentSession, _ reason: String) {
        let index = session.node
        if links[index].session === session { links[index].session = nil }
        let times = PushTimes()
        if session.welcomedAt == nil { connecting -= 1 }
        if let welcomed = session.welcomedAt {
            tally.sessions -= 1
            if !session.isCut && !isFinishing { tally.lost += 1 }
            if Clocks.monotonic - welcomed >= times.held.wholeNanoseconds { links[index].backoff.succeeded() }
        } else if !session.isCut && !isFinishing {
            tally.failures += 1
        }
        guard !isFinishing else { return }
        // An aggregator's reason may list all its nodes.
        if !session.isCut { tally.trouble = String(reason.prefix(Tally.mostTrouble)) }
        var pause = links[index].backoff.next()
        if session.isForAPerson { pause = times.afterRefusal * Double.random(in: 0.5..<1) }
        later(.nanoseconds(pause.wholeNanoseconds)) { $0.connect(index) }
    }
}

@available(*, unavailable)
extension SwarmLoop: Sendable {}
