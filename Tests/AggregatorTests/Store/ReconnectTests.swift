// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Testing
import Wire

@testable import Aggregator

@Suite("A node that comes back")
struct ReconnectTests {
    @Test("the complete frame of a new session keeps the history of the containers in it")
    func keepsHistory() throws {
        var fixture = SeriesFixture()
        for second in stride(from: 100.0, through: 120, by: 5) {
            try fixture.sweep(at: second, .app(), cpuSeconds: second / 10)
        }
        let before = try #require(fixture.pod())
        #expect(before.windowSeconds == 15)
        try fixture.reconnect(at: 121)
        #expect(fixture.pod() == before)
        try fixture.sweep(at: 125, .app(), cpuSeconds: 12.5)
        #expect(fixture.pod()?.windowSeconds == 15)
        #expect(fixture.millicores() == 100)
    }

    @Test("a container that is not in the complete frame is gone, and one whose slot moved is the same")
    func slotsMove() throws {
        var fixture = SeriesFixture()
        fixture.node.cpuSeconds = 1
        let web = ContainerIdentity.app()
        let gone = ContainerIdentity.app(pod: "db", uid: "uid-db", id: "c9")
        for second in [100.0, 105] {
            try fixture.sweep(at: second) {
                $0.container(0, gone, at: second, cpuSeconds: 7, memoryKiB: 1)
                $0.container(1, web, at: second, cpuSeconds: second / 10, memoryKiB: 1)
            }
        }
        // Another run of the agent: other slots, and no sweep before its first.
        fixture.node = SimulatedNode()
        fixture.series.beginSession(bootID: "boot-1")
        try fixture.sweep(at: 110, web, slot: 0, cpuSeconds: 11)
        #expect(fixture.millicores() == 100)
        #expect(fixture.pod()?.windowSeconds == 10)
        #expect(fixture.pod("uid-db") == nil)
        #expect(fixture.series.containerCount == 1)
    }

    @Test("to an aggregator that is new the complete frame gives rates at once")
    func ratesAtOnce() throws {
        var fixture = SeriesFixture()
        fixture.node.memoryKiB = 1_000
        for second in [100.0, 105] {
            fixture.node.cpuSeconds = second / 5
            try fixture.sweep(at: second, .app(), cpuSeconds: second / 10)
        }
        fixture.series = NodeSeries()
        try fixture.reconnect(at: 106)
        #expect(fixture.millicores() == 100)
        #expect(fixture.pod()?.windowSeconds == 5)
        #expect(fixture.nodeFigures?.usage.cpuNanocores == 200_000_000)
        #expect(fixture.nodeFigures?.usage.memoryBytes == 1_024_000)
    }

    @Test("another boot id forgets everything: the counters and the boot clock began anew")
    func rebooted() throws {
        var fixture = SeriesFixture()
        try fixture.sweep(at: 100, .app(), cpuSeconds: 10)
        try fixture.sweep(at: 105, .app(), cpuSeconds: 11)
        fixture.series.beginSession(bootID: "boot-2")
        #expect(fixture.pod() == nil)
        #expect(fixture.series.containerCount == 0)
        fixture.node = SimulatedNode()
        // Less uptime than before: with the old points there these would count as repeated.
        try fixture.sweep(at: 20, .app(), cpuSeconds: 1)
        try fixture.sweep(at: 25, .app(), cpuSeconds: 2)
        #expect(fixture.millicores() == 200)
    }

    @Test("an agent that does not know its boot id gets no history, since nobody can say whether it is the same")
    func unknownBoot() throws {
        var fixture = SeriesFixture()
        fixture.series.beginSession(bootID: "")
        try fixture.sweep(at: 100, .app(), cpuSeconds: 10)
        fixture.series.beginSession(bootID: "")
        #expect(fixture.series.containerCount == 0)
    }
}
