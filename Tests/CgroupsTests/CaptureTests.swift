// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Cgroups

@Suite("A capture of a node's files")
struct CaptureTests {
    private static let pod = "kubepods/burstable/podu-1"

    /// A pod with a sandbox, a named container and one without a name.
    private static func node(_ version: FakeNode.Version, accounting: String = "cpuacct") -> FakeNode {
        let node = FakeNode(version, accounting: accounting)
        let ids = node.byAge([id(1), id(2), id(3)], in: pod)
        node.container("\(pod)/\(ids[0])", cpu: 10, weight: 1)
        node.container("\(pod)/\(ids[1])", cpu: 2_000_000, usage: 1 << 26, weight: 100)
        node.container("\(pod)/\(ids[2])", cpu: 30, weight: 100)
        node.container(pod, cpu: 3_000_000, usage: 1 << 27)
        node.link(pod: "web", container: "nginx", id: ids[1], uid: "u-1", modified: 1_600_000_000)
        node.make("log/pods/default_web_u-1/nginx")
        return node
    }

    private static func capture(_ node: FakeNode, roots: NodeRoots? = nil) throws -> [CapturedEntry] {
        let capture = try NodeCapture(roots: roots ?? node.roots())
        capture.readEarlier()
        return try capture.entries()
    }

