// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Testing
import Wire

@testable import Aggregator

@Suite("Containers whose agent has no name for them")
struct NamelessTests {
    private static let patience: Duration = .seconds(10)
    private static let web = (uid: "uid-web", namespace: "shop", name: "web")

    /// Sweeps of a pod with two containers that have no names.
    private func sweep(
        _ fixture: inout SeriesFixture, at seconds: Double, _ names: [String] = ["", ""], startedAt: Double? = nil
    ) throws {
        try fixture.sweep(at: seconds) {
            for (slot, name) in names.enumerated() {
                $0.container(slot, nameless(slot, name, startedAt), at: seconds, cpuSeconds: seconds, memoryKiB: 1)
            }
        }
    }

    private func nameless(_ slot: Int, _ name: String = "", _ startedAt: Double? = nil) -> ContainerIdentity {
        .app(
            name, pod: name.isEmpty ? "" : "web", namespace: name.isEmpty ? "" : "shop", id: "c\(slot)",
            startedAt: startedAt)
    }

    private func names(_ fixture: SeriesFixture) -> [String]? { fixture.pod()?.containers.map(\.name) }

    private func missing(_ fixture: SeriesFixture) -> [String]? {
        fixture.series.namelessPods(after: Self.patience)["uid-web"]?.sorted()
    }

    @Test("they are told once they are that old, and not when their agent names them first")
    func patience() throws {
        var fixture = SeriesFixture()
        try sweep(&fixture, at: 100)
        #expect(fixture.series.nameless.count == 2)
        try sweep(&fixture, at: 109.9)
        #expect(missing(fixture) == nil)
        try sweep(&fixture, at: 110, ["app", ""])
        #expect(missing(fixture) == ["c1"])
        try sweep(&fixture, at: 115, ["app", "proxy"])
        #expect(missing(fixture) == nil)
        #expect(fixture.series.nameless.isEmpty)
    }

    @Test(
        "one that had started before it was reported has had its time; a start of the future or before the boot has not"
    )
    func started() throws {
        for (start, isOld) in [(50.0, true), (95, false), (300, false), (-5, false)] {
            var fixture = SeriesFixture()
            var identity = nameless(0)
            identity.startTimeMicroseconds = Int64(start * 1e6) + SimulatedNode.bootUnix * 1_000_000
            try fixture.sweep(at: 100, identity, cpuSeconds: 1)
            #expect((missing(fixture) == ["c0"]) == isOld, "started at \(start)")
        }
    }

    @Test("those that are gone, or whose slot is another's, are none")
    func gone() throws {
        var fixture = SeriesFixture()
        try sweep(&fixture, at: 100)
        try fixture.sweep(at: 105) { $0.remove(slot: 0) }
        #expect(fixture.series.nameless.keys.sorted() == [1])
        try fixture.sweep(at: 110, .app(id: "c9"), slot: 1, cpuSeconds: 1)
        #expect(fixture.series.nameless.isEmpty)
        try sweep(&fixture, at: 115)
        fixture.series.beginSession(bootID: "boot-2")
        #expect(fixture.series.nameless.isEmpty)
    }

    @Test("given a name, a container is served with the history it has, and its siblings and other pods are left alone")
    func joined() throws {
        var fixture = SeriesFixture()
        try sweep(&fixture, at: 100, ["", "", "well"])
        try sweep(&fixture, at: 105, ["", "", "well"])
        #expect(names(fixture) == ["well"])
        #expect(fixture.series.join(["c0": "app", "c2": "not asked", "c7": "x"], pod: Self.web) == 1)
        #expect(names(fixture) == ["app", "well"])
        #expect(fixture.pod()?.windowSeconds == 5)
        #expect(fixture.series.podNames(uid: "uid-web")?.name == "web")
        #expect(fixture.series.nameless.keys.sorted() == [1])
        // Given once, it is not given again.
        #expect(fixture.series.join(["c0": "other"], pod: Self.web) == 0)
        #expect(fixture.series.join(["c1": "app"], pod: (uid: "uid-db", namespace: "shop", name: "db")) == 0)
        #expect(names(fixture) == ["app", "well"])
    }

    @Test("a name that was given survives complete frames, other slots and a new agent that has none")
    func survives() throws {
        var fixture = SeriesFixture()
        try sweep(&fixture, at: 100)
        try sweep(&fixture, at: 105)
        #expect(fixture.series.join(["c0": "app", "c1": "proxy"], pod: Self.web) == 2)
        try fixture.reconnect(at: 106)
        #expect(names(fixture) == ["app", "proxy"])
        try sweep(&fixture, at: 110)
        #expect(names(fixture) == ["app", "proxy"])
        fixture.node = SimulatedNode()
        fixture.series.beginSession(bootID: "boot-1")
        try fixture.sweep(at: 115) {
            $0.container(7, nameless(0), at: 115, cpuSeconds: 115, memoryKiB: 1)
            $0.container(3, nameless(1), at: 115, cpuSeconds: 115, memoryKiB: 1)
        }
        #expect(names(fixture) == ["app", "proxy"])
        #expect(fixture.series.nameless.isEmpty)
    }

    @Test("so does a name that the agent knew before it was restarted")
    func agentsOwn() throws {
        var fixture = SeriesFixture()
        try sweep(&fixture, at: 100, ["app", "proxy"])
        fixture.node = SimulatedNode()
        fixture.series.beginSession(bootID: "boot-1")
        try sweep(&fixture, at: 105)
        #expect(names(fixture) == ["app", "proxy"])
        #expect(fixture.pod()?.namespace == "shop" && fixture.pod()?.name == "web")
    }

    @Test("another container in its place has no part in it")
    func successor() throws {
        var fixture = SeriesFixture()
        try sweep(&fixture, at: 100)
        #expect(fixture.series.join(["c0": "app"], pod: Self.web) == 1)
        for successor in [nameless(5), .app("", pod: "", namespace: "", id: "c0", generation: 2)] {
            try fixture.sweep(at: 105, successor, slot: 0, cpuSeconds: 1)
            #expect(fixture.series.dictionary.containers[0].name == "")
            #expect(fixture.series.nameless[0] == 105_000_000)
        }
    }

    @Test("the agent's own name wins when it comes, also over one that was given")
    func agentWins() throws {
        var fixture = SeriesFixture()
        try sweep(&fixture, at: 100)
        #expect(fixture.series.join(["c0": "wrong", "c1": "proxy"], pod: Self.web) == 2)
        try sweep(&fixture, at: 105, ["app", ""])
        #expect(names(fixture) == ["app", "proxy"])
        try fixture.reconnect(at: 106)
        #expect(names(fixture) == ["app", "proxy"])
    }

    @Test("a pod that is another node's is not told of")
    func contested() throws {
        let owners = PodOwners()
        let store = SampleStore(owners: owners)
        for (name, count) in [("n1", 1), ("n2", 0)] {
            let session = store.open(node: name, facts: SampleStoreTests.facts(), now: .now)
            var node = SimulatedNode()
            for second in [100.0, 120] {
                let batch = try node.batch(at: second) {
                    $0.container(0, nameless(0), at: second, cpuSeconds: 1, memoryKiB: 1)
                }
                _ = session.apply(batch, now: .now, unixMicroseconds: 0)
            }
            let told = session.record.whileFresh(store.configuration, now: .now) {
                $0.namelessPods(after: Self.patience)
            }
            #expect(told?.count == count)
            #expect(session.record.join(["c0": "app"], pod: Self.web) == count)
        }
    }
}
