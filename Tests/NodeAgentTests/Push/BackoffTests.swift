// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import NodeAgent

@Suite("Waiting before the next attempt")
struct BackoffTests {
    @Test("the bound doubles from a quarter of a second up to the sampling interval, 5 s at most")
    func bounds() {
        for (interval, cap) in [(1, 1), (2, 2), (5, 5), (60, 5), (300, 5)] {
            var backoff = Backoff(interval: .seconds(interval))
            var bound: Duration = .milliseconds(250)
            for _ in 0..<70 {
                #expect(backoff.next(random: 1) == min(bound, .seconds(cap)))
                bound = min(bound * 2, .seconds(10))
            }
        }
    }

    @Test("an interval below a second does not make attempts denser than that")
    func shortest() {
        var backoff = Backoff(interval: .milliseconds(10))
        for _ in 0..<8 { _ = backoff.next() }
        #expect(backoff.next(random: 1) == .seconds(1))
    }

    @Test("jitter is full: from nothing to the bound, spread evenly")
    func jitter() {
        var buckets = [Int](repeating: 0, count: 10)
        for _ in 0..<5_000 {
            var backoff = Backoff(interval: .seconds(5))
            for _ in 0..<6 { _ = backoff.next() }
            let wait = backoff.next()
            #expect(wait >= .zero && wait < .seconds(5))
            buckets[min(9, Int(wait / .milliseconds(500)))] += 1
        }
        // 500 each, with a standard deviation of 21.
        for count in buckets { #expect((350...650).contains(count)) }
    }

    @Test("5,000 agents that lost one aggregator are spread over its return, and all back within 15 s")
    func herd() {
        var returned: [Duration] = []
        for _ in 0..<5_000 {
            var backoff = Backoff(interval: .seconds(5))
            var time: Duration = .zero
            // The aggregator is away for 10 s.
            while time < .seconds(10) { time += backoff.next() }
            returned.append(time - .seconds(10))
        }
        #expect(returned.allSatisfy { $0 <= .seconds(5) })
        for start in 0..<10 {
            let slot = Duration.milliseconds(start * 500) ..< .milliseconds((start + 1) * 500)
            #expect(returned.count { slot.contains($0) } < 1_500)
        }
    }

    @Test("after a session that held the first wait has the whole span, and those after it start over")
    func success() {
        for (interval, cap) in [(1, 1), (5, 5), (300, 5)] {
            var backoff = Backoff(interval: .seconds(interval))
            for _ in 0..<9 { _ = backoff.next() }
            backoff.succeeded()
            #expect(backoff.next(random: 1) == .seconds(cap))
            #expect(backoff.next(random: 1) == .milliseconds(250))
            #expect(backoff.next(random: 1) == .milliseconds(500))
        }
    }

    @Test("a wait that all have in common does not change the others")
    func spread() {
        var backoff = Backoff(interval: .seconds(5))
        #expect(backoff.next(random: 1) == .milliseconds(250))
        backoff.spread()
        #expect(backoff.next(random: 0) == .zero)
        #expect(backoff.next(random: 1) == .milliseconds(500))
        var short = Backoff(interval: .seconds(5), span: .seconds(2))
        short.spread()
        #expect(short.next(random: 1) == .seconds(2))
    }

    @Test("5,000 agents whose sessions held do not come back to a living aggregator all at once")
    func livingAggregator() {
        let returned = (0..<5_000).map { _ in
            var backoff = Backoff(interval: .seconds(5))
            backoff.succeeded()
            return backoff.next()
        }
        // 1,000 each, with a standard deviation of 28.
        for second in 0..<5 {
            #expect((800...1_200).contains(returned.count { Int($0.components.seconds) == second }))
        }
    }
}
