// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cgroups

@Suite("What is read only when somebody looks")
struct DetailsTests {
    private let pod = "kubepods/besteffort/pod1"

    private func node(_ version: FakeNode.Version) throws -> (FakeNode, NodeSampler, path: String) {
        let node = FakeNode(version)
        let path = "\(pod)/\(id(1))"
        node.container(path)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        return (node, sampler, path)
    }

    private func pressure(_ text: String) -> Pressure? { Pressure(text.utf8.span) }

    @Test("nothing is known of a container with only the three files but its anonymous memory")
    func bare() throws {
        var known = CgroupDetails()
        known.anonymousBytes = 1
        let unified = try node(.v2)
        let split = try node(.v1)
        #expect(unified.1.details(slot: 0) == known)
        #expect(split.1.details(slot: 0) == CgroupDetails())
        _ = (unified, split)
    }

    @Test("a slot without a container has none")
    func noContainer() throws {
        let (_, sampler, _) = try node(.v2)
        #expect(sampler.details(slot: 99) == CgroupDetails())
        #expect(sampler.details(slot: -1) == CgroupDetails())
    }

    @Test("v2: limits, throttling, swap, kills, pressure")
    func unified() throws {
        let (node, sampler, path) = try node(.v2)
        for (file, text) in [
            ("cpu.max", "25000 100000\n"), ("cpu.stat", Fixture.cpuStatV2), ("memory.max", "178257920\n"),
            ("memory.peak", "90000000\n"), ("memory.stat", Fixture.memoryStatV2), ("memory.swap.current", "4096\n"),
            ("memory.swap.max", "1048576\n"), ("memory.events", "low 0\nhigh 0\nmax 4\noom 2\noom_kill 1\n"),
            ("pids.current", "17\n"), ("cpu.pressure", Fixture.pressure),
            ("memory.pressure", "some avg10=1.00 avg60=2.00 avg300=3.00 total=4\n"),
        ] {
            node.write("cgroup/\(path)/\(file)", text)
        }
        var expected = CgroupDetails()
        expected.cpuLimitMillicores = 250
        expected.periods = 120
        expected.throttledPeriods = 3
        expected.throttledNanoseconds = 45_678_000
        expected.memoryLimitBytes = 178_257_920
        expected.memoryPeakBytes = 90_000_000
        expected.anonymousBytes = 15_269_888
        expected.swapBytes = 4096
        expected.swapLimitBytes = 1_048_576
        expected.outOfMemoryKills = 1
        expected.processes = 17
        expected.cpuPressure = Pressure(
            some: .init(average10: 1234, average60: 205, average300: 10_000, totalMicroseconds: 98_765_432_101),
            full: .init(average10: 0, average60: 1, average300: 10, totalMicroseconds: 7))
        expected.memoryPressure = Pressure(
            some: .init(average10: 100, average60: 200, average300: 300, totalMicroseconds: 4))
        #expect(sampler.details(slot: 0) == expected)
    }

    @Test("v1: limits, throttling, swap, kills")
    func split() throws {
        let (node, sampler, path) = try node(.v1)
        for (file, text) in [
            ("cpu/\(path)/cpu.cfs_quota_us", "25000\n"), ("cpu/\(path)/cpu.cfs_period_us", "100000\n"),
            ("cpu/\(path)/cpu.stat", "nr_periods 9\nnr_throttled 4\nthrottled_time 12345678\n"),
            ("memory/\(path)/memory.limit_in_bytes", "178257920\n"),
            ("memory/\(path)/memory.max_usage_in_bytes", "90000000\n"),
            ("memory/\(path)/memory.stat", Fixture.memoryStatV1.replacingOnce("total_swap 0", by: "total_swap 8192")),
            ("memory/\(path)/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 5\n"),
        ] {
            node.write("cgroup/\(file)", text)
        }
        // The cpu tree was not there when the first sampler looked at the mounts.
        let other = try node.sampler()
        _ = try other.sweep()
        var expected = CgroupDetails()
        expected.cpuLimitMillicores = 250
        expected.periods = 9
        expected.throttledPeriods = 4
        expected.throttledNanoseconds = 12_345_678
        expected.memoryLimitBytes = 178_257_920
        expected.memoryPeakBytes = 90_000_000
        expected.anonymousBytes = 14_598_144
        expected.swapBytes = 8192
        expected.outOfMemoryKills = 5
        #expect(other.details(slot: 0) == expected)
        _ = sampler
    }

    @Test("no limit is nil, not a number", arguments: FakeNode.Version.allCases)
    func unlimited(_ version: FakeNode.Version) throws {
        let (node, _, path) = try node(version)
        switch version {
        case .v2:
            node.write("cgroup/\(path)/memory.max", "max\n")
            node.write("cgroup/\(path)/memory.swap.max", "max\n")
            node.write("cgroup/\(path)/cpu.max", "max 100000\n")
        case .v1:
            node.write("cgroup/memory/\(path)/memory.limit_in_bytes", "9223372036854771712\n")
            node.write("cgroup/cpu/\(path)/cpu.cfs_quota_us", "-1\n")
            node.write("cgroup/cpu/\(path)/cpu.cfs_period_us", "100000\n")
        }
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        let details = sampler.details(slot: 0)
        #expect(details.memoryLimitBytes == nil)
        #expect(details.swapLimitBytes == nil)
        #expect(details.cpuLimitMillicores == nil)
    }

