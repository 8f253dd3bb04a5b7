// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import Glibc
import Testing

@testable import NodeAgent

@Suite("What agent --doctor thinks of a node")
struct NodeCheckTests {
    private func container(_ number: Int, start: Int64 = 0, named: Bool = false) -> ContainerRecord {
        ContainerRecord(
            identity: .init(podUID: "u", containerID: id(number), inode: 1, qos: .burstable, path: "p"),
            role: named ? .app : .pending,
            name: named
                ? ContainerName(namespace: "n", pod: "p", container: "c", restartCount: 0, source: .logLink) : nil,
            startTimeUnixNanoseconds: start, cpuNanoseconds: 1, usageBytes: 1, workingSetBytes: 1)
    }

    private func look(_ containers: [ContainerRecord]) -> NodeLook {
        NodeLook(bootID: "b", containers: containers)
    }

    @Test("a container may be without a name for ten seconds")
    func names() throws {
        let now: Int64 = 1_000_000_000_000
        func names(_ containers: [ContainerRecord]) throws -> Finding {
            try PodsCheck.run(look(containers), ownUID: "", now: now).finding("names")
        }
        #expect(try names([container(1, named: true), container(2, start: now - 9_000_000_000)]).verdict == .ok)
        let late = try names([container(1, named: true), container(2, start: now - 11_000_000_000)])
        #expect(late.verdict == .warn && late.found.hasPrefix("1 of 2 containers"))
        #expect(late.fix == ["agent --explain \(id(2).prefix(12))"])
        #expect(try names([]).verdict == .warn)
    }

    @Test("who can read the log directories is in group 0, or root")
    func user() throws {
        let logs = NodeLogs(at: "/nonexistent")
        func user(_ uid: uid_t, _ gids: [gid_t]) throws -> Finding {
            try AccessCheck.run(SamplerTrace(), logs: logs, uid: uid, gids: gids).finding("user")
        }
        #expect(try user(0, [5]).verdict == .ok && user(65_532, [65_532, 0]).verdict == .ok)
        #expect(try user(65_532, [65_532]).verdict == .warn)
    }

    @Test("memory.stat is slow from 5 ms on in one read of a hundred; other files are only told")
    func timing() {
        let fast = [UInt64](repeating: 10_000, count: 99)
        #expect(TimingCheck.judge("memory.stat", fast + [90_000_000]).verdict == .ok)
        let slow = TimingCheck.judge("memory.stat", fast.dropLast(1) + [6_000_000, 6_000_000])
        #expect(slow.verdict == .warn && slow.found == "p50 10.0 us, p99 6000.0 us of 100 reads")
        #expect(TimingCheck.judge("cpu.stat", [6_000_000]).verdict == .ok)
        #expect(TimingCheck.percentile(50, of: [1, 2, 3, 4]) == 2 && TimingCheck.percentile(99, of: [1]) == 1)
        #expect(TimingCheck.percentile(99, of: []) == 0)
    }

    @Test("open files are counted against the limit")
    func openFiles() throws {
        let many = look((0..<100).map { container($0) })
        func verdict(_ limit: UInt64) throws -> Finding.Verdict {
            try ResourceCheck.run(many, limit: limit).finding("open files").verdict
        }
        #expect(try verdict(1_024) == .ok && verdict(200) == .warn && verdict(100) == .fail)
    }

    @Test("a wall clock that was never set, and one behind the kubelet's links")
    func clock() {
        let now = ClockCheck.earliest + 1
        #expect(ClockCheck.judge(now: now, newestLink: nil).verdict == .ok)
        #expect(ClockCheck.judge(now: 5, newestLink: nil).verdict == .fail)
        #expect(ClockCheck.judge(now: now, newestLink: now + 9_000_000_000).verdict == .ok)
        #expect(ClockCheck.judge(now: now, newestLink: now + 11_000_000_000).verdict == .warn)
    }
}

/// In the kernel's own v1 trees, below a directory of this value's own.
private final class KernelPod {
    static let trees = ["memory", "cpuacct"].map { "/sys/fs/cgroup/\($0)" }
    static let obstacle: String? = {
        for tree in trees {
            let probe = "\(tree)/mp-doctor-probe-\(getpid())"
            guard mkdir(probe, 0o755) == 0 else { return "\(probe) cannot be made; needs root and cgroup v1" }
            rmdir(probe)
        }
        return nil
    }()

    let name = "mp-doctor-test-\(getpid())"
    private let parts = ["kubepods", "podu-1", id(1)]

    init() {
        for tree in Self.trees {
            var made = "\(tree)/\(name)"
            mkdir(made, 0o755)
            for part in parts {
                made += "/" + part
                mkdir(made, 0o755)
            }
        }
    }

    deinit {
        for tree in Self.trees {
            for count in (0...parts.count).reversed() {
                rmdir("\(tree)/\(name)/" + parts.prefix(count).joined(separator: "/"))
            }
        }
    }
}

@Suite(
    "agent --doctor on the running kernel",
    .enabled(if: KernelPod.obstacle == nil, Comment(rawValue: KernelPod.obstacle ?? "")))
struct KernelDoctorTests {
    @Test("the mounts are the kernel's, and each file is timed")
    func timed() throws {
        let pod = KernelPod()
        var options = AgentOptions()
        options.kubepodsRoot = pod.name + "/kubepods"
        options.logRoot = "/nonexistent"
        let found = AgentDoctor.findings(options)
        #expect(try found.finding("cgroups").verdict == .ok)
        for file in ["cpuacct.usage", "memory.usage_in_bytes", "memory.stat"] {
            let time = try found.finding("time: \(file)")
            #expect(time.found.hasPrefix("p50 ") && time.found.hasSuffix(" reads"))
        }
        let gone = try found.finding("gone cgroups").found
        #expect(gone.contains("removed ones are still accounted for, ") && gone.hasSuffix(" directories"), "\(gone)")
    }
}
