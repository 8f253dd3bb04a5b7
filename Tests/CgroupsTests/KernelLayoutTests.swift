// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Testing

@Suite(
    "Layouts on the running kernel",
    .enabled(if: KernelCgroups.obstacle == nil, Comment(rawValue: KernelCgroups.obstacle ?? "")), .serialized)
struct KernelLayoutTests {
    /// A root of this test's own, wherever the layout has it below that.
    private func sampler(_ cgroups: KernelCgroups, root: String) throws -> NodeSampler {
        var roots = cgroups.roots
        roots.kubepods = cgroups.name + "/" + root
        return try NodeSampler(roots: roots)
    }

    @Test("containers are found and read, with what runs deeper in them", arguments: Layout.all)
    func layout(_ layout: Layout) throws {
        let cgroups = KernelCgroups("layout")
        let app = "\(layout.pod)/\(layout.prefix)\(id(1))\(layout.suffix)"
        for entry in ["container", "docker/\(id(2))"] { cgroups.make("\(app)/\(entry)") }
        for entry in ["crio-conmon-\(id(3))\(layout.suffix)", "var-lib-x.mount", "kata_overhead"] {
            cgroups.make("\(layout.pod)/\(entry)")
        }
        #expect(cgroups.run(KernelCgroups.whileWeLive(":", times: 1000), in: "\(app)/container"))
        let sampler = try sampler(cgroups, root: layout.root)
        // As soon as the process has joined, the container's own counters have what its child used.
        let isBusy = try waitUntil {
            _ = try sampler.sweep()
            return (sampler.containers.first?.cpuNanoseconds ?? 0) > 0
        }
        #expect(isBusy)
        #expect(sampler.driver == layout.driver)
        #expect(sampler.containers.count == 1)
        let record = try #require(sampler.containers.first)
        #expect(record.identity.podUID == layout.uid)
        #expect(record.identity.containerID == id(1))
        #expect(record.identity.qos == layout.qos)
        #expect(record.identity.path == "\(cgroups.name)/\(app)")
        #expect((record.workingSetBytes ?? 0) > 0)
        #expect(sampler.statistics.readErrors == 0)
        #expect(sampler.statistics.parseErrors == 0)
    }

    @Test("a pod's cgroup has what is beside its containers")
    func overhead() throws {
        let cgroups = KernelCgroups("overhead")
        let pod = "kubepods/burstable/podu-1"
        cgroups.make("\(pod)/\(id(1))")
        cgroups.make("\(pod)/something")
        #expect(cgroups.run(KernelCgroups.whileWeLive(":", times: 1000), in: "\(pod)/something"))
        let sampler = try sampler(cgroups, root: "kubepods")
        var pods: [PodRecord] = []
        let isBusy = try waitUntil {
            _ = try sampler.sweep()
            pods = sampler.readPods()
            return (pods.first?.cpuNanoseconds ?? 0) > 10_000_000
        }
        #expect(isBusy)
        #expect(pods.map(\.uid) == ["u-1"])
        #expect((pods.first?.workingSetBytes ?? 0) > 0)
        #expect(sampler.containers.map(\.cpuNanoseconds) == [0])
    }

    @Test("the shim's cgroup that Kata makes gives the pod's figures to the container of the link")
    func kata() throws {
        let cgroups = KernelCgroups("kata")
        let pod = "kubepods/burstable/podu-1"
        cgroups.make("\(pod)/kata_\(id(7))")
        #expect(cgroups.run(KernelCgroups.whileWeLive(":", times: 1000), in: "\(pod)/kata_\(id(7))"))
        let node = FakeNode(.v1)
        node.link(pod: "web", container: "app", id: id(1), uid: "u-1")
        var roots = cgroups.roots
        roots.logs = node.directory + "/log"
        let sampler = try NodeSampler(roots: roots)
        let isBusy = try waitUntil {
            _ = try sampler.sweep()
            return (sampler.containers.first?.cpuNanoseconds ?? 0) > 10_000_000
        }
        #expect(isBusy)
        #expect(sampler.containers.map(\.attribution) == [.wholePod])
        #expect(sampler.containers.first?.name?.container == "app")
    }
}
