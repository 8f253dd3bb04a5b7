// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cgroups

private let uid = "9b1f2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
private let pod = "kubepods/burstable/pod\(uid)"

/// L14 to L16: only the pod's cgroup knows what its containers use.
@Suite("Pods in a sandbox of their own")
struct SandboxedTests {
    private func names(_ sampler: NodeSampler) -> [String: Attribution] {
        Dictionary(
            uniqueKeysWithValues: sampler.containers.compactMap { record in
                record.name.map { ($0.container, record.attribution) }
            })
    }

    private func record(_ name: String, of sampler: NodeSampler) -> ContainerRecord? {
        sampler.containers.first { $0.name?.container == name }
    }

    @Test(
        "Kata: the container that its link names is given what the whole pod uses",
        arguments: ["kata_\(id(7))", "kata_\(id(1))", "kata_overhead"], FakeNode.Version.allCases)
    func kata(_ entry: String, _ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container(pod, cpu: 5000, usage: 100 << 20, inactive: 20 << 20)
        node.container("\(pod)/\(entry)", cpu: 4000, usage: 90 << 20, inactive: 0)
        node.link(pod: "web", container: "app", id: id(1), uid: uid, restarts: 2, modified: 1_700_000_000)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        _ = try sampler.sweep()
        #expect(sampler.containers.count == 1)
        let app = try #require(record("app", of: sampler))
        #expect(app.identity.podUID == uid)
        #expect(app.identity.containerID == id(1))
        #expect(app.attribution == .wholePod)
        #expect(app.cpuNanoseconds == 5_000_000)
        #expect(app.usageBytes == 100 << 20)
        #expect(app.workingSetBytes == 80 << 20)
        #expect(app.name?.restartCount == 2)
        #expect(app.startTimeUnixNanoseconds == 1_700_000_000_000_000_000)
        #expect(!app.wasBorn)
        #expect(sampler.statistics.readErrors == 0)
    }

    @Test("of several containers the one that started last has it all, the others nothing")
    func several() throws {
        let node = FakeNode(.v2)
        node.container(pod, cpu: 5000, usage: 100, inactive: 0)
        node.makeCgroup("\(pod)/kata_\(id(7))")
        node.link(pod: "web", container: "init", id: id(1), uid: uid, modified: 1_700_000_000)
        node.link(pod: "web", container: "app", id: id(2), uid: uid, modified: 1_700_000_009)
        node.link(pod: "web", container: "log", id: id(3), uid: uid, modified: 1_700_000_005)
        node.link(pod: "other", container: "app", id: id(4), uid: "another")
        let sampler = try node.sampler()
        for _ in 0..<2 { _ = try sampler.sweep() }
        #expect(names(sampler) == ["init": .sibling, "app": .wholePod, "log": .sibling])
        #expect(record("app", of: sampler)?.cpuNanoseconds == 5_000_000)
        for name in ["init", "log"] {
            #expect(record(name, of: sampler)?.cpuNanoseconds == 0)
            #expect(record(name, of: sampler)?.workingSetBytes == 0)
        }
        #expect(try sampler.sweep().isEmpty)
    }

    @Test("a restarted one takes its predecessor's place, and what was counted before is not compared with it")
    func restarted() throws {
        let node = FakeNode(.v2)
        node.container(pod, cpu: 5000)
        node.makeCgroup("\(pod)/kata_\(id(7))")
        node.link(pod: "web", container: "app", id: id(1), uid: uid, restarts: 0, modified: 1_700_000_000)
        node.link(pod: "web", container: "log", id: id(2), uid: uid, modified: 1_600_000_000)
        let sampler = try node.sampler()
        for _ in 0..<2 { _ = try sampler.sweep() }
        node.link(pod: "web", container: "app", id: id(3), uid: uid, restarts: 1, modified: 1_500_000_000)
        let changes = try sampler.sweep()
        #expect(!changes.vanished.isEmpty && !changes.appeared.isEmpty)
        _ = try sampler.sweep()
        #expect(names(sampler) == ["app": .wholePod, "log": .sibling])
        #expect(record("app", of: sampler)?.identity.containerID == id(3))
        #expect(record("app", of: sampler)?.cpuNanoseconds == 5_000_000)
    }

    @Test("the pod's end is theirs", arguments: FakeNode.Version.allCases)
    func ended(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container(pod, cpu: 5000)
        node.makeCgroup("\(pod)/kata_\(id(7))")
        node.link(pod: "web", container: "app", id: id(1), uid: uid)
        let sampler = try node.sampler()
        for _ in 0..<2 { _ = try sampler.sweep() }
        #expect(sampler.containers.count == 1)
        node.removeCgroup(pod)
        #expect(try sampler.sweep().vanished == [0])
        #expect(sampler.containers.isEmpty)
    }

