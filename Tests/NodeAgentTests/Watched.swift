// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLS

/// A value that threads change and a test waits for.
///
/// `@unchecked Sendable`: `value` is touched under `mutex` only.
final class Watched<Value: Sendable>: @unchecked Sendable {
    struct TimedOut: Error, CustomStringConvertible {
        let description: String
    }

    private var value: Value
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    init(_ value: Value) {
        self.value = value
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    var now: Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return value
    }

    func change(_ body: (inout Value) -> Void) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        body(&value)
        pthread_cond_broadcast(changed)
    }

    /// Waits until `body` finds what it looks for.
    /// - Parameters:
    ///   - what: said when the time is up, together with the value as it is then.
    ///   - limit: only a test that fails, or a machine that is very busy, waits for so long.
    @discardableResult
    func wait<Found>(
        for what: String, within limit: Duration = .seconds(30), _ body: (Value) throws -> Found?
    ) throws -> Found {
        let deadline = Deadline.after(limit)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while true {
            if let found = try body(value) { return found }
            if deadline.hasPassed { throw TimedOut(description: "no \(what); there is \(value)") }
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            let nanoseconds = time.tv_nsec + Int(deadline.remainingMilliseconds) * 1_000_000
            time.tv_sec += nanoseconds / 1_000_000_000
            time.tv_nsec = nanoseconds % 1_000_000_000
            pthread_cond_timedwait(changed, mutex, &time)
        }
    }

    /// Waits until a condition holds.
    func wait(until what: String, within limit: Duration = .seconds(30), _ body: (Value) -> Bool) throws {
        try wait(for: what, within: limit) { body($0) ? true : nil }
    }
}
