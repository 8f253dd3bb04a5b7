// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Testing
import Wire

@testable import Aggregator

@Suite("A pod's figures")
struct PodFiguresTests {
    /// Two sweeps of a pod with a healthy container and one whose values are given for the second sweep.
    private func pair(cpuSeconds: Double?, memoryKiB: UInt64?) throws -> SeriesFixture {
        var fixture = SeriesFixture()
        for second in [100.0, 105] {
            let isLast = second == 105
            try fixture.sweep(at: second) {
                $0.container(
                    0, .app("sick"), at: second, cpuSeconds: isLast ? cpuSeconds : 5, memoryKiB: isLast ? memoryKiB : 8)
                $0.container(1, .app("well", id: "c2"), at: second + 0.5, cpuSeconds: second / 10, memoryKiB: 64)
            }
        }
        return fixture
    }

    @Test("a container without CPU or memory is left out and does not hide its sibling")
    func absentValues() throws {
        #expect(try pair(cpuSeconds: 6, memoryKiB: 8).pod()?.containers.map(\.name) == ["sick", "well"])
        #expect(try pair(cpuSeconds: 6, memoryKiB: nil).pod()?.containers.map(\.name) == ["well"])
        #expect(try pair(cpuSeconds: nil, memoryKiB: 8).pod()?.containers.map(\.name) == ["well"])
        #expect(try pair(cpuSeconds: nil, memoryKiB: nil).pod()?.containers.map(\.name) == ["well"])
    }

    @Test("CPU that could not be read in the last sweep is not served from the ones before")
    func noOldCPU() throws {
        var fixture = SeriesFixture()
        for second in [100.0, 105, 110] { try fixture.sweep(at: second, .app(), cpuSeconds: second / 10) }
        #expect(fixture.millicores() == 100)
        try fixture.sweep(at: 115, .app(), cpuSeconds: nil)
        #expect(fixture.pod() == nil)
        // What it used meanwhile is not lost: the counter is cumulative.
        try fixture.sweep(at: 120, .app(), cpuSeconds: 12)
        #expect(fixture.millicores() == 100)
        #expect(fixture.pod()?.at == 120)
    }

    @Test("a node whose CPU or memory could not be read in the last sweep has no figures, and its pods have")
    func nodeWithout() throws {
        for (cpu, memory) in [(nil, 5), (12, nil)] as [(Double?, UInt64?)] {
            var fixture = SeriesFixture()
            for second in [100.0, 105, 110] {
                fixture.node.cpuSeconds = second == 110 ? cpu : second / 10
                fixture.node.memoryKiB = second == 110 ? memory : 5
                try fixture.sweep(at: second, .app(), cpuSeconds: second / 10)
                #expect((fixture.nodeFigures != nil) == (second == 105), "at \(second)")
            }
            #expect(fixture.millicores() == 100)
        }
    }

    @Test("timestamp and window are those of the container that was read first")
    func earliestTimestamp() throws {
        var fixture = SeriesFixture()
        for second in [100.0, 105] {
            try fixture.sweep(at: second) {
                $0.container(0, .app("z"), at: second + 0.25, cpuSeconds: 1, memoryKiB: 1)
                $0.container(1, .app("a", id: "c2"), at: second + 1, cpuSeconds: 1, memoryKiB: 1)
            }
        }
        let pod = try #require(fixture.pod())
        #expect(pod.at == 105.25)
        #expect(pod.windowSeconds == 5)
        #expect(pod.containers.map(\.name) == ["a", "z"])
    }

    @Test("of two cgroups of one container, during a restart, the younger is served once it has a rate")
    func twins() throws {
        let old = ContainerIdentity.app(id: "old", startedAt: 50)
        let new = ContainerIdentity.app(id: "new", startedAt: 101)
        for newSlot in [1, 0] {
            var fixture = SeriesFixture()
            for second in [100.0, 105, 110] {
                try fixture.sweep(at: second) {
                    $0.container(1 - newSlot, old, at: second, cpuSeconds: 7, memoryKiB: 7)
                    if second > 100 {
                        $0.container(newSlot, new, at: second, cpuSeconds: second / 10, memoryKiB: 9)
                    }
                }
                if second == 105 { #expect(fixture.pod()?.containers.map(\.usage.memoryBytes) == [7 << 10]) }
            }
            #expect(fixture.pod()?.containers.map(\.usage.memoryBytes) == [9 << 10])
            #expect(fixture.millicores() == 100)
        }
    }

    @Test("a pod's start is its first container's")
    func start() throws {
        var fixture = SeriesFixture()
        try fixture.sweep(at: 100) {
            $0.container(0, .app("a", startedAt: 70), at: 100, cpuSeconds: 1, memoryKiB: 1)
            $0.container(1, .app("b", id: "c2", startedAt: 60), at: 100, cpuSeconds: 1, memoryKiB: 1)
            $0.container(2, .app("c", id: "c3"), at: 100, cpuSeconds: 1, memoryKiB: 1)
        }
        let names = try #require(fixture.series.podNames(uid: "uid-web"))
        #expect(names.startMicroseconds == (SimulatedNode.bootUnix + 60) * 1_000_000)
    }

    @Test("memory at the end of its range neither traps nor wraps to something small")
    func hugeMemory() throws {
        var fixture = SeriesFixture()
        for second in [100.0, 105] {
            try fixture.sweep(at: second, .app(), cpuSeconds: 1, memoryKiB: WireLimits.memoryKiB)
        }
        #expect(fixture.pod()?.containers.first?.usage.memoryBytes == WireLimits.memoryKiB << 10)
    }

    @Test("of more containers than any pod has all are served, in order, the younger of each name")
    func crowded() throws {
        var fixture = SeriesFixture()
        let names = (0..<150).map { "c\($0 % 100)" }
        for second in [100.0, 105] {
            try fixture.sweep(at: second) {
                for (slot, name) in names.enumerated() {
                    $0.container(
                        slot, .app(name, id: "id-\(slot)", startedAt: Double(slot + 1)), at: second,
                        cpuSeconds: second * Double(slot), memoryKiB: UInt64(slot))
                }
            }
        }
        let containers = try #require(fixture.pod()?.containers)
        #expect(containers.map(\.name) == Set(names).sorted())
        #expect(containers.first { $0.name == "c7" }?.usage.memoryBytes == 107 << 10)
        #expect(containers.first { $0.name == "c77" }?.usage.memoryBytes == 77 << 10)
        try fixture.sweep(at: 110) { encoder in for slot in names.indices { encoder.remove(slot: slot) } }
        #expect(fixture.pod() == nil && fixture.series.podUIDs.isEmpty)
    }
}
