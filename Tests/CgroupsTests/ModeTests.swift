// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Cgroups

private let pod = "kubepods/podu-1"

@Suite("Finding things")
struct ModeTests {
    private func failure(_ roots: NodeRoots) -> CgroupError? {
        do throws(CgroupError) {
            _ = try NodeSampler(roots: roots)
            return nil
        } catch {
            return error
        }
    }

    @Test("a v2 tree without controllers next to v1 ones is hybrid, and v1 is read")
    func hybrid() throws {
        let node = FakeNode(.v1)
        node.container("\(pod)/\(id(1))", cpu: 5)
        node.write("cgroup/unified/cgroup.controllers", "\n")
        let sampler = try node.sampler()
        #expect(sampler.mode == .hybrid)
        _ = try sampler.sweep()
        #expect(sampler.containers.first?.cpuNanoseconds == 5000)
    }

    @Test("a v2 tree beside v1 mounts that have neither memory nor cpuacct is read as v2")
    func unifiedOnly() throws {
        let node = FakeNode(.v2)
        node.write("cgroup/unified/cgroup.controllers", "memory cpu\n")
        node.write("cgroup/unified/kubepods/podu-1/\(id(1))/cpu.stat", "usage_usec 8\n")
        node.remove("cgroup/cgroup.controllers")
        let sampler = try node.sampler()
        #expect(sampler.mode == .v2)
        _ = try sampler.sweep()
        #expect(sampler.containers.first?.cpuNanoseconds == 8000)
    }

    @Test("no cgroup filesystem: the path and the flag are named")
    func noFilesystem() {
        let node = FakeNode(.v2)
        node.remove("cgroup/cgroup.controllers")
        var error = failure(node.roots())
        #expect(error?.code == .noCgroupFilesystem)
        #expect(error?.description.contains(node.directory + "/cgroup") == true)
        #expect(error?.description.contains("--cgroup-root") == true)
        error = failure(NodeRoots(cgroup: node.directory + "/absent"))
        #expect(error?.code == .noCgroupFilesystem)
        #expect(error?.errno == ENOENT)
        node.write("file", "")
        #expect(failure(NodeRoots(cgroup: node.directory + "/file"))?.code == .noCgroupFilesystem)
    }

    @Test("controllers' mounts that did not come along are said to be missing")
    func emptyMounts() {
        let node = FakeNode(.v1)
        node.remove("cgroup/memory")
        node.make("cgroup/memory")
        let error = failure(node.roots())
        #expect(error?.code == .noCgroupFilesystem)
        #expect(error?.description.contains("/cgroup/memory: an empty directory") == true)
    }

    @Test("no kubepods: what was searched and the flag are named", arguments: FakeNode.Version.allCases)
    func noKubepods(_ version: FakeNode.Version) {
        let node = FakeNode(version)
        node.makeCgroup("system.slice/kubelet.service/kubepods")
        node.makeCgroup("a/b/c/d/kubepods")
        let error = failure(node.roots())
        #expect(error?.code == .noKubepods)
        #expect(error?.description.contains(node.directory + "/cgroup") == true)
        #expect(error?.description.contains("--kubepods-root") == true)
    }

    @Test(
        "a kubepods root that is given is taken, wherever it is",
        arguments: ["odd/place/kubepods", "/odd/place/kubepods/", "x.scope/pods"])
    func explicit(_ path: String) throws {
        let node = FakeNode(.v2)
        let plain = path.split(separator: "/").joined(separator: "/")
        node.container("\(plain)/podu-1/\(id(1))")
        node.container("kubepods/podu-2/\(id(2))")
        let sampler = try NodeSampler(roots: node.roots(kubepods: path))
        _ = try sampler.sweep()
        #expect(sampler.containers.map(\.identity.containerID) == [id(1)])
        #expect(sampler.kubepodsPath == node.directory + "/cgroup/" + plain)
    }

    @Test(
        "a kubepods root that is given and not there is an error",
        arguments: ["absent", "", "..", "kubepods/../x", "file"])
    func explicitMissing(_ path: String) {
        let node = FakeNode(.v2)
        node.makeCgroup("kubepods")
        node.write("cgroup/file", "")
        let error = failure(node.roots(kubepods: path))
        #expect(error?.code == .noKubepods)
        #expect(error?.description.contains("--kubepods-root") == true)
    }

