// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Testing
import Wire

@testable import Aggregator

@Suite("What one session may send")
struct SessionBudgetTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private let limits = SessionBudget.Limits()

    private func budget(every interval: TimeAmount) -> SessionBudget {
        SessionBudget(limits, interval: interval, now: start)
    }

    /// How many frames of so many bytes are let through at one moment.
    private func spendable(_ budget: inout SessionBudget, frameBytes: Int = 100, at time: TimeAmount = .zero) -> Int {
        var spending = budget
        var count = 0
        while count < 1_000, spending.spend(frameBytes: frameBytes, limits, now: start + time) { count += 1 }
        for _ in 0..<count { _ = budget.spend(frameBytes: frameBytes, limits, now: start + time) }
        return count
    }

    @Test(
        "an agent at its own pace never runs out: a sweep, three early ones and a complete frame each interval",
        arguments: [1, 5, 300])
    func ownPace(seconds: Int64) {
        var budget = budget(every: .seconds(seconds))
        for interval in Int64(0)..<1_000 {
            for frame in Int64(0)..<5 {
                let time = TimeAmount.seconds(interval * seconds) + .milliseconds(frame)
                let isEnough = budget.spend(frameBytes: 20_000, limits, now: start + time)
                #expect(isEnough)
            }
        }
    }

    @Test("frames far beyond what was announced are more than there is; an interval later there are some again")
    func frames() {
        var budget = budget(every: .seconds(5))
        #expect(spendable(&budget) == 40)
        #expect(spendable(&budget, at: .milliseconds(4_999)) == 0)
        #expect(spendable(&budget, at: .seconds(5)) == 8)
        #expect(spendable(&budget, at: .seconds(16)) == 16)
        #expect(spendable(&budget, at: .hours(100)) == 40)
    }

    @Test("two complete frames of the largest node pass at once, and one each interval")
    func bytes() {
        var budget = budget(every: .seconds(5))
        #expect(spendable(&budget, frameBytes: WireLimits.agentFrameBytes) == 2)
        #expect(spendable(&budget, frameBytes: WireLimits.agentFrameBytes, at: .seconds(5)) == 1)
    }

    @Test("an interval that no agent has does not buy any number of frames", arguments: [0, 1, 100])
    func shortest(milliseconds: Int64) {
        var budget = budget(every: .milliseconds(milliseconds))
        var sent = 0
        for time in Int64(0)..<10_000 {
            if budget.spend(frameBytes: 1, limits, now: start + .milliseconds(time)) { sent += 1 }
        }
        #expect(sent <= 40 + 8 * 40)
    }
}
