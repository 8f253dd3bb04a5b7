// SPDX-License-Identifier: Apache-2.0
import Synchronization
import Testing

@testable import Aggregator

@Suite("Answers of the API server that are remembered")
struct ReviewCacheTests {
    /// A clock that a test turns.
    private final class Clock: Sendable {
        let now = Mutex(ContinuousClock.now)
        func advance(_ duration: Duration) { now.withLock { $0 += duration } }
    }

    private final class Asked: Sendable {
        let count = Atomic(0)
    }

    private let clock = Clock()
    private let asked = Asked()

    private func cache(capacity: Int = 100, gate: ReviewGate = ReviewGate(atATime: 2, waiting: 100))
        -> ReviewCache<String, Int>
    {
        ReviewCache(
            capacity: capacity, gate: gate, lifetime: { $0 < 0 ? .zero : .seconds(10) },
            now: { [clock] in clock.now.withLock { $0 } })
    }

    private func ask(_ cache: ReviewCache<String, Int>, _ key: String, _ answer: Int = 1) async throws -> Int {
        try await cache.value(for: key) { [asked] in
            asked.count.add(1, ordering: .relaxed)
            return answer
        }
    }

    @Test("an answer counts for its lifetime, and not longer")
    func lifetime() async throws {
        let cache = cache()
        #expect(cache.known("a") == nil)
        #expect(try await ask(cache, "a") == 1)
        clock.advance(.milliseconds(9_999))
        #expect(try await ask(cache, "a", 2) == 1)
        #expect(cache.known("a") == 1)
        clock.advance(.milliseconds(1))
        #expect(cache.known("a") == nil)
        #expect(try await ask(cache, "a", 2) == 2)
        #expect(asked.count.value == 2)
    }

    @Test("an answer without a lifetime is not remembered")
    func zero() async throws {
        let cache = cache()
        _ = try await ask(cache, "a", -1)
        #expect(try await ask(cache, "a", -2) == -2)
    }

    @Test("many who want to know the same make one review")
    func coalescing() async throws {
        let cache = cache()
        let (asked, open) = (asked, Watched())
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await cache.value(for: "a") {
                        asked.count.add(1, ordering: .relaxed)
                        await open.wait()
                        return 7
                    }
                }
            }
            #expect(try await eventually { asked.count.value == 1 })
            open.open()
            for try await value in group { #expect(value == 7) }
        }
        #expect(asked.count.value == 1)
    }

    @Test("a failure reaches all who wait, and the next one asks again")
    func failure() async throws {
        let cache = cache()
        await #expect(throws: Failure.self) { try await cache.value(for: "a") { throw Failure() } }
        #expect(try await ask(cache, "a") == 1)
    }

    @Test("the oldest answers make room when there are too many")
    func capacity() async throws {
        let cache = cache(capacity: 3)
        for key in ["a", "b", "c", "d", "e"] { _ = try await ask(cache, key) }
        #expect(cache.count == 3)
        #expect(["a", "b", "c", "d", "e"].map { cache.known($0) == nil } == [true, true, false, false, false])
    }

    @Test("a key that is asked for again and again takes the room of one")
    func sameKey() async throws {
        let cache = cache(capacity: 3)
        _ = try await ask(cache, "other")
        for _ in 0..<50 {
            _ = try await ask(cache, "a")
            clock.advance(.seconds(11))
        }
        #expect(cache.count <= 1)
    }

    @Test("no more reviews than the gate allows are under way, and those that wait get their turn in order")
    func gate() async throws {
        let gate = ReviewGate(atATime: 2, waiting: 100)
        let (running, open) = (Asked(), Watched())
        let most = Asked()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    try await gate.passing {
                        let now = running.count.add(1, ordering: .relaxed).newValue
                        most.count.max(now, ordering: .relaxed)
                        await open.wait()
                        running.count.subtract(1, ordering: .relaxed)
                    }
                }
            }
            #expect(try await eventually { running.count.value == 2 })
            open.open()
            try await group.waitForAll()
        }
        #expect(most.count.value == 2)
    }

    @Test("a gate with too many waiting turns the next away, and goes on with the others")
    func crowded() async throws {
        let gate = ReviewGate(atATime: 1, waiting: 1)
        let (entered, open) = (Asked(), Watched())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    try await gate.passing {
                        entered.count.add(1, ordering: .relaxed)
                        await open.wait()
                    }
                }
            }
            // One is inside, one waits, one is turned away.
            var refusals = 0
            do {
                try await group.next()
            } catch is ReviewGate.Crowded {
                refusals += 1
            }
            open.open()
            try await group.waitForAll()
            #expect(refusals == 1)
        }
        #expect(entered.count.value == 2)
    }

    private struct Failure: Error {}

    /// A door that stays open once it is opened.
    private final class Watched: Sendable {
        private let isOpen = Atomic(false)
        func open() { isOpen.store(true, ordering: .releasing) }
        func wait() async {
            while !isOpen.load(ordering: .acquiring) { try? await Task.sleep(for: .milliseconds(1)) }
        }
    }
}
