// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MetricsAPI

@Suite("What has happened between two snapshots")
struct SnapshotWalkTests {
    private let before = FiguresSnapshot(
        [.init("a/gone", 10), .init("a/kept", 10), .init("a/reborn", 10, uid: "old"), .init("b/same", 10)], at: 100)
    private let after = FiguresSnapshot(
        [.init("a/kept", 20), .init("a/new", 20), .init("a/reborn", 20, uid: "new"), .init("b/same", 10)], at: 200)

    @Test("who knows nothing is told of everything")
    func nothingKnown() {
        var walk = SnapshotWalk(from: .nothing, to: after)
        #expect(walk.rest() == ["ADDED a/kept 20", "ADDED a/new 20", "ADDED a/reborn 20", "ADDED b/same 10"])
    }

    @Test("what is gone comes first, with the version that the client has; then what is new or has a new sample")
    func difference() {
        var walk = SnapshotWalk(from: .snapshot(before), to: after)
        #expect(
            walk.rest() == [
                "DELETED a/gone 100", "DELETED a/reborn 100", "MODIFIED a/kept 20", "ADDED a/new 20",
                "ADDED a/reborn 20",
            ])
    }

    @Test("nothing is told of a snapshot that says the same")
    func same() {
        var walk = SnapshotWalk(from: .snapshot(before), to: before)
        #expect(walk.rest() == [])
    }

    @Test("from nothing to something and back")
    func ends() {
        let none = FiguresSnapshot([], at: 1)
        var walk = SnapshotWalk(from: .snapshot(none), to: after)
        #expect(walk.rest().count == 4 && after.rows.count == 4)
        walk = SnapshotWalk(from: .snapshot(after), to: none)
        #expect(walk.rest().allSatisfy { $0.hasPrefix("DELETED") })
    }

    @Test("it stops wherever it is told to, and goes on there", arguments: [1, 2, 3])
    func stops(rows: Int) {
        var whole = SnapshotWalk(from: .snapshot(before), to: after)
        var inParts = whole
        #expect(inParts.rest(rowsAtATime: rows) == whole.rest())
        var none = 0
        if case .paused = whole.next(within: &none) { Issue.record("a walk that is through has nothing to wait for") }
    }

    @Test("two random snapshots differ as two dictionaries do")
    func random() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            func some(_ version: UInt64) -> FiguresSnapshot {
                let objects = (0..<30).filter { _ in .random(using: &generator) }.map { index in
                    Watched(
                        "n\(index % 3)/p\(index)", .random(in: 1...2, using: &generator),
                        uid: .random(using: &generator) ? "x" : "y")
                }
                return FiguresSnapshot(
                    objects.sorted { ($0.name.prefix(2), $0.name) < ($1.name.prefix(2), $1.name) }, at: version)
            }
            let (before, after) = (some(1), some(2))
            var known = Dictionary(uniqueKeysWithValues: before.rows.map { ($0.identity.name, $0) })
            var walk = SnapshotWalk(from: .snapshot(before), to: after)
            loop: while true {
                var rows = 7
                switch walk.next(within: &rows) {
                case .paused: continue
                case .finished: break loop
                case .event(.deleted, let at, let snapshot):
                    #expect(known.removeValue(forKey: snapshot.rows[at].identity.name) != nil)
                case .event(.added, let at, let snapshot):
                    let row = snapshot.rows[at]
                    #expect(known.updateValue(row, forKey: row.identity.name) == nil)
                case .event(.modified, let at, let snapshot):
                    let row = snapshot.rows[at]
                    let old = known.updateValue(row, forKey: row.identity.name)
                    #expect(old != nil && old?.version != row.version && old?.identity.uid == row.identity.uid)
                }
            }
            #expect(
                known.mapValues { "\($0.identity.uid) \($0.version)" }
                    == Dictionary(
                        uniqueKeysWithValues: after.rows.map {
                            ($0.identity.name, "\($0.identity.uid) \($0.version)")
                        }))
        }
    }
}

@Suite("What is known of a selection")
struct WatchFeedTests {
    static let second: UInt64 = 1_000_000
    private static func snapshot(_ names: [String], at seconds: UInt64, uid: String = "u") -> FiguresSnapshot {
        FiguresSnapshot(names.map { Watched("a/\($0)", seconds * second, uid: uid) }, at: seconds * second)
    }

    /// What a client with everything up to a moment is told, or nil when it must list again.
    private func told(_ feed: WatchFeed, since seconds: UInt64) -> [String]? {
        guard let base = feed.base(since: seconds * Self.second), let latest = feed.latest else { return nil }
        var walk = SnapshotWalk(from: base, to: latest)
        return walk.rest().map { $0.split(separator: " ").dropLast().joined(separator: " ") }
    }

    @Test("knowledge begins with the first snapshot")
    func begins() {
        #expect(told(WatchFeed(), since: 100) == nil)
        let feed = WatchFeed(Self.snapshot(["p"], at: 100))
        #expect(told(feed, since: 99) == nil)
        #expect(told(feed, since: 100) == [])
        #expect(feed.since == 100 * Self.second)
    }

    @Test("samples since then are MODIFIED, whoever they are of, and what went away since is DELETED")
    func since() {
        let feed = WatchFeed(
            Self.snapshot(["early", "kept"], at: 100), Self.snapshot(["kept", "late"], at: 130),
            Self.snapshot(["kept", "new"], at: 160))
        #expect(told(feed, since: 159) == ["DELETED a/late", "MODIFIED a/kept", "MODIFIED a/new"])
        #expect(told(feed, since: 160) == ["DELETED a/late"])
        #expect(told(feed, since: 170) == [])
        #expect(told(feed, since: 130) == ["DELETED a/early", "DELETED a/late", "MODIFIED a/kept", "MODIFIED a/new"])
    }

    @Test("what went away and came back is not told as gone; another one under its name is, and then as ADDED")
    func back() {
        var feed = WatchFeed(
            Self.snapshot(["p"], at: 100), Self.snapshot([], at: 110), Self.snapshot(["p"], at: 120))
        #expect(told(feed, since: 105) == ["MODIFIED a/p"])
        feed.publish(Self.snapshot(["p"], at: 130, uid: "other"))
        #expect(told(feed, since: 125) == ["DELETED a/p", "ADDED a/p"])
        #expect(told(feed, since: 139) == ["DELETED a/p", "ADDED a/p"])
        #expect(told(feed, since: 140) == [])
    }

    @Test("it remembers for a while and no longer")
    func forgets() {
        var feed = WatchFeed(Self.snapshot(["p"], at: 100), Self.snapshot([], at: 200))
        feed.publish(Self.snapshot([], at: 1_000))
        #expect(told(feed, since: 100) == ["DELETED a/p"])
        feed.publish(Self.snapshot([], at: 1_101))
        #expect(told(feed, since: 200) == nil)
        #expect(told(feed, since: 201) == [])
    }

    @Test("it remembers so many and no more, and knows from when on it remembers all")
    func bounded() {
        let names = (0..<WatchLimits.tombstones + 10).map { "p\(1_000_000 + $0)" }
        var feed = WatchFeed(Self.snapshot(names, at: 100), Self.snapshot(Array(names.dropFirst(10)), at: 200))
        #expect(told(feed, since: 150)?.count == 10 + WatchLimits.tombstones)
        feed.publish(Self.snapshot([], at: 300))
        // The ten of before had to go for the others.
        #expect(told(feed, since: 199) == nil)
        #expect(told(feed, since: 200)?.count == WatchLimits.tombstones)
    }
}
