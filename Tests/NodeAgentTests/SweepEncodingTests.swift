// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Testing
import Wire

@testable import NodeAgent

/// From the files of a node to what an aggregator's decoder says of them.
@Suite("A sweep on its way to the aggregator")
struct SweepEncodingTests {
    /// Sampler, encoder and decoder of one session, and the dictionary that a consumer keeps.
    private struct Pipe {
        let sampler: NodeSampler
        var encoder = SampleEncoder()
        var decoder = AgentFrameDecoder()
        var batch = SampleBatch()
        var dictionary: [Int: Wire.ContainerIdentity] = [:]

        init(_ node: FixtureNode) throws {
            sampler = try NodeSampler(roots: node.roots)
        }

        mutating func sweep() throws {
            let changes = try sampler.sweep()
            SweepEncoding.encode(changes, of: sampler, into: &encoder)
            let frame = try encoder.finish()
            try #require(try decoder.decode(body: frame.body.span.bytes, into: &batch) == .samples)
            if batch.isComplete { dictionary = [:] }
            for slot in batch.removed { dictionary[slot] = nil }
            for entry in batch.added { dictionary[entry.slot] = entry.identity }
        }

        func point(_ id: String) -> SlotPoint? {
            guard let slot = dictionary.first(where: { $0.value.containerID == id })?.key else { return nil }
            return batch.points.first { $0.slot == slot }
        }

        func identity(_ id: String) -> Wire.ContainerIdentity? { dictionary.values.first { $0.containerID == id } }
    }

    @Test("values travel in µs and KiB, with the names, the ids and the cgroup's inode")
    func values() throws {
        let node = FixtureNode()
        node.container(id(1), cpu: 1_234_567, memory: 789)
        node.link(pod: "web", container: "app", id: id(1))
        var pipe = try Pipe(node)
        try pipe.sweep()
        let record = try #require(pipe.sampler.slots.compactMap { $0 }.first)
        let identity = try #require(pipe.identity(id(1)))
        #expect(identity.podUID == "u-1" && identity.generation == record.identity.inode && identity.generation > 0)
        #expect((identity.namespace, identity.pod, identity.container) == ("default", "web", "app"))
        let point = try #require(pipe.point(id(1)))
        #expect(point.cpuMicroseconds == 1_234_567)
        #expect(point.memoryKiB == 789)
        #expect(point.timeMicroseconds == record.bootTimeNanoseconds / 1000)
        #expect(point.timeMicroseconds >= pipe.batch.bootTimeMicroseconds)
        #expect(pipe.batch.node.cpuMicroseconds == 5_000_000)
        #expect(pipe.batch.node.memoryKiB == pipe.sampler.node.workingSetBytes.map { $0 / 1024 })
        #expect(pipe.batch.node.memoryKiB != nil)
    }

    @Test("the sandbox does not travel")
    func sandbox() throws {
        let node = FixtureNode()
        node.container(id(1), cpu: 1, memory: 1, weight: 1)
        node.container(id(2), cpu: 2, memory: 2)
        node.link(pod: "web", container: "app", id: id(2))
        var pipe = try Pipe(node)
        for _ in 0..<2 {
            try pipe.sweep()
            let roles = pipe.sampler.slots.compactMap { $0?.role }
            #expect(roles.contains(.sandbox))
            #expect(pipe.dictionary.values.map(\.containerID) == [id(2)])
            #expect(pipe.batch.points.count == 1)
        }
    }

    @Test("a container that turns out to be the sandbox is taken back")
    func lateSandbox() throws {
        let node = FixtureNode()
        node.container(id(1), cpu: 1, memory: 1)
        var pipe = try Pipe(node)
        try pipe.sweep()
        #expect(pipe.identity(id(1))?.container == "")
        // A runtime sets the weight a moment after it made the cgroup.
        node.write("cgroup/\(FixtureNode.pod)/\(id(1))/cpu.weight", "1\n")
        node.container(id(2), cpu: 2, memory: 2)
        try pipe.sweep()
        #expect(pipe.dictionary.values.map(\.containerID) == [id(2)])
        #expect(pipe.batch.points.count == 1)
    }

