// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// Lets so many connections of one event loop be in their TLS handshake at a time; others wait, in the order in which they
/// came, and cost little until it is their turn.
///
/// After an outage all agents come back together. With all handshakes at once each of them would end last, some past their
/// agent's patience; and each step of them is time that the sessions which are open do not get.
///
/// Confined to its event loop.
final class HandshakeGate {
    enum Entry {
        case enter
        /// Until the future says so, or fails.
        case wait(EventLoopFuture<Void>)
        case refuse
    }

    /// Its agent has little patience left, and the time is better spent on another.
    struct WaitedTooLong: Error {}

    /// A storm's room is not kept.
    private static let keptRoom = 64

    private struct Waiting {
        let promise: EventLoopPromise<Void>
        let since: NIODeadline
    }

    private let eventLoop: any EventLoop
    private let atATime: Int
    private let mostWaiting: Int
    private let patience: TimeAmount
    private var waiting = CircularBuffer<Waiting>()
    private(set) var running = 0
    private var isAdmitting = false

    /// - Parameters:
    ///   - waiting: how many may wait.
    ///   - patience: how long one waits at most.
    init(on eventLoop: any EventLoop, atATime: Int, waiting: Int, patience: TimeAmount) {
        self.eventLoop = eventLoop
        self.atATime = atATime
        mostWaiting = waiting
        self.patience = patience
    }

    var waitingCount: Int { waiting.count }

    /// Whoever enters, at once or after waiting, leaves.
    func enter() -> Entry {
        if running < atATime, waiting.isEmpty {
            running += 1
            return .enter
        }
        guard waiting.count < mostWaiting else { return .refuse }
        let promise = eventLoop.makePromise(of: Void.self)
        waiting.append(Waiting(promise: promise, since: eventLoop.now))
        return .wait(promise.futureResult)
    }

    /// A handshake is done, has failed, or has had its time.
    func leave() {
        running -= 1
        admit()
    }

    /// Nobody waits any more.
    func close() {
        while let last = waiting.popLast() { last.promise.fail(ChannelError.ioOnClosedChannel) }
    }

    private func admit() {
        // Whoever is let in may leave at once.
        guard !isAdmitting else { return }
        isAdmitting = true
        defer { isAdmitting = false }
        let now = eventLoop.now
        while running < atATime, let next = waiting.popFirst() {
            guard now - next.since < patience else {
                next.promise.fail(WaitedTooLong())
                continue
            }
            running += 1
            next.promise.succeed(())
        }
        if waiting.isEmpty, waiting.capacity > Self.keptRoom { waiting = CircularBuffer() }
    }
}

@available(*, unavailable)
extension HandshakeGate: Sendable {}
