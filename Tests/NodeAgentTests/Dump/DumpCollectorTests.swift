// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Testing

@testable import NodeAgent

/// From the files of a node to what a report says of them.
@Suite("What --dump reads of a node")
struct DumpCollectorTests {
    private let node = FixtureNode()
    private static let pod = "cgroup/\(FixtureNode.pod)"

    init() {
        node.container(id(1), cpu: 1_000, memory: 512)
        node.link(pod: "web", container: "app", id: id(1))
    }

    private func collector(_ change: (inout DumpOptions) -> Void = { _ in }) throws -> DumpCollector {
        var options = DumpOptions()
        change(&options)
        return DumpCollector(
            sampler: try NodeSampler(roots: node.roots), nodeName: "n", selection: try DumpSelection(options),
            options: options)
    }

    /// The pod's own three files.
    private func podFiles(cpu: UInt64, memory: UInt64) {
        node.write("\(Self.pod)/cpu.stat", "usage_usec \(cpu)\n")
        node.write("\(Self.pod)/memory.stat", "anon 1\ninactive_file 0\n")
        node.write("\(Self.pod)/memory.current", "\(memory * 1024)\n")
    }

    private func quota(_ path: String, periods: Int, throttled: Int) {
        node.write(
            "\(path)/cpu.stat",
            "usage_usec 2000\nnr_periods \(periods)\nnr_throttled \(throttled)\nthrottled_usec 5\n")
    }