    @Test(
        "what is no pressure file is none",
        arguments: [
            "", "some", "some avg10=0.00", "some avg10=x avg60=0.00 avg300=0.00 total=0",
            "some avg10=0.0 avg60=0.00 avg300=0.00 total=0", "some avg10=101.00 avg60=0.00 avg300=0.00 total=0",
            "some avg10=0.00 avg60=0.00 avg300=0.00 total=99999999999999999999999",
            "full avg10=0.00 avg60=0.00 avg300=0.00 total=0",
        ])
    func malformedPressure(_ text: String) {
        #expect(pressure(text) == nil)
    }

    @Test("a pod's own cgroup is read, with what is in no container", arguments: FakeNode.Version.allCases)
    func pods(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container("\(pod)/\(id(1))", cpu: 10, usage: 4096, inactive: 0)
        node.container(pod, cpu: 30, usage: 12_288, inactive: 4096)
        node.container("kubepods/pod2", cpu: 7, usage: 1, inactive: 2)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        let pods = sampler.readPods().sorted { $0.uid < $1.uid }
        #expect(pods.map(\.uid) == ["1", "2"])
        #expect(pods.map(\.qos) == [.bestEffort, .guaranteed])
        #expect(pods.map(\.cpuNanoseconds) == [30_000, 7000])
        #expect(pods.map(\.usageBytes) == [12_288, 1])
        #expect(pods.map(\.workingSetBytes) == [8192, 0])
        #expect(pods.allSatisfy { $0.bootTimeNanoseconds > 0 && $0.startTimeUnixNanoseconds > 0 })
        #expect(pods[0].path == pod)
    }

    @Test("only the parts that are asked for are read", arguments: FakeNode.Version.allCases)
    func parts(_ version: FakeNode.Version) throws {
        let (node, sampler, path) = try node(version)
        for (file, text) in [
            ("memory.max", "4096\n"), ("memory.peak", "8192\n"), ("memory.limit_in_bytes", "4096\n"),
            ("memory.max_usage_in_bytes", "8192\n"),
        ] {
            node.write(version == .v2 ? "cgroup/\(path)/\(file)" : "cgroup/memory/\(path)/\(file)", text)
        }
        var expected = CgroupDetails()
        #expect(sampler.details(path: path, []) == expected)
        expected.memoryLimitBytes = 4096
        let before = sampler.statistics.filesRead
        #expect(sampler.details(path: path, .memoryLimit) == expected)
        #expect(sampler.statistics.filesRead == before + 1)
        expected.memoryPeakBytes = 8192
        #expect(sampler.details(path: path, [.memoryLimit, .memoryPeak]) == expected)
    }

    @Test("all pods together are the kubepods root")
    func kubepods() throws {
        let (node, sampler, _) = try node(.v2)
        node.write("cgroup/kubepods/memory.swap.current", "4096\n")
        #expect(sampler.kubepodsDetails(.swap).swapBytes == 4096)
        #expect(sampler.kubepodsDetails(.pressure) == CgroupDetails())
    }

    @Test("the node's kills are known where the kernel counts them")
    func kills() throws {
        let (node, sampler, _) = try node(.v2)
        #expect(sampler.readOutOfMemoryKills() == nil)
        node.write("proc/vmstat", "nr_free_pages 1\noom_kill 12\nnuma_hit 3\n")
        #expect(sampler.readOutOfMemoryKills() == 12)
    }

    @Test("without the memory a pod costs one file", arguments: FakeNode.Version.allCases)
    func podsWithoutMemory(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container(pod, cpu: 30, usage: 12_288, inactive: 4096)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        let before = sampler.statistics.filesRead
        let pods = sampler.readPods(memory: false)
        #expect(sampler.statistics.filesRead == before + 1)
        #expect(pods.map(\.cpuNanoseconds) == [30_000])
        #expect(pods[0].usageBytes == nil && pods[0].workingSetBytes == nil && pods[0].bootTimeNanoseconds > 0)
    }

    @Test("a pod whose files cannot be read is listed without figures")
    func podWithoutFiles() throws {
        let node = FakeNode(.v2)
        node.make("cgroup/\(pod)")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        let pods = sampler.readPods()
        #expect(pods.count == 1)
        #expect(pods.first?.cpuNanoseconds == nil)
        #expect(pods.first?.workingSetBytes == nil)
    }
}

extension String {
    /// The same with the first `text` replaced.
    fileprivate func replacingOnce(_ text: String, by other: String) -> String {
        guard let found = firstRange(of: text) else { return self }
        return String(self[..<found.lowerBound]) + other + String(self[found.upperBound...])
    }

    private func firstRange(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
