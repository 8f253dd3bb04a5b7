// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Remembers for a while what the API server said, and asks it once where many want to know the same at the same time.
///
/// Bounded in what it keeps, and in how much it asks for at a time: 5,000 agents that come back together, or an HPA for
/// each of as many deployments, must not become a storm on the API server. Failures are not remembered.
final class ReviewCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Entry {
        let value: Value
        let expires: Instant
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Keys in the order in which they were remembered, the oldest at `front`; one that was remembered again since
        /// stands here twice.
        var order: [(key: Key, expires: Instant)] = []
        var front = 0
        var asking: [Key: Task<Value, any Error>] = [:]
    }

    private let capacity: Int
    private let gate: ReviewGate
    private let lifetime: @Sendable (Value) -> Duration
    private let now: @Sendable () -> Instant
    private let state = Mutex(State())

    /// - Parameters:
    ///   - capacity: entries; the oldest make room.
    ///   - gate: bounds how many are asked for at the same time.
    ///   - lifetime: for how long an answer counts; zero: not at all.
    init(
        capacity: Int, gate: ReviewGate, lifetime: @escaping @Sendable (Value) -> Duration,
        now: @escaping @Sendable () -> Instant = { .now }
    ) {
        self.capacity = capacity
        self.gate = gate
        self.lifetime = lifetime
        self.now = now
    }

    /// What is still known; nil: ask.
    func known(_ key: Key) -> Value? {
        let now = now()
        return state.withLock { state in
            guard let entry = state.entries[key], entry.expires > now else { return nil }
            return entry.value
        }
    }

    /// What is known, or what `review` says, asked once for all who wait for the same key. Asking goes on when one who
    /// waits is cancelled.
    func value(for key: Key, review: @escaping @Sendable () async throws -> Value) async throws -> Value {
        if let value = known(key) { return value }
        let task = state.withLock { state in
            if let asking = state.asking[key] { return asking }
            let task = Task {
                do {
                    let value = try await self.gate.passing(review)
                    self.remember(value, for: key)
                    return value
                } catch {
                    self.state.withLock { $0.asking[key] = nil }
                    throw error
                }
            }
            state.asking[key] = task
            return task
        }
        return try await task.value
    }

    var count: Int { state.withLock { $0.entries.count } }

    private func remember(_ value: Value, for key: Key) {
        let expires = now() + lifetime(value)
        state.withLock { state in
            state.asking[key] = nil
            state.entries[key] = Entry(value: value, expires: expires)
            state.order.append((key, expires))
            makeRoom(&state)
        }
    }

    private func makeRoom(_ state: inout State) {
        let now = now()
        while state.front < state.order.count {
            let (key, expires) = state.order[state.front]
            guard expires <= now || state.entries.count > capacity || state.order.count - state.front > 2 * capacity
            else { break }
            state.front += 1
            if state.entries[key]?.expires == expires { state.entries[key] = nil }
        }
        if state.front > state.order.count / 2 {
            state.order.removeFirst(state.front)
            state.front = 0
        }
    }
}

/// Lets a bounded number of reviews be under way, and a bounded number wait for their turn.
final class ReviewGate: Sendable {
    /// More are waiting than is sensible: whoever asks is to come again later.
    struct Crowded: Error, CustomStringConvertible {
        let description = "too many reviews by the API server are waiting; try again"
    }

    private struct State {
        var free: Int
        var waiting: [CheckedContinuation<Void, Never>] = []
        var front = 0
        /// Those that may wait and are about to.
        var coming = 0
    }

    private let mostWaiting: Int
    private let state: Mutex<State>

    init(atATime: Int, waiting: Int) {
        mostWaiting = waiting
        state = Mutex(State(free: atATime))
    }

    /// Each review has a deadline of its own, so every turn comes.
    func passing<Value: Sendable>(_ review: @Sendable () async throws -> Value) async throws -> Value {
        try await enter()
        defer { leave() }
        return try await review()
    }

    private func enter() async throws(Crowded) {
        enum Admission { case enter, wait, refuse }
        let admission = state.withLock { state -> Admission in
            if state.free > 0 {
                state.free -= 1
                return .enter
            }
            guard state.waiting.count - state.front + state.coming < mostWaiting else { return .refuse }
            state.coming += 1
            return .wait
        }
        switch admission {
        case .enter: return
        case .refuse: throw Crowded()
        case .wait: break
        }
        await withCheckedContinuation { continuation in
            // A place may have become free in between.
            let entersAtOnce = state.withLock { state -> Bool in
                state.coming -= 1
                if state.free > 0 {
                    state.free -= 1
                    return true
                }
                state.waiting.append(continuation)
                return false
            }
            if entersAtOnce { continuation.resume() }
        }
    }

    private func leave() {
        // Resumed after the lock is given back: what runs then may come here again.
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard state.front < state.waiting.count else {
                state.waiting.removeAll(keepingCapacity: true)
                state.front = 0
                state.free += 1
                return nil
            }
            let next = state.waiting[state.front]
            state.front += 1
            if state.front > 64, state.front > state.waiting.count / 2 {
                state.waiting.removeFirst(state.front)
                state.front = 0
            }
            return next
        }
        next?.resume()
    }
}
