// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Aggregator

@Suite("Rates from cumulative counters")
struct CounterRingTests {
    let window = RateWindow(.seconds(15))

    func point(seconds: Double, cpuSeconds: Double) -> CounterPoint {
        CounterPoint(timeMicroseconds: UInt64(seconds * 1e6), cpuMicroseconds: UInt64(cpuSeconds * 1e6))
    }

    @Test("one point is no rate")
    func single() {
        var ring = CounterRing()
        #expect(ring.rate(over: window) == nil)
        ring.append(point(seconds: 100, cpuSeconds: 1), window: window)
        #expect(ring.rate(over: window) == nil)
    }

    @Test("a young container's rate reaches back to its oldest point")
    func young() {
        var ring = CounterRing()
        ring.append(point(seconds: 100, cpuSeconds: 1), window: window)
        ring.append(point(seconds: 105, cpuSeconds: 2), window: window)
        #expect(
            ring.rate(over: window)
                == UsageRate(nanocores: 200_000_000, endMicroseconds: 105_000_000, windowMicroseconds: 5_000_000))
    }

    @Test(
        "at any push interval the window is at least as long as asked, and no longer than a spacing and an interval more",
        arguments: [1.0, 1.3, 2, 3, 5, 7, 10, 15, 60, 300])
    func spans(interval: Double) throws {
        var ring = CounterRing()
        var time = 1000.0
        while time < 1000 + max(120, interval * 4) {
            // A tenth of a core throughout.
            ring.append(point(seconds: time, cpuSeconds: time / 10), window: window)
            time += interval
        }
        let rate = try #require(ring.rate(over: window))
        #expect(rate.windowMicroseconds >= 15_000_000)
        #expect(Double(rate.windowMicroseconds) <= 1e6 * (15 + 15.0 / 4 + interval))
        #expect(abs(Double(rate.nanocores) - 1e8) < 1e3)
        #expect(Double(rate.endMicroseconds) >= 1e6 * (time - interval) - 1)
    }

    @Test("a burst is seen in the next sample although the window is long")
    func followsTheNewest() throws {
        var ring = CounterRing()
        for second in 0...60 { ring.append(point(seconds: Double(second), cpuSeconds: 0), window: window) }
        ring.append(point(seconds: 61, cpuSeconds: 1), window: window)
        let rate = try #require(ring.rate(over: window))
        #expect(rate.endMicroseconds == 61_000_000)
        #expect(rate.nanocores > 40_000_000)
    }

    @Test("a counter that goes backwards costs one interval and never gives a negative or huge rate")
    func backwards() throws {
        var ring = CounterRing()
        ring.append(point(seconds: 0, cpuSeconds: 50), window: window)
        ring.append(point(seconds: 5, cpuSeconds: 51), window: window)
        ring.append(point(seconds: 10, cpuSeconds: 0.5), window: window)
        #expect(ring.rate(over: window) == nil)
        ring.append(point(seconds: 15, cpuSeconds: 1), window: window)
        #expect(try #require(ring.rate(over: window)).nanocores == 100_000_000)
    }

    @Test("a repeated or older point changes nothing")
    func repeated() {
        var ring = CounterRing()
        ring.append(point(seconds: 0, cpuSeconds: 0), window: window)
        ring.append(point(seconds: 5, cpuSeconds: 1), window: window)
        let before = ring.rate(over: window)
        ring.append(point(seconds: 5, cpuSeconds: 3), window: window)
        ring.append(point(seconds: 4, cpuSeconds: 3), window: window)
        #expect(ring.rate(over: window) == before)
        #expect(before != nil)
    }

    @Test("two reads that are too close give no rate")
    func tooClose() {
        var ring = CounterRing()
        ring.append(point(seconds: 0, cpuSeconds: 0), window: window)
        ring.append(point(seconds: 0.4, cpuSeconds: 0.4), window: window)
        #expect(ring.rate(over: window) == nil)
    }

    /// A ring that forgets nothing but what it thins out.
    private struct EndlessRing {
        var points: [CounterPoint] = []

        mutating func append(_ point: CounterPoint, window: RateWindow) {
            guard let last = points.last else { return points.append(point) }
            guard point.timeMicroseconds > last.timeMicroseconds else { return }
            if point.cpuMicroseconds < last.cpuMicroseconds {
                points = [point]
            } else if points.count >= 2,
                last.timeMicroseconds - points[points.count - 2].timeMicroseconds < window.spacingMicroseconds
            {
                points[points.count - 1] = point
            } else {
                points.append(point)
            }
        }

        func rate(over window: RateWindow) -> UsageRate? {
            guard points.count >= 2, let end = points.last else { return nil }
            let start = points.dropLast()
                .last { end.timeMicroseconds - $0.timeMicroseconds >= window.lengthMicroseconds }
            guard end.timeMicroseconds - (start ?? points[0]).timeMicroseconds >= RateWindow.shortestMicroseconds else {
                return nil
            }
            return UsageRate(from: start ?? points[0], to: end)
        }
    }

    @Test("more points would give the same rates, whatever the window and the times of the points", arguments: seeds)
    func enough(seed: UInt64) {
        var random = Generator(seed: seed)
        for window in [.seconds(15), .milliseconds(7), .microseconds(60_000_003), .zero].map(RateWindow.init) {
            var (ring, endless) = (CounterRing(), EndlessRing())
            var point = CounterPoint(timeMicroseconds: 1_000_000, cpuMicroseconds: 0)
            for step in 0..<2_000 {
                let longest: UInt64 = [2_000_000, 5_000_000, 70_000_000, 5_000_000_000][step / 20 % 4]
                point.timeMicroseconds += .random(in: 0...longest, using: &random)
                point.cpuMicroseconds += .random(in: 0...(longest * 64), using: &random)
                if random.chance(2) { point.cpuMicroseconds /= 2 }
                ring.append(point, window: window)
                endless.append(point, window: window)
                #expect(ring.rate(over: window) == endless.rate(over: window))
            }
        }
    }

    @Test("a step that takes nine years starts the ring anew, as does one of so much CPU time")
    func tooFar() throws {
        let far = UInt64(1) << 49
        for (time, cpu) in [(far, UInt64(0)), (1_000_000, far), (.max - 5_000_000, .max)] {
            var ring = CounterRing()
            ring.append(CounterPoint(timeMicroseconds: 1, cpuMicroseconds: 0), window: window)
            ring.append(CounterPoint(timeMicroseconds: 2, cpuMicroseconds: 0), window: window)
            ring.append(CounterPoint(timeMicroseconds: time, cpuMicroseconds: cpu), window: window)
            #expect(ring.rate(over: window) == nil)
            #expect(ring.count == 1)
            ring.append(CounterPoint(timeMicroseconds: time + 2_000_000, cpuMicroseconds: cpu), window: window)
            #expect(try #require(ring.rate(over: window)).windowMicroseconds == 2_000_000)
        }
    }

    @Test("counters near the end of their range neither trap nor wrap")
    func extremes() {
        let top = CounterPoint(timeMicroseconds: .max, cpuMicroseconds: .max)
        #expect(UsageRate(from: CounterPoint(timeMicroseconds: .max - 1, cpuMicroseconds: 0), to: top) == nil)
        let start = CounterPoint(timeMicroseconds: 0, cpuMicroseconds: 0)
        #expect(UsageRate(from: start, to: top)?.nanocores == 1_000_000_000)
        #expect(UsageRate(from: top, to: start) == nil)
    }
}

extension UsageRate {
    init(nanocores: UInt64, endMicroseconds: UInt64, windowMicroseconds: UInt64) {
        self.init(
            from: CounterPoint(timeMicroseconds: endMicroseconds - windowMicroseconds, cpuMicroseconds: 0),
            to: CounterPoint(
                timeMicroseconds: endMicroseconds, cpuMicroseconds: nanocores * windowMicroseconds / 1_000_000_000))!
    }
}
