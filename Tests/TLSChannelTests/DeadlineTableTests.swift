// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOEmbedded
import TLSChannel
import Testing

@Suite("Deadlines that are looked at together")
struct DeadlineTableTests {
    private let loop = EmbeddedEventLoop()

    /// Notes when it was told, and does what a test wants then.
    private final class Holder: DeadlineHolder {
        var deadlineRow: Int?
        var told: [NIODeadline] = []
        var action: ((NIODeadline) -> Void)?

        func deadlinePassed(now: NIODeadline) {
            told.append(now)
            action?(now)
        }
    }

    private func table() -> DeadlineTable { DeadlineTable(on: loop, tick: .seconds(1)) }

    private func time(_ milliseconds: Int64) -> NIODeadline { .uptimeNanoseconds(0) + .milliseconds(milliseconds) }

    private func advance(to milliseconds: Int64) { loop.advanceTime(to: time(milliseconds)) }

    @Test("the first is told in time, and one that follows within a tick at the end of it")
    func punctual() {
        let table = table()
        let (first, second, third) = (Holder(), Holder(), Holder())
        table.set(time(1_500), for: first)
        table.set(time(1_700), for: second)
        table.set(time(9_000), for: third)
        advance(to: 1_499)
        #expect(first.told.isEmpty)
        advance(to: 20_000)
        #expect(first.told == [time(1_500)] && second.told == [time(2_500)] && third.told == [time(9_000)])
        #expect(table.count == 0)
    }

    @Test("a deadline that is set anew counts from then on, sooner or later")
    func moved() {
        let table = table()
        let (later, sooner) = (Holder(), Holder())
        table.set(time(2_000), for: later)
        table.set(time(9_000), for: sooner)
        table.set(time(5_000), for: later)
        table.set(time(3_000), for: sooner)
        #expect(table.count == 2)
        advance(to: 20_000)
        #expect(later.told == [time(5_000)] && sooner.told == [time(3_000)])
    }

    @Test("a deadline that is cleared is not told, wherever it stands", arguments: 0..<5)
    func cleared(which: Int) {
        let table = table()
        let holders = (0..<5).map { _ in Holder() }
        for holder in holders { table.set(time(1_000), for: holder) }
        table.clear(holders[which])
        table.clear(holders[which])
        advance(to: 5_000)
        #expect(holders.map(\.told.count) == (0..<5).map { $0 == which ? 0 : 1 })
    }

    @Test("whoever is told may set another one, clear others and set theirs")
    func reentrant() {
        let table = table()
        let holders = (0..<10).map { _ in Holder() }
        for holder in holders { table.set(time(1_000), for: holder) }
        // The last one is told first.
        holders[9].action = { now in
            for holder in holders[0..<4] { table.clear(holder) }
            table.set(now + .seconds(3), for: holders[9])
            table.set(now + .seconds(5), for: holders[4])
        }
        advance(to: 1_000)
        #expect(holders.map(\.told.count) == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
        holders[9].action = nil
        advance(to: 20_000)
        #expect(holders[9].told == [time(1_000), time(4_000)] && holders[4].told == [time(6_000)])
    }

    @Test("one that sets a moment that has passed is told again a tick later, not for ever")
    func pastDeadline() {
        let table = table()
        let holder = Holder()
        holder.action = { [unowned holder] _ in table.set(.distantPast, for: holder) }
        table.set(time(1_000), for: holder)
        advance(to: 3_999)
        #expect(holder.told == [time(1_000), time(2_000), time(3_000)])
        table.clear(holder)
        #expect(table.count == 0)
    }

    @Test("no more than one look a tick, and none while nothing is due")
    func looks() {
        let table = table()
        let holders = (0..<100).map { _ in Holder() }
        for (index, holder) in holders.enumerated() { table.set(time(1_000 + Int64(index) * 30), for: holder) }
        let never = Holder()
        table.set(.distantFuture, for: never)
        advance(to: 1_000_000_000)
        let moments = Set(holders.flatMap(\.told))
        #expect(moments == [time(1_000), time(2_000), time(3_000), time(4_000)])
        #expect(never.told.isEmpty)
        table.clear(never)
    }
}
