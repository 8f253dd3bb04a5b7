// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Synchronization

/// A selection that is followed, and those who watch it.
final class SelectionFeed: Sendable {
    let scope: WatchScope
    private let state: Mutex<State>

    private struct State {
        var feed = WatchFeed()
        var watchers: [ObjectIdentifier: Watcher] = [:]
        /// When the last watcher left; nil while there are some.
        var leftAt: ContinuousClock.Instant?
        var lookedAt: ContinuousClock.Instant?
        /// Of snapshots that some watcher may still be taking.
        var handedOut: [WeakSnapshot] = []
    }

    private struct WeakSnapshot {
        weak var snapshot: FiguresSnapshot?
    }

    /// What to do about it now.
    enum Plan {
        case look, wait, forget
    }

    /// - Parameter known: where knowledge begins, if a list was kept.
    init(_ scope: WatchScope, known: FiguresSnapshot?) {
        self.scope = scope
        var state = State()
        if let known { state.feed.publish(known) }
        self.state = Mutex(state)
    }

    var current: WatchFeed { state.withLock { $0.feed } }

    var watchers: [Watcher] { state.withLock { Array($0.watchers.values) } }

    /// Rows of the newest snapshot.
    var rows: Int { state.withLock { $0.feed.latest?.list.rows.count ?? 0 } }

    func add(_ watcher: Watcher) {
        state.withLock {
            $0.watchers[ObjectIdentifier(watcher)] = watcher
            $0.leftAt = nil
        }
    }

    /// - Returns: false when it was not there any more.
    func remove(_ watcher: Watcher, now: ContinuousClock.Instant) -> Bool {
        state.withLock { state in
            guard state.watchers.removeValue(forKey: ObjectIdentifier(watcher)) != nil else { return false }
            if state.watchers.isEmpty { state.leftAt = now }
            return true
        }
    }

    /// Since when nobody watches; nil while somebody does.
    var unwatchedSince: ContinuousClock.Instant? { state.withLock { $0.leftAt } }

    func plan(_ now: ContinuousClock.Instant, _ times: WatchTimes, _ bounds: WatchBounds) -> Plan {
        state.withLock { state in
            if let left = state.leftAt {
                if now - left >= times.linger { return .forget }
                if let looked = state.lookedAt, now - looked < times.lingeringTick { return .wait }
            }
            state.handedOut.removeAll { $0.snapshot == nil }
            return state.handedOut.count < bounds.snapshots ? .look : .wait
        }
    }

    func publish(_ snapshot: FiguresSnapshot, now: ContinuousClock.Instant) {
        state.withLock { state in
            state.feed.publish(snapshot)
            state.lookedAt = now
            state.handedOut.append(WeakSnapshot(snapshot: snapshot))
        }
    }
}