    @Test(
        "what is extracted is the same node, although inodes and their order are others",
        arguments: [(FakeNode.Version.v2, "cpuacct"), (.v1, "cpuacct"), (.v1, "cpu,cpuacct")])
    func sameNode(_ version: FakeNode.Version, _ accounting: String) throws {
        let node = Self.node(version, accounting: accounting)
        let live = try node.sampler()
        _ = try live.sweep()
        _ = try live.sweep()
        // The last first, so that their order is another one than on the node.
        let place = Extracted(try Self.capture(node).reversed())
        let copy = try NodeSampler(roots: place.roots)
        _ = try copy.sweep()
        _ = try copy.sweep()
        #expect(copy.mode == live.mode && copy.driver == live.driver && copy.bootID == live.bootID)
        #expect(copy.capacity == live.capacity)
        #expect(copy.containers.count == 3)
        for record in live.containers {
            let other = try #require(copy.record(record.identity.containerID))
            #expect(other.identity == record.identity && other.role == record.role && other.name == record.name)
            #expect(other.cpuNanoseconds == record.cpuNanoseconds && other.cpuNanoseconds != nil)
            #expect(other.usageBytes == record.usageBytes && other.workingSetBytes == record.workingSetBytes)
            #expect(other.startTimeUnixNanoseconds == record.startTimeUnixNanoseconds)
        }
        #expect(copy.containers.count { $0.role == .sandbox } == 1)
        let (pod, original) = (try #require(copy.readPods().first), try #require(live.readPods().first))
        #expect(pod.inode == original.inode && pod.cpuNanoseconds == original.cpuNanoseconds)
        #expect(pod.startTimeUnixNanoseconds == original.startTimeUnixNanoseconds)
        #expect(copy.node.cpuNanoseconds == live.node.cpuNanoseconds)
        #expect(copy.node.workingSetBytes == live.node.workingSetBytes && copy.node.workingSetBytes != nil)
    }

    @Test("two sweeps of it are the two readings, a node's own time apart, and later ones stay at the second")
    func readings() throws {
        let node = Self.node(.v2)
        let path = "\(Self.pod)/\(id(2))"
        let capture = try NodeCapture(roots: node.roots())
        capture.readEarlier()
        node.container(path, cpu: 2_250_000)
        node.write("cgroup/cpu.stat", "usage_usec 5500000\n")
        let place = Extracted(try capture.entries())
        let copy = try NodeSampler(roots: place.roots)
        _ = try copy.sweep()
        let first = try #require(copy.record(id(2)))
        let firstNode = copy.node
        _ = try copy.sweep()
        let second = try #require(copy.record(id(2)))
        #expect(first.cpuNanoseconds != second.cpuNanoseconds && second.cpuNanoseconds == 2_250_000_000)
        #expect(first.bootTimeNanoseconds < second.bootTimeNanoseconds)
        #expect(firstNode.cpuNanoseconds == 5_000_000_000 && copy.node.cpuNanoseconds == 5_500_000_000)
        #expect(firstNode.bootTimeNanoseconds < copy.node.bootTimeNanoseconds)
        let changes = try copy.sweep()
        let third = try #require(copy.record(id(2)))
        #expect(third.cpuNanoseconds == second.cpuNanoseconds)
        #expect(third.bootTimeNanoseconds == second.bootTimeNanoseconds && changes.isEmpty)
    }

    @Test("a container that the earlier reading did not have has no CPU time in the first sweep, rather than the same")
    func bornBetween() throws {
        let node = Self.node(.v2)
        let capture = try NodeCapture(roots: node.roots())
        capture.readEarlier()
        node.container("\(Self.pod)/\(id(9))", cpu: 77)
        let place = Extracted(try capture.entries())
        let copy = try NodeSampler(roots: place.roots)
        _ = try copy.sweep()
        #expect(try #require(copy.record(id(9))).cpuNanoseconds == nil)
        _ = try copy.sweep()
        #expect(try #require(copy.record(id(9))).cpuNanoseconds == 77_000)
    }

    @Test("every file that details are read from comes along", arguments: FakeNode.Version.allCases)
    func details(_ version: FakeNode.Version) throws {
        let node = Self.node(version)
        let path = "\(Self.pod)/\(id(2))"
        for (file, text) in version == .v2 ? Fixture.detailsV2 : Fixture.detailsV1 {
            let tree = version == .v2 ? "" : file.hasPrefix("cpu.") ? "cpu/" : "memory/"
            node.write("cgroup/\(tree)\(path)/\(file)", text)
        }
        let live = try node.sampler()
        _ = try live.sweep()
        let expected = live.details(path: path)
        let isKnown = Mirror(reflecting: expected).children.map { "\($0.value)" != "nil" }
        // v1 has no pressure, no count of processes and no limit of swap alone.
        #expect(isKnown.count { !$0 } == (version == .v2 ? 0 : 5), "\(expected)")
        let capture = try NodeCapture(roots: node.roots())
        capture.readEarlier()
        let file = version == .v2 ? "cgroup/\(path)/cpu.stat" : "cgroup/cpu/\(path)/cpu.stat"
        let usage = version == .v2 ? "usage_usec 2000000\n" : ""
        let key = version == .v2 ? "throttled_usec 1000" : "throttled_time 1000000"
        node.write(file, usage + "nr_periods 500\nnr_throttled 400\n\(key)\n")
        let place = Extracted(try capture.entries())
        let copy = try NodeSampler(roots: place.roots)
        _ = try copy.sweep()
        #expect(copy.details(path: path) == expected)
        _ = try copy.sweep()
        var later = expected
        later.periods = 500
        later.throttledPeriods = 400
        later.throttledNanoseconds = 1_000_000
        #expect(copy.details(path: path) == later)
    }

    @Test("containers outside of their pods' cgroups come along, and nothing else of those places")
    func strays() throws {
        let node = FakeNode(.v2)
        node.make("cgroup/kubepods.slice/kubepods-burstable.slice")
        let name = "kubepods-burstable-podu_1.slice:cri-containerd:"
        let places = ["", "system.slice/containerd.service/"].map { $0 + name }
        for (number, place) in places.enumerated() { node.container(place + id(number), cpu: 5, weight: 100) }
        node.container("system.slice/containerd.service/other", cpu: 7)
        let live = try node.sampler()
        _ = try live.sweep()
        let entries = try Self.capture(node)
        #expect(!entries.contains { $0.path.contains("other") })
        let place = Extracted(entries)
        let copy = try NodeSampler(roots: place.roots)
        _ = try copy.sweep()
        _ = try copy.sweep()
        #expect(copy.containers.map(\.identity.containerID).sorted() == [id(0), id(1)])
        for record in live.containers { #expect(copy.record(record.identity.containerID)?.identity == record.identity) }
        #expect(copy.containers.allSatisfy { $0.cpuNanoseconds == 5_000 })
    }

    @Test("nothing else is in it", arguments: FakeNode.Version.allCases)
    func nothingElse(_ version: FakeNode.Version) throws {
        let node = Self.node(version)
        let secret = "a-secret-that-stays"
        let tree = version == .v2 ? "" : "memory/"
        for path in [
            "proc/1/environ", "proc/1/cmdline", "proc/self/environ", "proc/cmdline", "proc/kmsg",
            "cgroup/\(tree)secret",
            "cgroup/\(tree)\(Self.pod)/\(id(2))/cgroup.procs",
            "cgroup/\(tree)\(Self.pod)/\(id(2))/deeper/memory.current",
            "cgroup/\(tree)system.slice/x.service/memory.current", "log/syslog", "log/containers/plain.log",
            "log/pods/default_web_u-1/nginx/0.log", "log/pods/default_web_u-1/secret.txt", "log/pods/not a pod/x",
            "log/pods/default_web_u-1/nginx/\(secret)/x",
        ] {
            node.write(path, secret)
        }
        node.rawLink("readme.txt", to: "/\(secret)")
        node.write(
            "proc/self/mounts",
            "//nas/\(secret) /mnt cifs rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\nx /y\n\nproc /proc proc rw 0 0\n")
        let entries = try Self.capture(node)
        for entry in entries {
            #expect(!entry.path.contains(secret))
            switch entry.content {
            case .directory: continue
            case .link(let target): #expect(!target.contains(secret))
            case .file(let bytes):
                #expect(!String(decoding: bytes, as: UTF8.self).contains(secret), "\(entry.path)")
                let name = entry.path.split(separator: "/").last.map(String.init) ?? ""
                let place = entry.path.split(separator: "/").first.map(String.init) ?? ""
                let known =
                    place == "sys"
                    ? CapturedFiles.unified + CapturedFiles.unifiedRoot + CapturedFiles.memory
                        + CapturedFiles.accounting + CapturedFiles.cpu + [CgroupFacts.fileName]
                    : place == "proc"
                        ? CapturedFiles.proc.map { String($0.split(separator: "/").last ?? "") }
                        : [CgroupFacts.fileName]
                #expect(known.contains(name), "\(entry.path)")
            }
        }
        let mounts = entries.first { $0.path == "proc/self/mounts" }
        #expect(mounts?.content == .file(Array("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n".utf8)))
        #expect(entries.contains { $0.path == "var/log/pods/default_web_u-1/nginx" })
        #expect(!entries.contains { $0.path.hasPrefix("var/log/pods/default_web_u-1/nginx/") })
        #expect(!entries.contains { $0.path.contains("system.slice") || $0.path.contains("deeper") })
    }

    @Test("each directory is in front of what is in it, and no path is there twice")
    func order() throws {
        let node = Self.node(.v1)
        let entries = try Self.capture(node)
        var seen: Set<String> = []
        for entry in entries {
            if let slash = entry.path.lastIndex(of: "/") { #expect(seen.contains(String(entry.path[..<slash]))) }
            #expect(seen.insert(entry.path).inserted, "\(entry.path)")
        }
        #expect(entries.first?.path == CgroupFacts.fileName)
        #expect(try Self.capture(node).map(\.path) == entries.map(\.path))
    }

    @Test("v1: the controllers' directories and the links to them tell the mode again")
    func links() throws {
        let node = Self.node(.v1, accounting: "cpu,cpuacct")
        symlink("cpu,cpuacct", node.directory + "/cgroup/cpuacct")
        node.write("cgroup/unified/cgroup.controllers", "hugetlb\n")
        node.make("cgroup/pids/kubepods/secret")
        let entries = try Self.capture(node)
        let link = entries.first { $0.path == "sys/fs/cgroup/cpuacct" }
        #expect(link?.content == .link("cpu,cpuacct"))
        #expect(entries.contains { $0.path == "sys/fs/cgroup/pids" })
        #expect(!entries.contains { $0.path.hasPrefix("sys/fs/cgroup/pids/") })
        let place = Extracted(entries)
        #expect(try NodeSampler(roots: place.roots).mode == .hybrid)
    }

    @Test("a node without pods is captured with the reason, so that somebody else can find out why")
    func noPods() throws {
        let node = FakeNode(.v2)
        let capture = try NodeCapture(roots: node.roots())
        capture.readEarlier()
        let entries = try capture.entries()
        // What is empty is not missing.
        for path in ["var/log/containers", "var/log/pods"] { #expect(entries.contains { $0.path == path }) }
        let place = Extracted(entries)
        #expect(capture.summary.problems.contains { $0.contains("no kubepods") }, "\(capture.summary)")
        #expect(throws: CgroupError(.noKubepods, path: "", cause: "", wayOut: "")) {
            try NodeSampler(roots: place.roots)
        }
    }

    @Test("there is nothing to capture without cgroups, nor where none of their files can be read")
    func nothing() throws {
        let node = FakeNode(.v2)
        #expect(throws: CgroupError(.noCgroupFilesystem, path: "", cause: "", wayOut: "")) {
            try NodeCapture(roots: NodeRoots(cgroup: node.directory + "/log"))
        }
        node.remove("cgroup")
        node.make("cgroup/cgroup.controllers")
        let capture = try NodeCapture(roots: node.roots())
        #expect(throws: CgroupError(.unreadable, path: "", cause: "", wayOut: "")) { try capture.entries() }
    }

    @Test("a capture is not captured again, since its readings are of another time")
    func again() throws {
        let place = Extracted(try Self.capture(Self.node(.v2)))
        let error = #expect(throws: CgroupError.self) { try NodeCapture(roots: place.roots) }
        #expect(error?.cause == "is a capture already")
    }

    @Test("a cgroup that is removed, a file that is a pipe, and one that is too large are left out")
    func odd() throws {
        let node = Self.node(.v2)
        let place = "cgroup/\(Self.pod)/\(id(2))"
        node.remove("\(place)/memory.current")
        mkfifo(node.directory + "/\(place)/memory.current", 0o644)
        node.write("\(place)/memory.stat", String(repeating: "x", count: FileReader.maximumSize + 1))
        symlink("/etc/passwd", node.directory + "/\(place)/cpu.max")
        let capture = try NodeCapture(roots: node.roots())
        capture.readEarlier()
        node.removeCgroup("\(Self.pod)/\(id(3))")
        let entries = try capture.entries()
        #expect(capture.summary.skipped == 1)
        #expect(
            !entries.contains {
                $0.path.hasPrefix("sys") && $0.path.contains(id(3)) || $0.path.hasSuffix("\(id(2))/memory.stat")
            })
        #expect(!entries.contains { $0.path.hasSuffix("cpu.max") })
    }
}

extension NodeCapture {
    fileprivate func entries() throws -> [CapturedEntry] {
        var entries: [CapturedEntry] = []
        try write(nodeName: "worker-1") { entries.append($0) }
        return entries
    }
}

/// Entries written below a temporary directory, which goes with the value.
private final class Extracted {
    let directory: String

    init(_ entries: some Sequence<CapturedEntry>) {
        var template = Array("/tmp/capture-test-XXXXXX".utf8CString)
        directory = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/tmp/capture-test-failed"
        }
        var times: [(String, Int64)] = []
        for entry in entries {
            let path = directory + "/" + entry.path
            let parts = entry.path.split(separator: "/")
            for count in 1..<max(1, parts.count) {
                mkdir(directory + "/" + parts.prefix(count).joined(separator: "/"), 0o755)
            }
            switch entry.content {
            case .directory: mkdir(path, 0o755)
            case .link(let target): symlink(target, path)
            case .file(let bytes):
                let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
                _ = write(file, bytes, bytes.count)
                close(file)
            }
            times.append((path, entry.modificationTime))
        }
        for (path, time) in times {
            let time = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
            utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW)
        }
    }

    deinit { FakeNode.remove(directory) }

    var roots: NodeRoots {
        NodeRoots(
            cgroup: directory + "/sys/fs/cgroup", proc: directory + "/proc", logs: directory + "/var/log",
            capture: directory)
    }
}
