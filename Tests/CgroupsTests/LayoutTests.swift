// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Glibc
import Testing

private let u = "9b1f2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
private let underscored = "9b1f2c3d_4e5f_6071_8293_a4b5c6d7e8f9"
private let hash = "0123456789abcdef0123456789abcdef"

/// Where a node keeps a pod's containers.
struct Layout: CustomTestStringConvertible {
    let testDescription: String
    let pod: String
    /// Around the container's id.
    let prefix: String
    let suffix: String
    let uid: String
    let qos: QoSClass
    let driver: CgroupDriver
    let root: String

    init(
        _ name: String, pod: String, prefix: String = "", suffix: String = "", uid: String = u, _ qos: QoSClass,
        _ driver: CgroupDriver, root: String
    ) {
        testDescription = name
        self.pod = pod
        self.prefix = prefix
        self.suffix = suffix
        self.uid = uid
        self.qos = qos
        self.driver = driver
        self.root = root
    }

    static let burstable = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(underscored).slice"

    static let all = [
        Layout(
            "L1 systemd containerd", pod: burstable, prefix: "cri-containerd-", suffix: ".scope", .burstable, .systemd,
            root: "kubepods.slice"),
        Layout(
            "L1 besteffort",
            pod: "kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod\(underscored).slice",
            prefix: "cri-containerd-", suffix: ".scope", .bestEffort, .systemd, root: "kubepods.slice"),
        Layout(
            "L2 guaranteed", pod: "kubepods.slice/kubepods-pod\(underscored).slice", prefix: "cri-containerd-",
            suffix: ".scope", .guaranteed, .systemd, root: "kubepods.slice"),
        Layout(
            "L3 systemd CRI-O", pod: burstable, prefix: "crio-", suffix: ".scope", .burstable, .systemd,
            root: "kubepods.slice"),
        Layout(
            "L4 systemd docker", pod: burstable, prefix: "docker-", suffix: ".scope", .burstable, .systemd,
            root: "kubepods.slice"),
        Layout("L5 cgroupfs", pod: "kubepods/burstable/pod\(u)", .burstable, .cgroupfs, root: "kubepods"),
        Layout("L5 cgroupfs besteffort", pod: "kubepods/besteffort/pod\(u)", .bestEffort, .cgroupfs, root: "kubepods"),
        Layout("L5 cgroupfs guaranteed", pod: "kubepods/pod\(u)", .guaranteed, .cgroupfs, root: "kubepods"),
        Layout(
            "L6 cgroupfs CRI-O", pod: "kubepods/burstable/pod\(u)", prefix: "crio-", .burstable, .cgroupfs,
            root: "kubepods"),
        Layout(
            "L7 kind",
            pod:
                "kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod\(underscored).slice",
            prefix: "cri-containerd-", suffix: ".scope", .bestEffort, .systemd,
            root: "kubelet.slice/kubelet-kubepods.slice"),
        Layout(
            "L8 kind before 1.24", pod: "kubelet/kubepods/besteffort/pod\(u)", .bestEffort, .cgroupfs,
            root: "kubelet/kubepods"),
        Layout(
            "L10 nested in Docker", pod: "docker/\(id(9))/kubepods/burstable/pod\(u)", .burstable, .cgroupfs,
            root: "docker/\(id(9))/kubepods"),
        Layout(
            "L9 cgroup root",
            pod:
                "a.slice/a-b.slice/a-b-kubepods.slice/a-b-kubepods-burstable.slice/a-b-kubepods-burstable-pod\(underscored).slice",
            prefix: "cri-containerd-", suffix: ".scope", .burstable, .systemd,
            root: "a.slice/a-b.slice/a-b-kubepods.slice"),
        Layout(
            "L13 static pod, systemd",
            pod: "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(hash).slice",
            prefix: "cri-containerd-", suffix: ".scope", uid: hash, .burstable, .systemd, root: "kubepods.slice"),
        Layout(
            "L13 static pod, cgroupfs", pod: "kubepods/pod\(hash)", uid: hash, .guaranteed, .cgroupfs, root: "kubepods"),
    ]
}