    @Test("a container that appears is added and one that goes is removed, in one sweep and in one slot")
    func replaced() throws {
        let node = FixtureNode()
        node.container(id(1), cpu: 9_000, memory: 1)
        var pipe = try Pipe(node)
        try pipe.sweep()
        let slot = try #require(pipe.dictionary.first?.key)
        #expect(pipe.dictionary[slot]?.born == false)
        node.remove("cgroup/\(FixtureNode.pod)/\(id(1))")
        node.container(id(2), cpu: 5, memory: 2)
        try pipe.sweep()
        #expect(pipe.batch.removed == [slot])
        #expect(pipe.dictionary.count == 1)
        #expect(
            pipe.point(id(2))
                == SlotPoint(
                    slot: slot, timeMicroseconds: try #require(pipe.point(id(2))).timeMicroseconds, cpuMicroseconds: 5,
                    memoryKiB: 2))
        node.remove("cgroup/\(FixtureNode.pod)/\(id(2))")
        try pipe.sweep()
        #expect(pipe.dictionary.isEmpty && pipe.batch.points.isEmpty)
    }

    @Test("one that was not there in the sweep before was born, and its start is in between")
    func born() throws {
        let node = FixtureNode()
        node.container(id(1), cpu: 9, memory: 1)
        var pipe = try Pipe(node)
        try pipe.sweep()
        let before = pipe.batch.realTimeMicroseconds
        node.container(id(2), cpu: 9, memory: 1)
        try pipe.sweep()
        let identity = try #require(pipe.identity(id(2)))
        #expect(identity.born)
        let start = try #require(identity.startTimeMicroseconds)
        // The kernel's time stamps of files are as coarse as its tick.
        #expect(start >= before - 20_000 && start <= pipe.batch.realTimeMicroseconds + 20_000)
        #expect(pipe.identity(id(1))?.born == false)
    }

    @Test("a name that becomes known travels alone: slot and counters go on")
    func renamed() throws {
        let node = FixtureNode()
        node.container(id(1), cpu: 100, memory: 1)
        var pipe = try Pipe(node)
        try pipe.sweep()
        let slot = try #require(pipe.dictionary.first?.key)
        #expect(pipe.dictionary[slot]?.container == "")
        node.link(pod: "web", container: "app", id: id(1))
        node.container(id(1), cpu: 250, memory: 1)
        try pipe.sweep()
        #expect(pipe.batch.removed.isEmpty)
        #expect(pipe.batch.added.map(\.slot) == [slot])
        #expect(pipe.dictionary[slot]?.container == "app")
        #expect(pipe.point(id(1))?.cpuMicroseconds == 250)
        try pipe.sweep()
        #expect(pipe.batch.added.isEmpty)
    }

    @Test("what cannot be read is absent, not zero, and comes back")
    func absent() throws {
        let node = FixtureNode()
        node.container(id(1), cpu: 100, memory: 50)
        var pipe = try Pipe(node)
        try pipe.sweep()
        let files = "cgroup/\(FixtureNode.pod)/\(id(1))"
        node.write("\(files)/cpu.stat", "garbage\n")
        node.remove("\(files)/memory.current")
        // The node's figures have a second source in proc.
        for file in ["cgroup/cpu.stat", "cgroup/memory.stat", "proc/stat", "proc/meminfo"] { node.remove(file) }
        try pipe.sweep()
        let point = try #require(pipe.point(id(1)))
        #expect(point.cpuMicroseconds == nil && point.memoryKiB == nil)
        #expect(pipe.batch.node.cpuMicroseconds == nil && pipe.batch.node.memoryKiB == nil)
        node.container(id(1), cpu: 300, memory: 0)
        try pipe.sweep()
        #expect(pipe.point(id(1))?.cpuMicroseconds == 300)
        #expect(pipe.point(id(1))?.memoryKiB == 0)
    }
}
