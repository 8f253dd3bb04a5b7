// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cgroups

private let uid = "9b1f2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
private let underscored = "9b1f2c3d_4e5f_6071_8293_a4b5c6d7e8f9"

/// L11 and L12: the runtime takes the kubelet's systemd names for directories.
@Suite("Containers outside of their pods' cgroups")
struct StrayTests {
    private let slice = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(underscored).slice"

    private func stray(_ place: String, _ number: Int, qos: String = "-burstable") -> String {
        joined(place, "kubepods\(qos)-pod\(underscored).slice:cri-containerd:\(id(number))")
    }

    @Test(
        "they are found in the runtime's service and at the top, read and named",
        arguments: ["system.slice/containerd.service", "system.slice/k3s-containerd.service", ""],
        FakeNode.Version.allCases)
    func found(_ place: String, _ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.makeCgroup(slice)
        node.container(stray(place, 1), cpu: 5, usage: 9000, inactive: 1000, weight: 1)
        node.container(stray(place, 2), cpu: 7, usage: 8000, inactive: 1000, weight: 100)
        node.link(pod: "web", container: "app", id: id(2), uid: uid)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.containers.count == 2)
        #expect(sampler.misplacedContainers == 2)
        let app = try #require(sampler.record(id(2)))
        #expect(app.identity.podUID == uid)
        #expect(app.identity.qos == .burstable)
        #expect(app.identity.path == stray(place, 2))
        #expect(app.cpuNanoseconds == 7000)
        #expect(app.workingSetBytes == 7000)
        #expect(app.name?.container == "app")
        #expect(app.role == .app)
        #expect(sampler.record(id(1))?.role == .sandbox)
        #expect(sampler.statistics.readErrors == 0)
    }

    @Test("the class is the name's", arguments: [("", QoSClass.guaranteed), ("-besteffort", .bestEffort)])
    func qos(_ name: String, _ qos: QoSClass) throws {
        let node = FakeNode(.v2)
        node.makeCgroup("kubepods.slice")
        node.container(stray("", 1, qos: name))
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.containers.first?.identity.qos == qos)
    }

    @Test("they come and go, one takes another's place, and the service may end", arguments: FakeNode.Version.allCases)
    func changes(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        let service = "system.slice/containerd.service"
        node.makeCgroup(slice)
        node.makeCgroup(service)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.containers.isEmpty)

        node.container(stray(service, 1))
        #expect(try sampler.sweep().appeared == [0])
        #expect(sampler.containers.first?.wasBorn == true)
        node.removeCgroup(stray(service, 1))
        node.container(stray(service, 2))
        let changes = try sampler.sweep()
        #expect(changes.vanished == [0])
        #expect(changes.appeared == [0])
        #expect(sampler.containers.map(\.identity.containerID) == [id(2)])
        node.removeCgroup(service)
        #expect(try sampler.sweep().vanished == [0])
        #expect(sampler.containers.isEmpty)
    }

    @Test("a node whose pods are in place has none, and with the cgroupfs driver they are not looked for")
    func none() throws {
        let node = FakeNode(.v2)
        node.container("\(slice)/cri-containerd-\(id(1)).scope")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.misplacedContainers == 0)

        // Another kubelet's, on a node in a container.
        node.container("kubelet-kubepods-pod\(underscored).slice:cri-containerd:\(id(7))")
        _ = try sampler.sweep()
        #expect(sampler.misplacedContainers == 0)

        let other = FakeNode(.v2)
        other.makeCgroup("kubepods")
        other.container(stray("", 1))
        let cgroupfs = try other.sampler()
        _ = try cgroupfs.sweep()
        #expect(cgroupfs.containers.isEmpty)
    }
}
