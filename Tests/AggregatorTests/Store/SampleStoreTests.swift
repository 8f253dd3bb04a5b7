// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Aggregator

@Suite("The store of all nodes")
struct SampleStoreTests {
    let store = SampleStore()
    let start = ContinuousClock.now

    static func facts(
        interval: Duration = .seconds(5), version: String = "1.0", bootID: String = "boot-1"
    ) -> NodeRecord.Facts {
        NodeRecord.Facts(
            bootID: bootID, interval: interval, capacityMillicores: 4_000, capacityMemoryBytes: 8 << 30,
            agentVersion: version)
    }

    private func open(_ node: String = "n1", interval: Duration = .seconds(5), after: Duration = .zero) -> StoreSession
    {
        store.open(node: node, facts: Self.facts(interval: interval), now: start + after)
    }

    /// One sweep, arriving so long after the start.
    private func apply(_ session: StoreSession, after: Duration, clockAhead: Int64 = 0) throws -> NodeRecord.Applied {
        var node = SimulatedNode()
        node.clockAhead = clockAhead
        return session.apply(
            try node.batch(at: 100), now: start + after, unixMicroseconds: (SimulatedNode.bootUnix + 100) * 1_000_000)
    }

    private func isServed(_ name: String = "n1", after: Duration) -> Bool {
        store.record(named: name)?.whileFresh(store.configuration, now: start + after) { _ in true } == true
    }

    @Test("a node without a sample yet is known and not served")
    func noSample() {
        _ = open()
        #expect(store.record(named: "n1")?.hasSession == true)
        #expect(!isServed(after: .zero))
        #expect(store.record(named: "n2") == nil)
    }

    @Test(
        "a node is served until its last sample is 30 s old, or three of its intervals if they are longer",
        arguments: [(5, 30), (1, 30), (10, 30), (20, 60), (300, 900)])
    func staleness(interval: Int, limit: Int) throws {
        let session = open(interval: .seconds(interval))
        #expect(try apply(session, after: .seconds(1)) == .taken)
        #expect(isServed(after: .seconds(1 + limit)))
        #expect(!isServed(after: .seconds(1 + limit) + .nanoseconds(1)))
        _ = try apply(session, after: .seconds(500))
        #expect(isServed(after: .seconds(501)))
    }

    @Test("a node stays served for a while after its session has ended")
    func endedSession() throws {
        let session = open()
        _ = try apply(session, after: .zero)
        #expect(session.end(now: start))
        #expect(store.record(named: "n1")?.hasSession == false)
        #expect(isServed(after: .seconds(29)))
        #expect(try apply(session, after: .seconds(1)) == .superseded)
    }

    @Test("the newest session of a node wins, and the one before learns it with its next sample")
    func superseding() throws {
        let first = open()
        _ = try apply(first, after: .zero)
        let second = open(after: .seconds(1))
        #expect(isServed(after: .seconds(2)))
        #expect(try apply(first, after: .seconds(2)) == .superseded)
        #expect(try apply(second, after: .seconds(2)) == .taken)
        #expect(!first.end(now: start))
        #expect(store.record(named: "n1")?.hasSession == true)
        #expect(second.end(now: start))
    }

    @Test("a node is forgotten when its session has ended and its data is stale, not sooner")
    func forgetting() throws {
        let (gone, silent) = (open("gone"), open("silent"))
        _ = try apply(gone, after: .zero)
        _ = try apply(silent, after: .zero)
        gone.end(now: start)
        store.forgetStale(now: start + .seconds(30))
        #expect(store.records.count == 2)
        store.forgetStale(now: start + .seconds(31))
        #expect(store.records.map(\.name) == ["silent"])
        #expect(store.record(named: "gone") == nil)
    }

    @Test("a clock that is off, and one that is right again, is reported once each")
    func clock() throws {
        let session = open()
        #expect(try apply(session, after: .zero, clockAhead: 60) == .clockCorrected(byMicroseconds: 60_000_000))
        #expect(try apply(session, after: .zero, clockAhead: 60) == .taken)
        #expect(try apply(session, after: .zero) == .clockCorrected(byMicroseconds: 0))
        #expect(try apply(session, after: .zero) == .taken)
    }

    @Test("the facts are those of the newest session")
    func facts() {
        _ = open(interval: .seconds(5))
        _ = open(interval: .seconds(9))
        #expect(store.record(named: "n1")?.facts.interval == .seconds(9))
    }

    @Test("a node that comes back while it is being forgotten is not lost")
    func forgettingWhileOpening() async {
        let late = start + .seconds(100)
        for round in 0..<2_000 {
            let name = "n\(round)"
            open(name).end(now: start)
            async let session = store.open(node: name, facts: Self.facts(), now: late)
            async let _: Void = store.forgetStale(now: late)
            let opened = await session
            #expect(store.record(named: name) === opened.record)
            opened.end(now: start)
            store.forgetStale(now: late)
        }
    }

    @Test("of sessions that are opened at the same moment the one with the highest number wins")
    func simultaneous() async throws {
        for _ in 0..<500 {
            let now = start
            let sessions = await withTaskGroup(of: StoreSession.self) { group in
                for _ in 0..<4 { group.addTask { store.open(node: "n1", facts: Self.facts(), now: now) } }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let newest = try #require(sessions.max { $0.number < $1.number })
            #expect(newest.end(now: start))
        }
    }
}
