// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Testing

@testable import NodeAgent

@Suite("What --dump computes")
struct DumpFiguresTests {
    @Test(
        "overhead is what the parts leave of the whole: never below 0, unknown with an unknown part",
        arguments: [
            (100, [30, 20], 50), (100, [], 100), (100, [60, 60], 0), (0, [0], 0), (nil, [1], nil),
            (100, [30, nil], nil),
            (.max, [.max, .max], 0),
        ] as [(UInt64?, [UInt64?], UInt64?)])
    func rest(whole: UInt64?, parts: [UInt64?], rest: UInt64?) {
        #expect(DumpPod.rest(whole, parts) == rest)
    }

    @Test("a pod without a cgroup of its own has no overhead; an empty one is all overhead")
    func overhead() {
        #expect(DumpPod.bare([.app()]).overhead == nil)
        #expect(
            DumpPod.of([], cpu: 7, memory: 9).overhead
                == DumpOverhead(cpuNanocores: 7, usageBytes: 10, workingSetBytes: 9))
        #expect(
            DumpPod.of([.app(cpu: nil, memory: 4)], cpu: 7, memory: 9).overhead
                == DumpOverhead(cpuNanocores: nil, usageBytes: 5, workingSetBytes: 5))
    }

    @Test("a mean needs two readings in order, and no counter that went back")
    func mean() {
        func mean(_ cpu: UInt64?, _ time: UInt64, _ later: UInt64?, _ laterTime: UInt64) -> UInt64? {
            CPUMean(from: cpu, at: time, to: later, at: laterTime)?.nanocores
        }
        #expect(mean(100, 0, 350, 1000) == 250_000_000)
        #expect(mean(0, 0, .max, .max) == 1_000_000_000)
        #expect(mean(nil, 0, 1, 1) == nil && mean(1, 0, nil, 1) == nil)
        #expect(mean(2, 0, 1, 1) == nil && mean(1, 5, 1, 5) == nil && mean(1, 6, 1, 5) == nil)
        #expect(mean(0, 0, .max, 1) == nil)
        #expect(CPUMean(from: 0, at: 5, to: 1, at: 25)?.windowNanoseconds == 20)
        #expect(CPUMean(sinceStart: 30, age: 60)?.nanocores == 500_000_000)
        #expect(CPUMean(sinceStart: 30, age: 0) == nil && CPUMean(sinceStart: 30, age: nil) == nil)
    }

    @Test("throttling is a share of the periods between two readings")
    func throttling() {
        var details = CgroupDetails()
        #expect(ThrottledPeriods(details) == nil)
        details.periods = 50
        details.throttledPeriods = 20
        let now = ThrottledPeriods(details)
        #expect(now?.permille == 400)
        #expect(now?.since(ThrottledPeriods(periods: 40, throttled: 15))?.permille == 500)
        #expect(now?.since(now)?.permille == 0)
        #expect(now?.since(nil) == nil)
        #expect(now?.since(ThrottledPeriods(periods: 51, throttled: 0)) == nil)
    }

    @Test("the share of the limit is the working set's, and there is none without a limit")
    func limit() {
        #expect(DumpFigures.of(memory: 64, details: .limits(memory: 128)).limitPercent == 50)
        #expect(DumpFigures.of(memory: 64, details: .limits(memory: 0)).limitPercent == nil)
        #expect(DumpFigures.of(memory: 64).limitPercent == nil)
        #expect(DumpFigures.of(details: .limits(memory: 128)).limitPercent == nil)
    }

    @Test("an age is not negative, and a start that is not known has none")
    func age() {
        #expect(DumpFigures.of(start: 10).age(at: 25) == 15)
        #expect(DumpFigures.of(start: 30).age(at: 25) == 0)
        #expect(DumpFigures.of().age(at: 25) == nil)
        #expect(DumpFigures.of(start: .min).age(at: .max) == nil)
    }
}
