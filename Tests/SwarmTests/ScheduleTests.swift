// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Swarm

@Suite("Who pushes when")
struct ScheduleTests {
    private let interval: Int64 = 5_000_000_000

    /// All turns from the start up to a moment, asked for every 10 ms.
    private func turns(_ schedule: inout PushSchedule, until end: Int64) -> [PushSchedule.Turn] {
        var found: [PushSchedule.Turn] = []
        var now = schedule.start
        while now <= end {
            while let turn = schedule.next(now: now) { found.append(turn) }
            now += 10_000_000
        }
        return found
    }

    @Test("Every node has one turn an interval, always at its own phase")
    func once() {
        let start: Int64 = 77_000_000_000
        var schedule = PushSchedule(nodes: 100, interval: interval, start: start, seed: 3)
        let found = turns(&schedule, until: start + 3 * interval - 10_000_000)
        let byNode = Dictionary(grouping: found, by: \.node)
        #expect(byNode.count == 100)
        for (node, turns) in byNode {
            // The last of a cycle may come in the very last 10 ms.
            #expect((2...3).contains(turns.count), "node \(node)")
            #expect(Set(turns.map { ($0.due - start) % interval }).count == 1)
            #expect(zip(turns, turns.dropFirst()).allSatisfy { $1.due - $0.due == interval })
        }
        #expect(found.map(\.due) == found.map(\.due).sorted())
    }

    @Test("Phases are spread over the whole interval")
    func spread() {
        var schedule = PushSchedule(nodes: 10_000, interval: interval, start: 0, seed: 1)
        var tenths = [Int](repeating: 0, count: 10)
        for turn in turns(&schedule, until: interval - 1) { tenths[Int(turn.due * 10 / interval)] += 1 }
        // 1,000 each; the standard deviation is 30.
        for count in tenths { #expect((850...1_150).contains(count), "\(tenths)") }
    }

    @Test("What is due is counted, whether its turn was taken or not")
    func due() {
        var schedule = PushSchedule(nodes: 50, interval: interval, start: 1_000, seed: 2)
        #expect(schedule.dueCount(by: 999) == 0)
        #expect(schedule.dueCount(by: 1_000 + interval - 1) == 50)
        #expect(schedule.dueCount(by: 1_000 + 7 * interval - 1) == 350)
        var taken = 0
        while schedule.next(now: 1_000 + interval / 2) != nil { taken += 1 }
        #expect(taken > 0 && taken < 50)
        #expect(schedule.dueCount(by: 1_000 + interval / 2) == taken)
    }

    @Test("Turns that are an interval overdue are left out")
    func overdue() {
        var schedule = PushSchedule(nodes: 50, interval: interval, start: 0, seed: 2)
        let now = 10 * interval + interval / 2
        var taken: [PushSchedule.Turn] = []
        while let turn = schedule.next(now: now) { taken.append(turn) }
        #expect(taken.count == 50)
        #expect(taken.allSatisfy { now - $0.due < interval })
    }

    @Test("No nodes have no turns")
    func none() {
        var schedule = PushSchedule(nodes: 0, interval: interval, start: 0, seed: 1)
        #expect(schedule.next(now: interval * 9) == nil)
        #expect(schedule.nextDue == nil && schedule.dueCount(by: interval * 9) == 0)
    }
}