    @Test("links that come late name them when they come; a VM without links is nobody's")
    func late() throws {
        let node = FakeNode(.v2)
        node.container(pod, cpu: 5000)
        node.makeCgroup("\(pod)/kata_\(id(7))")
        let sampler = try node.sampler()
        for _ in 0..<2 { _ = try sampler.sweep() }
        #expect(sampler.containers.isEmpty)
        node.link(pod: "web", container: "app", id: id(1), uid: uid)
        for _ in 0..<2 { _ = try sampler.sweep() }
        #expect(record("app", of: sampler)?.cpuNanoseconds == 5_000_000)
    }

    @Test("gVisor without containers' cgroups: a sandbox that is more than a pause process", arguments: [1, 20])
    func sentryAlone(_ mebibytes: UInt64) throws {
        let node = FakeNode(.v2)
        let sandbox = "\(pod)/\(id(9))"
        node.container(pod, cpu: 9000, usage: (mebibytes << 20) + 4096, inactive: 0)
        node.container(sandbox, cpu: 8000, usage: mebibytes << 20, inactive: 0, weight: 1)
        node.link(pod: "web", container: "app", id: id(1), uid: uid)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(id(9))?.role == .sandbox)
        #expect(sampler.containers.count == 1, "the containers' cgroups may still come")
        sampler.makeOlder(by: NodeSampler.patience)
        for _ in 0..<2 { _ = try sampler.sweep() }
        #expect(names(sampler) == (mebibytes == 20 ? ["app": .wholePod] : [:]))
        guard mebibytes == 20 else { return }
        #expect(record("app", of: sampler)?.workingSetBytes == (20 << 20) + 4096)

        // A container's cgroup after all: it speaks for itself.
        node.container("\(pod)/\(id(1))", cpu: 3, usage: 77, inactive: 0)
        for _ in 0..<2 { _ = try sampler.sweep() }
        #expect(names(sampler) == ["app": .own])
        #expect(record("app", of: sampler)?.cpuNanoseconds == 3000)
    }

    @Test("gVisor with empty containers' cgroups")
    func sentryAndEmptyScopes() throws {
        let node = FakeNode(.v2)
        let ids = node.byAge([id(1), id(2), id(3)], in: pod)
        node.container(pod, cpu: 9000, usage: 30 << 20, inactive: 0)
        node.container("\(pod)/\(ids[0])", cpu: 8000, usage: 25 << 20, inactive: 0, weight: 1)
        for name in ids[1...] { node.container("\(pod)/\(name)", cpu: 0, usage: 0, inactive: 0) }
        node.link(pod: "web", container: "one", id: ids[1], uid: uid)
        node.link(pod: "web", container: "two", id: ids[2], uid: uid)
        let sampler = try node.sampler()
        for _ in 0..<2 { _ = try sampler.sweep() }
        #expect(names(sampler) == ["one": .own, "two": .own], "they may just have been made")
        sampler.makeOlder(by: NodeSampler.patience)
        for _ in 0..<2 { _ = try sampler.sweep() }
        #expect(names(sampler) == ["one": .sibling, "two": .wholePod])
        #expect(record("two", of: sampler)?.cpuNanoseconds == 9_000_000)
        #expect(record("two", of: sampler)?.workingSetBytes == 30 << 20)
        #expect(record("one", of: sampler)?.cpuNanoseconds == 0)
        #expect(try sampler.sweep().isEmpty)

        // They count something: then they are what they seem to be.
        node.container("\(pod)/\(ids[1])", cpu: 50, usage: 4096, inactive: 0)
        for _ in 0..<2 { _ = try sampler.sweep() }
        #expect(names(sampler) == ["one": .own, "two": .own])
        #expect(record("one", of: sampler)?.cpuNanoseconds == 50_000)
        #expect(record("two", of: sampler)?.cpuNanoseconds == 0)
    }

    @Test("a pause process next to containers that do nothing is no sandbox of that kind")
    func idlePod() throws {
        let node = FakeNode(.v2)
        let ids = node.byAge([id(1), id(2)], in: pod)
        node.container("\(pod)/\(ids[0])", cpu: 30, usage: 400 << 10, inactive: 0, weight: 1)
        node.container("\(pod)/\(ids[1])", cpu: 0, usage: 0, inactive: 0)
        node.link(pod: "web", container: "one", id: ids[1], uid: uid)
        let sampler = try node.sampler()
        for _ in 0..<2 {
            _ = try sampler.sweep()
            sampler.makeOlder(by: NodeSampler.patience)
        }
        #expect(names(sampler) == ["one": .own])
    }
}
