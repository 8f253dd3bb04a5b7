// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Testing
import Wire

@testable import Aggregator

@Suite("Containers from birth to removal")
struct ContainerLifeTests {
    @Test("a container that was seen being born has a rate with its first sample, since its start")
    func bornHasARateAtOnce() throws {
        var fixture = SeriesFixture()
        try fixture.sweep(at: 100)
        try fixture.sweep(at: 110, .app(startedAt: 106, born: true), cpuSeconds: 1)
        let pod = try #require(fixture.pod())
        #expect(pod.containers.map(\.usage.cpuNanocores) == [250_000_000])
        #expect(pod.windowSeconds == 4)
        #expect(pod.at == 110)
    }

    @Test("one that was there before the agent has none until its second sample")
    func foundHasNone() throws {
        var fixture = SeriesFixture()
        try fixture.sweep(at: 110, .app(startedAt: 106), cpuSeconds: 1)
        #expect(fixture.pod() == nil)
        try fixture.sweep(at: 115, .app(startedAt: 106), cpuSeconds: 2)
        #expect(fixture.millicores() == 200)
    }

    @Test("a start that is unknown, before the boot or after the first sample gives no zero point")
    func noZeroPoint() throws {
        for start in [nil, -1.0, 110.0, 111.0] as [Double?] {
            var fixture = SeriesFixture()
            var identity = ContainerIdentity.app(born: true)
            identity.startTimeMicroseconds = start.map { Int64($0 * 1e6) + SimulatedNode.bootUnix * 1_000_000 }
            try fixture.sweep(at: 110, identity, cpuSeconds: 1)
            #expect(fixture.pod() == nil, "started at \(String(describing: start))")
        }
    }

    @Test("a birth is dated right on a node whose wall clock is off", arguments: [3_600, 60, -60, -3_600])
    func bornUnderAWrongClock(ahead: Int64) throws {
        var fixture = SeriesFixture()
        fixture.node.clockAhead = ahead
        try fixture.sweep(at: 10_000)
        try fixture.sweep(at: 10_010, .app(startedAt: 10_006, ahead: ahead, born: true), cpuSeconds: 1)
        let pod = try #require(fixture.pod())
        #expect(pod.windowSeconds == 4)
        #expect(pod.containers.map(\.usage.cpuNanocores) == [250_000_000])
        #expect(pod.at == 10_010)
    }

    @Test("a restarted container, under another id or as another cgroup, takes nothing over from the one before")
    func restart() throws {
        for next in [ContainerIdentity.app(id: "c2"), .app(generation: 2)] {
            var fixture = SeriesFixture()
            try fixture.sweep(at: 100, .app(generation: 1), cpuSeconds: 50)
            try fixture.sweep(at: 105, .app(generation: 1), cpuSeconds: 51)
            #expect(fixture.millicores() == 200)
            // Its counter is higher than the old one was: only its identity tells that it is another.
            try fixture.sweep(at: 110, next, cpuSeconds: 60)
            #expect(fixture.pod() == nil)
            try fixture.sweep(at: 115, next, cpuSeconds: 61)
            #expect(fixture.millicores() == 200)
            #expect(fixture.pod()?.windowSeconds == 5)
        }
    }

    @Test("a counter that went backwards under one identity starts anew")
    func counterReset() throws {
        var fixture = SeriesFixture()
        try fixture.sweep(at: 100, .app(), cpuSeconds: 50)
        try fixture.sweep(at: 105, .app(), cpuSeconds: 51)
        try fixture.sweep(at: 110, .app(), cpuSeconds: 1)
        #expect(fixture.pod() == nil)
        try fixture.sweep(at: 115, .app(), cpuSeconds: 2)
        #expect(fixture.millicores() == 200)
    }

    @Test("a removed container is gone at once, and its pod with the last one")
    func removal() throws {
        var fixture = SeriesFixture()
        for second in [100.0, 105] {
            try fixture.sweep(at: second) {
                $0.container(0, .app("a"), at: second, cpuSeconds: second, memoryKiB: 1)
                $0.container(1, .app("b", id: "c2"), at: second, cpuSeconds: second, memoryKiB: 1)
            }
        }
        #expect(fixture.pod()?.containers.map(\.name) == ["a", "b"])
        try fixture.sweep(at: 110) {
            $0.remove(slot: 0)
            $0.container(1, .app("b", id: "c2"), at: 110, cpuSeconds: 110, memoryKiB: 1)
        }
        #expect(fixture.pod()?.containers.map(\.name) == ["b"])
        #expect(fixture.series.containerCount == 1)
        try fixture.sweep(at: 115) { $0.remove(slot: 1) }
        #expect(fixture.pod() == nil)
        #expect(fixture.series.podUIDs.isEmpty)
        #expect(fixture.series.podNames(uid: "uid-web") == nil)
    }

    @Test("a slot that another pod's container takes over carries nothing across")
    func slotReuse() throws {
        var fixture = SeriesFixture()
        try fixture.sweep(at: 100, .app(), cpuSeconds: 10)
        try fixture.sweep(at: 105, .app(), cpuSeconds: 11)
        let other = ContainerIdentity.app(pod: "db", uid: "uid-db", id: "c9")
        try fixture.sweep(at: 110, other, cpuSeconds: 20)
        #expect(fixture.pod() == nil && fixture.pod("uid-db") == nil)
        try fixture.sweep(at: 115, other, cpuSeconds: 22)
        #expect(fixture.pod() == nil)
        #expect(fixture.millicores("uid-db") == 400)
        #expect(fixture.series.podUIDs.sorted() == ["uid-db"])
    }

    @Test("a container whose name comes late is served from then on, with the history it has")
    func rename() throws {
        var fixture = SeriesFixture()
        let nameless = ContainerIdentity.app("", pod: "", namespace: "")
        try fixture.sweep(at: 100, nameless, cpuSeconds: 10)
        try fixture.sweep(at: 105, nameless, cpuSeconds: 11)
        #expect(fixture.pod() == nil)
        #expect(fixture.series.podNames(uid: "uid-web") == nil)
        try fixture.sweep(at: 110, .app(), cpuSeconds: 12)
        let pod = try #require(fixture.pod())
        #expect(pod.name == "web" && pod.namespace == "shop" && pod.containers.map(\.name) == ["app"])
        #expect(pod.windowSeconds == 10)
    }
}
