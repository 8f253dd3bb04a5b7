// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Cgroups

private let pod = "kubepods/burstable/podu-1"

/// One thread's filesystem permissions are another user's, for as long as `body` runs (it may not suspend).
@_silgen_name("setfsuid") private func setfsuid(_ user: UInt32) -> Int32

func asNobody<Value>(_ body: () throws -> Value) rethrows -> Value {
    _ = setfsuid(65534)
    defer { _ = setfsuid(geteuid()) }
    return try body()
}

@Suite("Sweeps")
struct SweepTests {
    @Test("an unchanged node changes nothing and lists nothing", arguments: FakeNode.Version.allCases)
    func steady(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        for number in 0..<5 { node.container("\(pod)/\(id(number))") }
        node.link(pod: "web", container: "app", id: id(0), uid: "u-1")
        let sampler = try node.sampler()
        #expect(try sampler.sweep().appeared == [0, 1, 2, 3, 4])
        let before = sampler.statistics
        let changes = try sampler.sweep()
        #expect(changes.isEmpty)
        #expect(sampler.statistics.directoriesListed == before.directoriesListed)
        // Three of each container and two or three of the node.
        #expect((17...18).contains(sampler.statistics.filesRead - before.filesRead))
        #expect(sampler.statistics.sweeps == 2)
        #expect(changes.realTimeNanoseconds > 1_600_000_000_000_000_000)
    }

    @Test("values follow the files", arguments: FakeNode.Version.allCases)
    func values(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container("\(pod)/\(id(1))", cpu: 10, usage: 100, inactive: 30)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        let first = try #require(sampler.record(id(1)))
        node.container("\(pod)/\(id(1))", cpu: 25, usage: 200, inactive: 200)
        _ = try sampler.sweep()
        let second = try #require(sampler.record(id(1)))
        #expect(first.cpuNanoseconds == 10_000)
        #expect(first.workingSetBytes == 70)
        #expect(second.cpuNanoseconds == 25_000)
        #expect(second.usageBytes == 200)
        #expect(second.workingSetBytes == 0)
        #expect(second.bootTimeNanoseconds > first.bootTimeNanoseconds)
    }

