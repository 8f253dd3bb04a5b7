// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Testing

@testable import Aggregator

@Suite("Those who watch, and the looks that are taken for them")
struct WatchHubTests {
    @Test("one look is taken for all who watch a selection, and none when nobody does")
    func shared() throws {
        let rig = WatchRig(["n1", "n2"])
        rig.pass(1)
        #expect(rig.source.looks == 0)
        let readers = try (0..<3).map { _ in try #require(rig.watch()) }
        let other = try #require(rig.watch("fieldSelector=metadata.name%3Dn2"))
        for reader in readers { #expect(reader.events() == []) }
        rig.pass(1)
        #expect(rig.source.looks == 2)
        for reader in readers {
            #expect(reader.wakeCount == 1)
            #expect(reader.events() == ["ADDED n1", "ADDED n2"])
        }
        #expect(other.events() == ["ADDED n2"])
        #expect(rig.hub.metrics.open.value == 4)
        for reader in readers + [other] { reader.leave() }
        #expect(rig.hub.metrics.open.value == 0)
        rig.pass(121)
        let looks = rig.source.looks
        for _ in 0..<10 { rig.pass(1) }
        #expect(rig.source.looks == looks)
    }

    @Test("who has nothing to be told is not woken; who has is, once")
    func wakes() throws {
        let rig = WatchRig()
        rig.set("n1")
        let reader = try #require(rig.watch())
        rig.pass(0)
        #expect(reader.events() == ["ADDED n1"])
        // Another snapshot is news to look at, though not to tell: no bytes come of it.
        rig.pass(1)
        #expect(reader.events() == [])
        rig.set("n1", "n2")
        rig.pass(1)
        rig.pass(1)
        #expect(reader.wakeCount == 2)
        #expect(reader.events() == ["MODIFIED n1", "ADDED n2"])
    }

    @Test("a watch goes on from the very list that its client got")
    func fromList() throws {
        let rig = WatchRig(["gone", "kept"])
        let list = rig.ask("limit=500")
        #expect(String(decoding: list.body.collected(), as: UTF8.self).contains("\"resourceVersion\":\"1000000000\""))
        rig.wait(2)
        rig.set("kept", "new")
        let reader = try #require(rig.watch("resourceVersion=1000000000"))
        #expect(reader.events() == [])
        rig.pass(0)
        #expect(reader.events() == ["DELETED gone", "MODIFIED kept", "ADDED new"])
        // Of another selection's list nothing is known, and of one that was long ago.
        let other = try #require(rig.watch("resourceVersion=1000000000&labelSelector=x"))
        rig.pass(0)
        #expect(other.events() == ["ERROR 410"])
    }

    @Test("lists are kept for a short time")
    func oldList() throws {
        let rig = WatchRig(["n1"])
        _ = rig.ask("limit=500")
        rig.wait(16)
        rig.pass(0)
        let reader = try #require(rig.watch("resourceVersion=1000000000"))
        rig.pass(0)
        #expect(reader.events() == ["ERROR 410"])
        #expect(reader.isFinished)
    }

    @Test("who was refused lists again, and can then watch")
    func secondTry() throws {
        let rig = WatchRig(["n1"])
        let first = try #require(rig.watch("resourceVersion=999000000"))
        #expect(first.events() == [])
        rig.pass(1)
        #expect(first.events() == ["ERROR 410"])
        first.leave()
        rig.wait(2)
        // By another replica, so it is not known here.
        let second = try #require(rig.watch("resourceVersion=1003000000"))
        rig.wait(1)
        rig.set("n1", "n2")
        rig.pass(2)
        #expect(second.events() == ["MODIFIED n1", "MODIFIED n2"])
    }

    @Test("who comes back finds what happened meanwhile")
    func comesBack() throws {
        let rig = WatchRig(["n1", "n2"])
        let first = try #require(rig.watch())
        rig.pass(0)
        _ = first.events()
        first.leave()
        rig.wait(30)
        rig.set("n1")
        rig.pass(0)
        rig.wait(30)
        let second = try #require(rig.watch("resourceVersion=1000000000"))
        #expect(second.events() == ["DELETED n2", "MODIFIED n1"])
        second.leave()
        // Meanwhile nobody has watched for too long.
        rig.pass(121)
        let third = try #require(rig.watch("resourceVersion=1060000000"))
        rig.pass(0)
        #expect(third.events() == ["ERROR 410"])
    }

    @Test("a selection that nobody watches is looked at seldom")
    func lingers() throws {
        let rig = WatchRig(["n1"])
        let reader = try #require(rig.watch())
        rig.pass(0)
        reader.leave()
        let looks = rig.source.looks
        for _ in 0..<50 { rig.pass(1) }
        #expect(rig.source.looks == looks + 10)
    }

    @Test("a client that takes nothing for 30 s is dropped: counted, logged, and nothing is kept for it")
    func stuck() throws {
        let rig = WatchRig(["n1", "n2", "n3"])
        let stuck = try #require(rig.watch())
        let idle = try #require(rig.watch())
        rig.pass(0)
        _ = idle.events()
        #expect(stuck.take(room: 1) == ["ADDED n1"])
        for _ in 0..<29 {
            rig.pass(1)
            _ = idle.events()
        }
        #expect(rig.hub.metrics.droppedSlow.value == 0)
        rig.pass(1)
        #expect(rig.hub.metrics.droppedSlow.value == 1)
        #expect(rig.hub.metrics.open.value == 1)
        _ = idle.events()
        #expect(rig.log.lines(with: "a watch's client is too slow; cut off").count == 1)
        #expect(stuck.events() == [])
        #expect(stuck.isFinished)
        stuck.leave()
        // One who only has nothing to take is not slow.
        rig.pass(100)
        #expect(rig.hub.metrics.droppedSlow.value == 1)
        #expect(rig.hub.metrics.open.value == 1)
    }

    @Test("one that takes drops is dropped when a look's worth of events takes it longer than a list may")
    func drips() throws {
        let rig = WatchRig((0..<100).map { "n\($0)" })
        let reader = try #require(rig.watch())
        rig.pass(0)
        for _ in 0..<6 {
            #expect(reader.take(room: 1).count == 1)
            rig.pass(9.9)
        }
        #expect(rig.hub.metrics.droppedSlow.value == 0)
        rig.pass(1)
        #expect(rig.hub.metrics.droppedSlow.value == 1)
    }

    @Test("a connection that is cut because its client was stuck is counted as such, and one that is left is not")
    func cut() throws {
        let rig = WatchRig(["n1", "n2"])
        let stuck = try #require(rig.watch())
        let other = try #require(rig.watch())
        rig.pass(0)
        for reader in [stuck, other] { reader.take(room: 1) }
        other.leave()
        #expect(rig.hub.metrics.droppedSlow.value == 0)
        rig.wait(30)
        stuck.leave()
        #expect(rig.hub.metrics.droppedSlow.value == 1)
        #expect(rig.hub.metrics.open.value == 0)
    }

    @Test("slow clients keep a few snapshots of a selection, not one a second")
    func snapshots() throws {
        let rig = WatchRig(["n1", "n2"])
        var readers: [WatchReader] = []
        for _ in 0..<20 {
            let reader = try #require(rig.watch())
            rig.pass(1)
            reader.take(room: 1)
            readers.append(reader)
        }
        #expect(rig.source.looks == WatchBounds().snapshots)
        for reader in readers { reader.leave() }
        rig.pass(5)
        #expect(rig.source.looks == WatchBounds().snapshots + 1)
    }

    @Test("so many objects are watched and no more")
    func bounds() throws {
        let rig = WatchRig(["n1", "n2"], bounds: WatchBounds(rows: 3))
        #expect(rig.watch() != nil)
        rig.pass(0)
        // What is followed already costs nothing more.
        #expect(rig.watch() != nil)
        let refused = rig.ask("watch=1&labelSelector=a")
        #expect(refused.status == 429)
        #expect(refused.header("Retry-After") == "1")
        #expect(rig.hub.metrics.refused.value == 1)
    }

    @Test("of selections that nobody watches the oldest are forgotten first")
    func excess() throws {
        let rig = WatchRig(["n1"], bounds: WatchBounds(lingering: 2))
        for label in ["a", "b", "c"] {
            let reader = try #require(rig.watch("labelSelector=!\(label)"))
            rig.pass(1)
            reader.leave()
        }
        rig.pass(1)
        let looks = rig.source.looks
        rig.pass(5)
        #expect(rig.source.looks == looks + 2)
        let reader = try #require(rig.watch("labelSelector=!a&resourceVersion=1001000000"))
        rig.pass(0)
        #expect(reader.events() == ["ERROR 410"])
    }

    @Test("at a shutdown all end in order, and no more are opened")
    func shutdown() async throws {
        let rig = WatchRig(["n1"], times: WatchTimes(shutdown: .milliseconds(50)))
        let reader = try #require(rig.watch("allowWatchBookmarks=1"))
        rig.pass(0)
        _ = reader.events()
        await rig.hub.shutdown()
        #expect(reader.wakeCount == 1)
        #expect(reader.events() == ["BOOKMARK"])
        #expect(reader.isFinished)
        #expect(rig.watch() == nil)
    }
}
