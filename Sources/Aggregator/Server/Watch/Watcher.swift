// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Synchronization

/// One client's watch, as the body of its answer.
final class Watcher: BodyStream {
    let isEndless = true

    private let feed: SelectionFeed
    private let clock: @Sendable () -> WatchMoment
    private let leave: @Sendable (Watcher) -> Void
    private let state: Mutex<State>

    private struct State {
        var stream: WatchStream
        /// There is nothing for the client, until this is called.
        var wake: (@Sendable () -> Void)?
        /// When the client last took something, or had nothing to take.
        var movedAt: ContinuousClock.Instant
        var isDropped = false
        var isFinished = false
    }

    /// - Parameter leave: called when nobody asks for more; it may come more than once.
    init(
        _ stream: WatchStream, of feed: SelectionFeed, clock: @escaping @Sendable () -> WatchMoment,
        leave: @escaping @Sendable (Watcher) -> Void
    ) {
        self.feed = feed
        self.clock = clock
        self.leave = leave
        state = Mutex(State(stream: stream, movedAt: clock().uptime))
    }

    var scope: WatchScope { feed.scope }

    func next(into out: inout ByteWriter) -> BodyProgress {
        let now = clock()
        let feed = feed.current
        return state.withLock { state in
            if state.isDropped { return .finished }
            state.wake = nil
            state.movedAt = now.uptime
            switch state.stream.next(into: &out, from: feed, now: now) {
            case .more: return .more
            case .idle: return .idle
            case .finished:
                state.isFinished = true
                return .finished
            }
        }
    }

    func whenReady(_ wake: @escaping @Sendable () -> Void) {
        let now = clock()
        let feed = feed.current
        let isReady = state.withLock { state in
            let isReady = state.isDropped || state.stream.isDue(feed, now: now)
            state.wake = isReady ? nil : wake
            return isReady
        }
        if isReady { wake() }
    }

    func end() {
        leave(self)
        state.withLock { state in
            state.isFinished = true
            state.wake = nil
            state.stream.abandon()
        }
    }

    // MARK: The hub's side

    /// Has the client asked again, if there is something for it.
    func wakeIfDue(_ feed: WatchFeed, _ now: WatchMoment) {
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.wake != nil, state.isDropped || state.stream.isDue(feed, now: now) else { return nil }
            state.movedAt = now.uptime
            return state.wake.take()
        }
        wake?()
    }

    /// Ends it in order, as soon as the client takes what there is.
    func finish() {
        let wake = state.withLock { state in
            state.stream.end()
            return state.wake.take()
        }
        wake?()
    }

    /// Gives up on a client that is too slow, and on what is kept for it.
    /// - Returns: whether it was, and had not been dropped before.
    func dropIfSlow(_ now: ContinuousClock.Instant, _ times: WatchTimes) -> Bool {
        state.withLock { state in
            let isStuck = state.wake == nil && now - state.movedAt >= times.stuck
            let isSlow = state.stream.walkingSince.map { now - $0 >= times.walk } ?? false
            guard isStuck || isSlow, !state.isDropped, !state.isFinished else { return false }
            state.isDropped = true
            state.stream.abandon()
            return true
        }
    }
}
