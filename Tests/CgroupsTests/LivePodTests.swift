// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Cgroups

@Suite("Pods read one by one")
struct LivePodTests {
    private let pod = "kubepods/burstable/podu-1"

    private func node(_ version: FakeNode.Version) throws -> (FakeNode, NodeSampler) {
        let node = FakeNode(version)
        node.container("\(pod)/\(id(1))", cpu: 10)
        node.container("\(pod)/\(id(2))", cpu: 20)
        node.container("kubepods/podu-2/\(id(3))", cpu: 30)
        node.container(pod, cpu: 77, usage: 65_536, inactive: 4096)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        return (node, sampler)
    }

    @Test("a pod comes with its containers, read now and not in the last sweep", arguments: FakeNode.Version.allCases)
    func now(_ version: FakeNode.Version) throws {
        let (node, sampler) = try node(version)
        node.container("\(pod)/\(id(2))", cpu: 25, usage: 20_480, inactive: 4096)
        let states = sampler.livePods.compactMap { sampler.state(of: $0) }
        #expect(states.map(\.pod.uid) == ["u-2", "u-1"])
        let state = try #require(states.last)
        #expect(state.pod.cpuNanoseconds == 77_000 && state.pod.usageBytes == 65_536)
        let containers = state.containers.sorted { $0.record.identity.containerID < $1.record.identity.containerID }
        #expect(containers.map(\.record.cpuNanoseconds) == [10_000, 25_000])
        #expect(containers.last?.record.workingSetBytes == 16_384)
        // What sweeps report is theirs.
        #expect(sampler.record(id(2))?.cpuNanoseconds == 20_000)
    }

    @Test(
        "a pod is read behind its containers, so that it never has less CPU time than they",
        arguments: FakeNode.Version.allCases)
    func order(_ version: FakeNode.Version) throws {
        let (node, _) = try node(version)
        let trace = SamplerTrace()
        let sampler = try NodeSampler(roots: node.roots(), trace: trace)
        _ = try sampler.sweep()
        trace.forgetReads()
        let live = try #require(sampler.livePods.first { $0.pod.uid == "u-1" })
        _ = try #require(sampler.state(of: live, []))
        let paths = trace.reads.map(\.path)
        let containers = paths.indices.filter {
            paths[$0].contains("/podu-1/\(id(1))/") || paths[$0].contains("/podu-1/\(id(2))/")
        }
        let first = try #require(paths.indices.first { paths[$0].contains("/podu-1/") && !containers.contains($0) })
        #expect(containers.count >= 4 && containers.allSatisfy { $0 < first }, "\(paths)")
    }

    @Test(
        "sweeps may come in between: what went away is not read, what came to a pod is",
        arguments: FakeNode.Version.allCases)
    func sweepInBetween(_ version: FakeNode.Version) throws {
        let (node, sampler) = try node(version)
        let pods = sampler.livePods
        node.removeCgroup("\(pod)/\(id(1))")
        node.removeCgroup("kubepods/podu-2")
        // Before the sampler knows.
        #expect(
            pods.compactMap { sampler.state(of: $0) }.flatMap(\.containers).map(\.record.identity.containerID) == [
                id(2)
            ])
        node.container("\(pod)/\(id(4))", cpu: 40)
        _ = try sampler.sweep()
        let states = pods.compactMap { sampler.state(of: $0) }
        #expect(states.map(\.pod.uid) == ["u-1"])
        #expect(states.flatMap(\.containers).map(\.record.identity.containerID).sorted() == [id(2), id(4)])
    }
}

@Suite("What a sampler counts of its reads")
struct ReadCountTests {
    private let pod = "kubepods/burstable/podu-1"

    @Test("errors are counted by number, what is gone apart from them", .enabled(if: geteuid() == 0))
    func errors() throws {
        let node = FakeNode(.v2)
        chmod(node.directory, 0o755)
        node.container("\(pod)/\(id(1))")
        node.container("\(pod)/\(id(2))")
        chmod(node.directory + "/cgroup/\(pod)/\(id(1))/cpu.stat", 0)
        node.remove("cgroup/\(pod)/\(id(2))/memory.current")
        let sampler = try node.sampler()
        _ = try asNobody { try sampler.sweep() }
        let statistics = sampler.statistics
        #expect(statistics.readErrorsByNumber.entries.map(\.name) == ["EACCES"])
        #expect(statistics.readErrorsByNumber.entries.map(\.count) == [1] && statistics.readErrors == 1)
        #expect(statistics.missing == 1)
    }

    @Test(
        "a container that goes is no error, and nothing is missing before it goes", arguments: FakeNode.Version.allCases
    )
    func gone(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container("\(pod)/\(id(1))")
        node.container("\(pod)/\(id(2))")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.statistics.missing == 0)
        node.removeCgroup("\(pod)/\(id(2))")
        _ = try sampler.sweep()
        #expect(sampler.statistics.readErrors == 0 && sampler.statistics.readErrorsByNumber.entries.isEmpty)
        #expect(sampler.statistics.vanished == 1)
    }

    @Test("bytes are those of the files")
    func bytes() throws {
        let node = FakeNode(.v2)
        node.container("\(pod)/\(id(1))")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        let first = sampler.statistics
        _ = try sampler.sweep()
        let second = sampler.statistics
        let files = second.filesRead - first.filesRead
        let bytes = second.bytesRead - first.bytesRead
        // Node: cpu.stat, memory.stat; container: cpu.stat, memory.stat, memory.current. The longest has 100 bytes.
        #expect((5...6).contains(files))
        #expect((80...600).contains(bytes), "\(bytes)")
    }

    @Test("more numbers than there are places share one")
    func manyNumbers() {
        var counts = ErrorCounts()
        for number in 1...40 as ClosedRange<Int32> { counts.add(number) }
        counts.add(2)
        counts.add(40)
        #expect(counts.entries.count == ErrorCounts.mostNumbers + 1)
        #expect(counts.entries[1].count == 2 && counts.entries[1].name == "ENOENT")
        #expect(counts.entries.last?.name == "other" && counts.entries.last?.count == 25)
        counts = ErrorCounts()
        counts.add(123_456)
        #expect(counts.entries.map(\.name) == ["123456"])
    }
}