    @Test(
        "more inactive file than usage is a working set of 0; a negative usage is 0",
        arguments: FakeNode.Version.allCases)
    func clamps(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container("\(pod)/\(id(1))", usage: 100, inactive: 101)
        node.container("\(pod)/\(id(2))")
        switch version {
        case .v2: node.write("cgroup/\(pod)/\(id(2))/memory.current", "-4096\n")
        case .v1: node.write("cgroup/memory/\(pod)/\(id(2))/memory.usage_in_bytes", "-4096\n")
        }
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(id(1))?.workingSetBytes == 0)
        #expect(sampler.record(id(2))?.usageBytes == 0)
        #expect(sampler.record(id(2))?.workingSetBytes == 0)
    }

    @Test("a file that makes no sense costs that value only, and is counted")
    func malformed() throws {
        let node = FakeNode(.v2)
        node.container("\(pod)/\(id(1))")
        node.container("\(pod)/\(id(2))")
        node.write("cgroup/\(pod)/\(id(1))/cpu.stat", "garbage\n")
        node.write("cgroup/\(pod)/\(id(2))/memory.stat", "")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(id(1))?.cpuNanoseconds == nil)
        #expect(sampler.record(id(1))?.workingSetBytes == 4096)
        #expect(sampler.record(id(2))?.cpuNanoseconds == 1_000_000)
        #expect(sampler.record(id(2))?.usageBytes == 8192)
        #expect(sampler.record(id(2))?.workingSetBytes == nil)
        #expect(sampler.statistics.parseErrors == 2)
        #expect(sampler.statistics.readErrors == 0)
    }

    @Test(
        "a container that comes is seen and read in the same sweep, and is born", arguments: FakeNode.Version.allCases)
    func appears(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container("\(pod)/\(id(1))")
        let sampler = try node.sampler()
        let first = try sampler.sweep()
        #expect(sampler.record(id(1))?.wasBorn == false)

        node.container("\(pod)/\(id(2))", cpu: 5)
        node.container("kubepods/podu-2/\(id(3))", cpu: 6)
        node.container("kubepods/besteffort/podu-3/\(id(4))", cpu: 7)
        let second = try sampler.sweep()
        #expect(second.vanished.isEmpty)
        #expect(second.appeared == [1, 2, 3])
        for (number, cpu) in [(2, 5000), (3, 6000), (4, 7000)] as [(Int, UInt64)] {
            let record = try #require(sampler.record(id(number)))
            #expect(record.cpuNanoseconds == cpu)
            #expect(record.wasBorn)
            let start = try #require(record.startTimeUnixNanoseconds)
            #expect(start >= first.realTimeNanoseconds)
            #expect(start <= record.startTimeUnixNanoseconds ?? 0)
        }
        #expect(sampler.record(id(4))?.identity.qos == .bestEffort)
    }

    @Test("a born container's start is not before the sweep before, whatever the directory's time says")
    func startIsBounded() throws {
        let node = FakeNode(.v2)
        node.makeCgroup(pod)
        let sampler = try node.sampler()
        let first = try sampler.sweep()
        node.container("\(pod)/\(id(1))")
        node.container("\(pod)/\(id(2))")
        let past = timespec(tv_sec: 1_000_000_000, tv_nsec: 0)
        let future = timespec(tv_sec: 4_000_000_000, tv_nsec: 0)
        utimensat(AT_FDCWD, node.directory + "/cgroup/\(pod)/\(id(1))", [past, past], 0)
        utimensat(AT_FDCWD, node.directory + "/cgroup/\(pod)/\(id(2))", [future, future], 0)
        let second = try sampler.sweep()
        #expect(sampler.record(id(1))?.startTimeUnixNanoseconds == first.realTimeNanoseconds)
        let later = try #require(sampler.record(id(2))?.startTimeUnixNanoseconds)
        #expect(later >= second.realTimeNanoseconds && later < second.realTimeNanoseconds + 10_000_000_000)
    }

    @Test(
        "a container that goes is reported once, and its slot is the next one's", arguments: FakeNode.Version.allCases)
    func vanishes(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        for number in 0..<4 { node.container("\(pod)/\(id(number))") }
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        let gone = sampler.slots.indices.filter {
            sampler.slots[$0].map { [id(1), id(2)].contains($0.identity.containerID) } ?? false
        }
        node.removeCgroup("\(pod)/\(id(1))")
        node.removeCgroup("\(pod)/\(id(2))")
        let second = try sampler.sweep()
        #expect(second.vanished.sorted() == gone)
        #expect(second.appeared.isEmpty)
        #expect(try sampler.sweep().isEmpty)
        #expect(sampler.statistics.vanished == 2)
        #expect(sampler.statistics.readErrors == 0)

        node.container("\(pod)/\(id(9))")
        #expect(try sampler.sweep().appeared == [gone[0]])
        #expect(sampler.slots[gone[0]]?.identity.containerID == id(9))
    }

    @Test("one goes and one comes between two sweeps", arguments: FakeNode.Version.allCases)
    func replaced(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container("\(pod)/\(id(1))")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        node.removeCgroup("\(pod)/\(id(1))")
        node.container("\(pod)/\(id(2))", cpu: 3)
        let changes = try sampler.sweep()
        #expect(changes.vanished == [0])
        #expect(changes.appeared == [0])
        #expect(sampler.slots.count == 1)
        #expect(sampler.record(id(2))?.cpuNanoseconds == 3000)
        #expect(sampler.record(id(2))?.wasBorn == true)
    }

    @Test(
        "the same path made anew is another container", arguments: FakeNode.Version.allCases,
        ["\(pod)/\(id(1))", pod, "kubepods/burstable", "kubepods"])
    func recreated(_ version: FakeNode.Version, _ path: String) throws {
        let node = FakeNode(version)
        node.container("\(pod)/\(id(1))", cpu: 100)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        let old = try #require(sampler.record(id(1)))
        node.removeCgroup(path)
        node.container("\(pod)/\(id(1))", cpu: 200)
        let changes = try sampler.sweep()
        #expect(changes.vanished == [0])
        #expect(changes.appeared == [0])
        let new = try #require(sampler.record(id(1)))
        #expect(new.identity.inode != old.identity.inode)
        #expect(new.cpuNanoseconds == 200_000)
        #expect(new.wasBorn == (path != "kubepods"))
        #expect(try sampler.sweep().isEmpty)
    }

    @Test("a counter that goes back is another container", arguments: FakeNode.Version.allCases)
    func counterGoesBack(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container("\(pod)/\(id(1))", cpu: 100)
        node.container("\(pod)/\(id(2))", cpu: 100)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        let slot = try #require(sampler.slots.firstIndex { $0?.identity.containerID == id(1) })
        node.container("\(pod)/\(id(1))", cpu: 99)
        let changes = try sampler.sweep()
        #expect(changes.vanished == [slot])
        #expect(changes.appeared == [slot])
        #expect(sampler.record(id(1))?.cpuNanoseconds == 99_000)
        #expect(sampler.record(id(1))?.wasBorn == false)
        #expect(try sampler.sweep().isEmpty)
    }

    @Test("pods and classes come and go", arguments: FakeNode.Version.allCases)
    func pods(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container("\(pod)/\(id(1))")
        node.container("kubepods/podu-2/\(id(2))")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        node.removeCgroup("kubepods/burstable")
        let second = try sampler.sweep()
        #expect(second.vanished.count == 1)
        #expect(sampler.record(id(2)) != nil)
        node.container("\(pod)/\(id(1))")
        #expect(try sampler.sweep().appeared.count == 1)
        node.removeCgroup("kubepods/podu-2")
        #expect(try sampler.sweep().vanished.count == 1)
        #expect(sampler.containers.map(\.identity.containerID) == [id(1)])
    }

    @Test(
        "without the kubepods root the node is still read, and the root is found when it comes back",
        arguments: FakeNode.Version.allCases)
    func rootIsGone(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        for number in 0..<3 { node.container("\(pod)/\(id(number))") }
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        node.removeCgroup("kubepods")
        #expect(try sampler.sweep().vanished.sorted() == [0, 1, 2])
        #expect(sampler.kubepodsProblem?.code == .noKubepods)
        for _ in 0..<3 { #expect(try sampler.sweep().isEmpty) }
        #expect(sampler.node.cpuNanoseconds == 5_000_000_000)

        let slice = "kubepods.slice/kubepods-podu_1.slice/cri-containerd-\(id(7)).scope"
        node.container(slice)
        #expect(try sampler.sweep().appeared == [0])
        #expect(sampler.kubepodsProblem == nil)
        #expect(sampler.driver == .systemd)
        #expect(sampler.kubepodsPath.hasSuffix("/kubepods.slice"))
        #expect(sampler.record(id(7))?.wasBorn == false)
    }

    @Test("one that comes and goes between two reports leaves no trace")
    func unreported() {
        var slots = Slots()
        let record = ContainerRecord(
            identity: ContainerIdentity(podUID: "u", containerID: "c", inode: 1, qos: .burstable, path: "p"),
            role: .pending)
        #expect(slots.add(record) == 0)
        slots.remove(0)
        #expect(slots.changes.isEmpty)
        _ = slots.add(record)
        slots.startReport()
        slots.remove(0)
        _ = slots.add(record)
        slots.rename(0) { $0.role = .app }
        #expect(slots.changes.vanished == [0])
        #expect(slots.changes.appeared == [0])
        #expect(slots.changes.renamed.isEmpty)
        slots.remove(0)
        #expect(slots.changes.vanished == [0])
        #expect(slots.changes.appeared.isEmpty)
        slots.remove(0)
        slots.remove(17)
        #expect(slots.changes.vanished == [0])
    }

    @Test("one container that may not be read is counted, all of them are an error", .enabled(if: geteuid() == 0))
    func permissions() throws {
        let node = FakeNode(.v2)
        chmod(node.directory, 0o755)
        node.container("\(pod)/\(id(1))")
        node.container("\(pod)/\(id(2))")
        for file in ["cpu.stat", "memory.stat", "memory.current"] {
            chmod(node.directory + "/cgroup/\(pod)/\(id(1))/\(file)", 0)
        }
        let sampler = try node.sampler()
        let first = try asNobody { try sampler.sweep() }
        #expect(first.appeared == [0, 1])
        #expect(sampler.record(id(1))?.cpuNanoseconds == nil)
        #expect(sampler.record(id(2))?.cpuNanoseconds == 1_000_000)
        #expect(sampler.statistics.readErrors == 3)

        for file in ["cpu.stat", "memory.stat", "memory.current"] {
            chmod(node.directory + "/cgroup/\(pod)/\(id(2))/\(file)", 0)
        }
        node.container("\(pod)/\(id(3))")
        node.remove("cgroup/\(pod)/\(id(3))/cpu.stat")
        chmod(node.directory + "/cgroup/\(pod)/\(id(3))/memory.current", 0)
        chmod(node.directory + "/cgroup/\(pod)/\(id(3))/memory.stat", 0)
        var failure: CgroupError?
        do { _ = try asNobody { try sampler.sweep() } } catch let error as CgroupError { failure = error }
        #expect(failure?.code == .permissionDenied)
        #expect(failure?.errno == EACCES)
        #expect(failure?.description.contains("gid 0") == true)

        // What changed meanwhile is reported by the next sweep that succeeds.
        #expect(try sampler.sweep().appeared == [2])
    }

    @Test("a kubepods root that may not be listed is an error", .enabled(if: geteuid() == 0))
    func rootDenied() throws {
        let node = FakeNode(.v2)
        chmod(node.directory, 0o755)
        node.container("\(pod)/\(id(1))")
        let sampler = try node.sampler()
        chmod(node.directory + "/cgroup/kubepods", 0)
        #expect(throws: CgroupError.self) { try asNobody { try sampler.sweep() } }
        #expect(try sampler.sweep().appeared == [0])
    }
}

extension NodeSampler {
    /// Every container, and every look at the log directories, was this much earlier.
    func makeOlder(by nanoseconds: UInt64) {
        eliminatedAt = eliminatedAt.map { $0 &- nanoseconds }
        for pod in root?.groups.flatMap(\.pods) ?? [] {
            for container in pod.containers { container.firstSeen = container.firstSeen &- nanoseconds }
        }
    }
}