    @Test("a pod's row is its cgroup, and what its containers leave of that is overhead")
    func pods() throws {
        podFiles(cpu: 5_000, memory: 700)
        let collector = try collector()
        try collector.begin()
        podFiles(cpu: 9_000, memory: 800)
        node.container(id(1), cpu: 2_000, memory: 600)
        // Both windows are of about this time, though the pod is read later than the container.
        pause(milliseconds: 100)
        let report = try collector.report()
        let pod = try #require(report.pods.first)
        #expect(report.pods.count == 1 && pod.uid == "u-1" && pod.qos == .burstable && pod.rows.count == 1)
        #expect(pod.name == DumpPod.PodName(namespace: "default", pod: "web"))
        #expect(pod.cgroup?.path == FixtureNode.pod && pod.cgroup?.inode ?? 0 > 0)
        #expect(pod.figures.cpuNanoseconds == 9_000_000 && pod.figures.workingSetBytes == 800 << 10)
        #expect(pod.overhead?.workingSetBytes == 200 << 10)
        let (whole, part) = (try #require(pod.figures.cpu), try #require(pod.rows[0].figures.cpu))
        #expect(whole.nanocores == scaled(4_000_000, by: 1_000_000_000, over: whole.windowNanoseconds))
        #expect(part.nanocores == scaled(1_000_000, by: 1_000_000_000, over: part.windowNanoseconds))
        #expect(pod.overhead?.cpuNanocores == whole.nanocores - min(whole.nanocores, part.nanocores))
        #expect(report.counts == DumpCounts(pods: 1, containers: 1, named: 1))
        #expect(report.nodeCPU?.nanocores == 0)
    }

    @Test("throttling is that between the two readings, of containers and of pods")
    func throttling() throws {
        let container = "\(Self.pod)/\(id(1))"
        quota(container, periods: 100, throttled: 50)
        quota(Self.pod, periods: 0, throttled: 0)
        let collector = try collector()
        try collector.begin()
        quota(container, periods: 110, throttled: 54)
        let pod = try #require(try collector.report().pods.first)
        #expect(pod.rows[0].figures.throttling == ThrottledPeriods(periods: 10, throttled: 4))
        #expect(pod.figures.throttling == nil)
    }

    @Test("a quota that is new is seen when watched")
    func newQuota() throws {
        let container = "\(Self.pod)/\(id(1))"
        quota(container, periods: 0, throttled: 0)
        let collector = try collector { $0.watches = true }
        try collector.begin()
        #expect(try collector.report().pods[0].rows[0].figures.throttling == nil)
        quota(container, periods: 10, throttled: 10)
        #expect(try collector.report().pods[0].rows[0].figures.throttling?.permille == 1000)
        #expect(try collector.report().pods[0].rows[0].figures.throttling?.periods == 0)
    }

    @Test("each report is compared with the one before; a container that is new has no mean yet")
    func again() throws {
        let collector = try collector { $0.watches = true }
        try collector.begin()
        #expect(try collector.report().pods[0].rows[0].figures.cpu?.nanocores == 0)
        node.container(id(2), cpu: 5, memory: 1)
        node.container(id(1), cpu: 3_000, memory: 512)
        let second = try collector.report().pods[0].rows
        #expect(second.map { $0.figures.cpu != nil }.filter(\.self).count == 1)
        #expect(second.compactMap { $0.figures.cpu?.nanocores }.allSatisfy { $0 > 0 })
        let third = try collector.report().pods[0].rows
        #expect(third.compactMap { $0.figures.cpu?.nanocores } == [0, 0])
    }

    @Test("since the start: one reading, and the counters over the age")
    func sinceStart() throws {
        podFiles(cpu: 50_000, memory: 700)
        quota("\(Self.pod)/\(id(1))", periods: 40, throttled: 10)
        let report = try collector { $0.sinceStart = true }.report()
        let pod = try #require(report.pods.first)
        for figures in [pod.figures, pod.rows[0].figures] {
            let age = try #require(figures.age(at: report.unixNanoseconds))
            #expect(figures.cpu == CPUMean(sinceStart: figures.cpuNanoseconds, age: age))
        }
        #expect(pod.rows[0].figures.throttling?.permille == 250)
        #expect(report.isSinceStart && report.nodeCPU?.windowNanoseconds == report.node.bootTimeNanoseconds)
    }

    @Test("a pod is as old as the oldest of its containers, whatever its directory says")
    func age() throws {
        node.write("log/pods/stamp", "")
        let collector = try collector()
        try collector.begin()
        let pod = try #require(try collector.report().pods.first)
        let starts = pod.rows.compactMap(\.figures.startTimeUnixNanoseconds)
        #expect(try #require(pod.figures.startTimeUnixNanoseconds) <= starts.min() ?? 0)
    }

    @Test("a pod without containers is printed, and asked for by name it is not")
    func emptyPod() throws {
        node.write("cgroup/kubepods/burstable/podu-9/cpu.stat", "usage_usec 1\n")
        #expect(try collector().report().pods.map(\.uid) == ["u-1", "u-9"])
        #expect(try collector { $0.podPattern = "." }.report().pods.map(\.uid) == ["u-1"])
        let counts = try collector { $0.namespace = "elsewhere" }.report().counts
        #expect(counts == DumpCounts(pods: 2, containers: 1, named: 1))
    }

    @Test("every format reads only what it shows")
    func files() throws {
        for (path, kills) in [("\(Self.pod)/\(id(1))", 3), ("cgroup/kubepods", 3)] {
            node.write("\(path)/memory.swap.current", "0\n")
            node.write("\(path)/memory.events", "oom 3\noom_kill \(kills)\n")
            node.write("\(path)/cpu.pressure", "some avg10=1.00 avg60=2.00 avg300=3.00 total=4\n")
            node.write("\(path)/memory.max", "1048576\n")
            node.write("\(path)/pids.current", "7\n")
        }
        func details(_ format: DumpFormat) throws -> CgroupDetails {
            try collector { $0.format = format }.report().pods[0].rows[0].figures.details
        }
        var table = CgroupDetails()
        table.outOfMemoryKills = 3
        table.memoryLimitBytes = 1 << 20
        table.cpuPressure = Pressure(
            some: .init(average10: 100, average60: 200, average300: 300, totalMicroseconds: 4))
        #expect(try details(.table) == table)
        var metrics = CgroupDetails()
        metrics.swapBytes = 0
        #expect(try details(.openmetrics) == metrics)
        let json = try details(.json)
        #expect(json.swapBytes == 0 && json.processes == 7 && json.outOfMemoryKills == 3 && json.anonymousBytes == 1)
        #expect(try details(.csv) == json)
        #expect(try details(.wide).processes == 7)
    }

    @Test("where nothing was killed since the boot no cgroup is asked")
    func noKills() throws {
        node.write("\(Self.pod)/\(id(1))/memory.events", "oom 0\noom_kill 9\n")
        node.write("proc/vmstat", "nr_free_pages 5\noom_kill 0\nzswpin 1\n")
        #expect(try collector().report().pods[0].rows[0].figures.details.outOfMemoryKills == 0)
        node.write("proc/vmstat", "nr_free_pages 5\noom_kill 1\n")
        #expect(try collector().report().pods[0].rows[0].figures.details.outOfMemoryKills == 9)
    }

    @Test("swap and pressure that all pods together do not have are read of none")
    func notThere() throws {
        node.write("\(Self.pod)/\(id(1))/memory.swap.current", "4096\n")
        node.write("\(Self.pod)/\(id(1))/io.pressure", "some avg10=1.00 avg60=2.00 avg300=3.00 total=4\n")
        let details = try collector { $0.format = .json }.report().pods[0].rows[0].figures.details
        #expect(details.swapBytes == nil && details.ioPressure == nil)
    }

    @Test("on v1 a pod's kills are those of its containers too")
    func splitKills() throws {
        node.remove("cgroup")
        let container = "\(FixtureNode.pod)/\(id(7))"
        for path in ["", container, FixtureNode.pod] {
            node.write("cgroup/memory/\(path)/memory.usage_in_bytes", "6000\n")
            node.write("cgroup/memory/\(path)/memory.stat", "total_inactive_file 2000\ntotal_swap 0\n")
            node.write("cgroup/cpuacct/\(path)/cpuacct.usage", "5000000000\n")
        }
        node.write("cgroup/memory/\(container)/memory.oom_control", "under_oom 0\noom_kill 2\n")
        node.write("cgroup/memory/\(FixtureNode.pod)/memory.oom_control", "under_oom 0\noom_kill 1\n")
        let pod = try #require(try collector().report().pods.first)
        #expect(pod.figures.details.outOfMemoryKills == 3 && pod.rows[0].figures.details.outOfMemoryKills == 2)
    }

    @Test("containers without a cgroup of their own are not given what is set for their pod")
    func virtualMachine() throws {
        node.remove("cgroup/kubepods")
        node.remove("log/containers/web_default_app-\(id(1)).log")
        podFiles(cpu: 9_000, memory: 64 << 10)
        node.make("\(Self.pod)/kata_\(id(9))")
        node.write("\(Self.pod)/memory.max", "\(128 << 20)\n")
        node.link(pod: "vm", container: "one", id: id(2))
        node.link(pod: "vm", container: "two", id: id(3))
        let collector = try collector { $0.format = .json }
        try collector.begin()
        let pod = try #require(try collector.report().pods.first)
        #expect(pod.figures.details.memoryLimitBytes == 128 << 20 && pod.name?.pod == "vm")
        #expect(pod.rows.map(\.displayName) == ["one", "two"])
        #expect(pod.rows.allSatisfy { $0.figures.details == CgroupDetails() })
        // One has all of it, so that nothing is left.
        #expect(Set(pod.rows.map(\.attribution)) == [.wholePod, .sibling])
        #expect(pod.overhead?.workingSetBytes == 0)
    }
}