@Suite("Layouts")
struct LayoutTests {
    @Test(
        "containers are found, read and told from what is around them", arguments: Layout.all, FakeNode.Version.allCases
    )
    func layout(_ layout: Layout, _ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        let app = "\(layout.pod)/\(layout.prefix)\(id(1))\(layout.suffix)"
        node.container(app, cpu: 2500, usage: 100_000, inactive: 40_000)
        // None of these is a container of the pod.
        node.container("\(app)/container")
        node.container("\(app)/container/exec")
        node.container("\(app)/docker/\(id(2))")
        node.container("\(layout.pod)/crio-conmon-\(id(3))\(layout.suffix)")
        node.container("\(layout.pod)/var-lib-x.mount")
        node.container("\(layout.pod)/kata_overhead")
        node.container("\(layout.pod)/something")
        node.container("system.slice/containerd.service/\(id(4))")

        let sampler = try node.sampler()
        let changes = try sampler.sweep()

        #expect(changes.appeared == [0])
        #expect(sampler.driver == layout.driver)
        #expect(sampler.mode == (version == .v1 ? .v1 : .v2))
        #expect(sampler.kubepodsPath == node.directory + "/cgroup/" + (version == .v1 ? "memory/" : "") + layout.root)
        let record = try #require(sampler.containers.first)
        #expect(sampler.containers.count == 1)
        #expect(record.identity.podUID == layout.uid)
        #expect(record.identity.containerID == id(1))
        #expect(record.identity.qos == layout.qos)
        #expect(record.identity.path == app)
        #expect(record.cpuNanoseconds == 2_500_000)
        #expect(record.usageBytes == 100_000)
        #expect(record.workingSetBytes == 60_000)
        #expect(record.bootTimeNanoseconds >= changes.bootTimeNanoseconds)
        #expect(sampler.statistics.readErrors == 0)
        #expect(sampler.statistics.parseErrors == 0)
    }

    @Test(
        "v1 mounts of cpu and cpuacct together, in either order", arguments: ["cpu,cpuacct", "cpuacct,cpu", "cpuacct"])
    func combinedMounts(_ mount: String) throws {
        let node = FakeNode(.v1, accounting: mount)
        node.container("kubepods/pod\(u)/\(id(1))", cpu: 7)
        if mount != "cpuacct" { node.rawSymlink("cgroup/cpuacct", to: mount) }
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.containers.first?.cpuNanoseconds == 7000)
        #expect(sampler.node.cpuNanoseconds == 5_000_000_000)
    }

    @Test("v1 hierarchies that disagree: what one of them lacks is unknown, not zero")
    func disagreeingHierarchies() throws {
        let node = FakeNode(.v1)
        node.container("kubepods/pod\(u)/\(id(1))")
        node.remove("cgroup/cpuacct/kubepods")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.containers.first?.cpuNanoseconds == nil)
        #expect(sampler.containers.first?.usageBytes == 8192)

        // The runtime makes one after the other.
        node.container("kubepods/pod\(u)/\(id(1))", cpu: 9)
        #expect(try sampler.sweep().isEmpty)
        #expect(sampler.containers.first?.cpuNanoseconds == 9000)
    }

    @Test("v1 without the memory controller still has CPU, and the node's memory comes from procfs")
    func noMemoryController() throws {
        let node = FakeNode(.v1)
        node.container("kubepods/pod\(u)/\(id(1))", cpu: 11)
        node.remove("cgroup/memory")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.containers.first?.cpuNanoseconds == 11_000)
        #expect(sampler.containers.first?.usageBytes == nil)
        #expect(sampler.containers.first?.workingSetBytes == nil)
        #expect(sampler.node.usageBytes == 240_040 * 1024)
        #expect(sampler.node.workingSetBytes == 140_040 * 1024)
    }

    @Test("v2 without the memory controller for the pods")
    func noMemoryFiles() throws {
        let node = FakeNode(.v2)
        node.write("cgroup/kubepods/pod\(u)/\(id(1))/cpu.stat", "usage_usec 3\n")
        let sampler = try node.sampler()
        for _ in 0..<3 { _ = try sampler.sweep() }
        #expect(sampler.containers.count == 1)
        #expect(sampler.containers.first?.cpuNanoseconds == 3000)
        #expect(sampler.containers.first?.usageBytes == nil)
    }

    @Test("a uid is what its manifest says")
    func oddUID() throws {
        let node = FakeNode(.v2)
        node.container("kubepods/podmy-pod-uid/\(id(1))")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.containers.first?.identity.podUID == "my-pod-uid")
    }
}

extension FakeNode {
    func rawSymlink(_ path: String, to target: String) { symlink(target, directory + "/" + path) }
}
