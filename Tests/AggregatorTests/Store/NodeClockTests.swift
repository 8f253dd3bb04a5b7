// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Aggregator

@Suite("A node's clock")
struct NodeClockTests {
    let boot: UInt64 = 100_000_000
    let unix: Int64 = 1_700_000_000_000_000

    @Test("a clock within ten seconds of ours is believed to the microsecond", arguments: [0, 9_999_999, -10_000_000])
    func believed(ahead: Int64) {
        var clock = NodeClock()
        let changed = clock.observe(
            bootMicroseconds: boot, nodeUnixMicroseconds: unix + ahead, ourUnixMicroseconds: unix)
        #expect(!changed)
        #expect(clock.correctedByMicroseconds == 0)
        #expect(clock.unixNanoseconds(bootMicroseconds: boot + 5) == (unix + ahead + 5) * 1_000)
    }

    @Test(
        "a clock further off is replaced by ours, which is said once",
        arguments: [10_700_000, -10_000_001, 3_600_000_000, -86_400_000_000])
    func corrected(ahead: Int64) {
        var clock = NodeClock()
        var changes: [Bool] = []
        for second in 0..<3 {
            let elapsed = Int64(second) * 1_000_000
            // The frames come with a jitter that must not reach the timestamps.
            changes.append(
                clock.observe(
                    bootMicroseconds: boot + UInt64(elapsed), nodeUnixMicroseconds: unix + ahead + elapsed,
                    ourUnixMicroseconds: unix + elapsed + Int64(second) * 300_000))
        }
        #expect(changes == [true, false, false])
        #expect(clock.correctedByMicroseconds == ahead)
        #expect(clock.unixNanoseconds(bootMicroseconds: boot) == unix * 1_000)
    }

    @Test("a clock that was set right is believed again, which is said once")
    func returning() {
        var clock = NodeClock()
        _ = clock.observe(bootMicroseconds: boot, nodeUnixMicroseconds: 0, ourUnixMicroseconds: unix)
        let changed = clock.observe(
            bootMicroseconds: boot, nodeUnixMicroseconds: unix + 7, ourUnixMicroseconds: unix)
        #expect(changed)
        #expect(clock.correctedByMicroseconds == 0)
        #expect(clock.unixNanoseconds(bootMicroseconds: boot) == (unix + 7) * 1_000)
        let again = clock.observe(bootMicroseconds: boot, nodeUnixMicroseconds: unix + 8, ourUnixMicroseconds: unix)
        #expect(!again)
    }

    @Test("a corrected clock is corrected anew when our own was set, or the node's boot clock drifts away")
    func correctedAnew() {
        var clock = NodeClock()
        _ = clock.observe(bootMicroseconds: boot, nodeUnixMicroseconds: 0, ourUnixMicroseconds: unix)
        let later = unix + 60_000_000
        let changed = clock.observe(bootMicroseconds: boot, nodeUnixMicroseconds: 0, ourUnixMicroseconds: later)
        #expect(changed)
        #expect(clock.unixNanoseconds(bootMicroseconds: boot) == later * 1_000)
    }

    @Test("a start time is on the node's own clock, believed or not", arguments: [0, 3_600, -3_600])
    func startTimes(ahead: Int64) {
        var clock = NodeClock()
        let nodeUnix = unix + ahead * 1_000_000
        _ = clock.observe(bootMicroseconds: boot, nodeUnixMicroseconds: nodeUnix, ourUnixMicroseconds: unix)
        #expect(clock.bootMicroseconds(unixMicroseconds: nodeUnix - 2_000_000) == boot - 2_000_000)
        #expect(clock.bootMicroseconds(unixMicroseconds: nodeUnix - Int64(boot) - 1) == nil)
    }

    @Test("values at the ends of their ranges do not trap")
    func extremes() {
        for (node, ours) in [(Int64.max, Int64.min), (.min, .max), (.min, .min), (.max, 0)] {
            var clock = NodeClock()
            for boot in [0, UInt64.max] {
                _ = clock.observe(bootMicroseconds: boot, nodeUnixMicroseconds: node, ourUnixMicroseconds: ours)
                _ = clock.unixNanoseconds(bootMicroseconds: .max)
                _ = clock.bootMicroseconds(unixMicroseconds: .min)
            }
        }
    }
}