    @Test(
        "nested roots are found, with v1 mounts and without", arguments: FakeNode.Version.allCases,
        [
            "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-podu_1.slice/cri-containerd-\(id(1)).scope",
            "kubelet/kubepods/podu-1/\(id(1))", "docker/\(id(5))/kubepods/podu-1/\(id(1))",
        ])
    func nested(_ version: FakeNode.Version, _ path: String) throws {
        let node = FakeNode(version)
        node.container(path)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.containers.map(\.identity.path) == [path])
    }

    @Test("of several roots the one with our own pod is taken; then the one with pods; else it is an error")
    func several() throws {
        let node = FakeNode(.v2)
        node.makeCgroup("kubepods/burstable")
        node.container("kubelet/kubepods/burstable/podu-2/\(id(2))")
        #expect(try node.sampler().kubepodsPath.hasSuffix("cgroup/kubelet/kubepods"))

        node.container("kubepods/burstable/podu-1/\(id(1))")
        let error = failure(node.roots())
        #expect(error?.code == .ambiguousKubepods)
        #expect(error?.description.contains("kubelet/kubepods") == true)
        for (uid, path) in [("u-1", "cgroup/kubepods"), ("u-2", "cgroup/kubelet/kubepods")] {
            let sampler = try NodeSampler(roots: node.roots(ownPodUID: uid))
            #expect(sampler.kubepodsPath == node.directory + "/" + path)
        }
        #expect(failure(node.roots(ownPodUID: "u-3"))?.code == .ambiguousKubepods)
    }

    @Test("boot id and capacity come from procfs")
    func procfs() throws {
        let node = FakeNode(.v2)
        node.makeCgroup("kubepods")
        let sampler = try node.sampler()
        #expect(sampler.bootID == "0f3a7c1e-1b2c-4d5e-8f90-123456789abc")
        #expect(sampler.capacity == NodeCapacity(cpuMillicores: 2000, memoryBytes: 24_684_464 * 1024))
    }

    @Test("a boot id that is none is empty", arguments: ["", "short\n", "0f3a7c1e-1b2c-4d5e-8f90-12345678\u{1b}abc\n"])
    func badBootID(_ text: String) throws {
        let node = FakeNode(.v2)
        node.makeCgroup("kubepods")
        node.write("proc/sys/kernel/random/boot_id", text)
        #expect(try node.sampler().bootID == "")
    }

    @Test("a place that is no procfs is an error with its flag")
    func noProc() {
        let node = FakeNode(.v2)
        node.makeCgroup("kubepods")
        node.write("proc/meminfo", "nothing\n")
        #expect(failure(node.roots())?.code == .unreadable)
        node.remove("proc/stat")
        #expect(failure(node.roots())?.description.contains("--proc-root") == true)
        node.remove("proc")
        #expect(failure(node.roots())?.code == .unreadable)
    }

    @Test("errors are equal by their code")
    func equality() {
        let one = CgroupError(.noKubepods, path: "/a", cause: "x", wayOut: "y")
        #expect(one == CgroupError(.noKubepods, path: "/b", errno: 2, cause: "z", wayOut: ""))
        #expect(one != CgroupError(.unreadable, path: "/a", cause: "x", wayOut: "y"))
        #expect(
            CgroupError(.unreadable, path: "/a", errno: 2, cause: "x", wayOut: "y").description
                == "/a: x (No such file or directory); y")
    }
}

@Suite("The node's own figures")
struct NodeFigureTests {
    private func reading(_ node: FakeNode) throws -> NodeReading {
        node.makeCgroup("kubepods")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        return sampler.node
    }

    @Test("v2 root: anon and file, less the inactive part of file")
    func unifiedRoot() throws {
        let reading = try reading(FakeNode(.v2))
        #expect(reading.cpuNanoseconds == 5_000_000_000)
        #expect(reading.usageBytes == 6000)
        #expect(reading.workingSetBytes == 4000)
        #expect(reading.bootTimeNanoseconds > 0)
    }

    @Test("v2 in a container: the root has memory.current")
    func nestedNode() throws {
        let node = FakeNode(.v2)
        node.write("cgroup/memory.current", "9000\n")
        let reading = try reading(node)
        #expect(reading.usageBytes == 9000)
        #expect(reading.workingSetBytes == 7000)
    }

    @Test("v1 root: usage less total_inactive_file")
    func splitRoot() throws {
        let reading = try reading(FakeNode(.v1))
        #expect(reading.cpuNanoseconds == 5_000_000_000)
        #expect(reading.usageBytes == 6000)
        #expect(reading.workingSetBytes == 4000)
    }

    @Test("v2 before Linux 5.8 has neither file at its root: procfs has the figures")
    func oldKernel() throws {
        let node = FakeNode(.v2)
        node.remove("cgroup/cpu.stat")
        node.remove("cgroup/memory.stat")
        let reading = try reading(node)
        let perTick = 1_000_000_000 / UInt64(sysconf(Int32(_SC_CLK_TCK)))
        #expect(reading.cpuNanoseconds == 163 * perTick)
        #expect(reading.usageBytes == 240_040 * 1024)
        #expect(reading.workingSetBytes == 140_040 * 1024)
    }

    @Test("figures that make no sense are unknown and counted, the containers are still read")
    func malformed() throws {
        let node = FakeNode(.v2)
        node.container("\(pod)/\(id(1))")
        node.write("cgroup/cpu.stat", "garbage\n")
        node.write("cgroup/memory.stat", "anon 1\n")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.node.cpuNanoseconds == nil)
        #expect(sampler.node.usageBytes == nil)
        #expect(sampler.node.workingSetBytes == nil)
        #expect(sampler.statistics.parseErrors == 2)
        #expect(sampler.containers.first?.cpuNanoseconds != nil)
    }
}
