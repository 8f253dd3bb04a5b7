// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import Glibc
import TLSTestSupport
import Testing

@testable import NodeAgent

extension FixtureNode {
    /// What the doctor says of this node.
    func diagnosis(_ change: (inout AgentOptions) -> Void = { _ in }) -> [Finding] {
        var options = AgentOptions()
        (options.cgroupRoot, options.procRoot, options.logRoot) = (roots.cgroup, roots.proc, roots.logs)
        change(&options)
        return AgentDoctor.findings(options)
    }
}

extension [Finding] {
    func finding(_ subject: String) throws -> Finding { try #require(first { $0.subject == subject }, "\(self)") }
}

@Suite("agent --doctor")
struct AgentDoctorTests {
    @Test("a node that is well has a line for each thing, and nothing fails")
    func healthy() throws {
        let node = FixtureNode.withPod()
        let found = node.diagnosis { $0.podUID = "u-1" }
        #expect(
            found.map(\.subject) == [
                "cgroups", "kubepods", "cgroup drivers", "user", "cgroup files", "log links", "log directories",
                "own pod", "names", "figures", "time: cpu.stat", "time: memory.current", "time: memory.stat",
                "open files", "boot id", "memory accounting", "gone cgroups", "pressure (PSI)", "clock",
            ])
        #expect(!found.contains { $0.verdict == .fail }, "\(found)")
        #expect(try found.finding("own pod").found == "default/web/app, 900 ms of CPU so far")
        #expect(try found.finding("names").found == "1 of 1 containers in 1 pods")
        #expect(try found.finding("log links").found == "1, 0 of them without a name")
        // A tree on a disk is not the kernel's.
        #expect(try found.finding("cgroups").verdict == .warn)
    }

    @Test("it needs no aggregator, and looks for none that was not named")
    func alone() throws {
        let findings = FixtureNode.withPod().diagnosis()
        #expect(!findings.contains { $0.subject.contains("aggregator") || $0.subject == "CA" })
        #expect(try findings.finding("own pod").verdict == .warn)
    }

    @Test("a node without kubepods says what is missing, and looks at the rest")
    func noKubepods() throws {
        let found = FixtureNode().diagnosis()
        let root = try found.finding("kubepods")
        #expect(root.verdict == .fail && root.fix.first?.contains("--kubepods-root") == true)
        #expect(try found.finding("memory accounting").verdict == .ok)
        #expect(try found.finding("log links").verdict == .ok)
        #expect(found.contains { $0.subject == "clock" })
    }

    @Test("no cgroup filesystem, and v1 controllers whose mounts did not come along")
    func mounts() throws {
        let node = FixtureNode.withPod()
        node.make("empty")
        let none = node.diagnosis { $0.cgroupRoot = node.roots.cgroup + "/../empty" }
        #expect(try none.finding("cgroups").verdict == .fail)
        node.make("v1/memory")
        node.make("v1/cpuacct")
        let bind = try node.diagnosis { $0.cgroupRoot = node.roots.cgroup + "/../v1" }.finding("cgroups")
        #expect(bind.verdict == .fail && bind.found.contains("an empty directory, no controller is mounted on it"))
        #expect(bind.fix.first?.contains("a recursive bind") == true)
    }

    @Test("several roots: sure with our own pod in one of them")
    func roots() throws {
        let node = FixtureNode.withPod()
        node.make("cgroup/kubepods.slice")
        let unsure = try node.diagnosis().finding("kubepods")
        #expect(unsure.verdict == .warn && unsure.found.contains("2 candidates: "))
        #expect(try node.diagnosis { $0.podUID = "u-1" }.finding("kubepods").verdict == .ok)
        node.make("cgroup/kubepods.slice/kubepods-podu_2.slice")
        #expect(try node.diagnosis().finding("kubepods").verdict == .fail)
    }

    @Test("kubelet and runtime with different cgroup drivers")
    func drivers() throws {
        let node = FixtureNode()
        node.make("cgroup/kubepods.slice/kubepods-podu_1.slice")
        node.make("cgroup/system.slice/containerd.service/kubepods-podu_1.slice:cri-containerd:\(id(3))")
        let found = try node.diagnosis().finding("cgroup drivers")
        #expect(found.verdict == .fail && found.found.hasPrefix("1 containers lie outside"))
        #expect(found.fix.first?.contains("SystemdCgroup = true") == true)
    }

    @Test("log directories that are not there")
    func logs() throws {
        let node = FixtureNode.withPod()
        node.remove("log")
        let found = node.diagnosis()
        #expect(try found.finding("log links").verdict == .fail)
        #expect(try found.finding("log links").found.contains("No such file or directory"))
        #expect(try found.finding("log directories").verdict == .warn)
    }

    @Test("our own pod: elsewhere, without a name, without CPU")
    func ownPod() throws {
        let node = FixtureNode.withPod()
        #expect(try node.diagnosis { $0.podUID = "u-9" }.finding("own pod").found.hasSuffix("has the uid u-9"))
        node.write("cgroup/\(FixtureNode.pod)/cpu.stat", "usage_usec 0\n")
        #expect(try node.diagnosis { $0.podUID = "u-1" }.finding("own pod").found.contains("used no CPU"))
        node.remove("log/containers/web_default_app-\(id(2)).log")
        let unnamed = try node.diagnosis { $0.podUID = "u-1" }.finding("own pod")
        #expect(unnamed.verdict == .fail && unnamed.found.contains("none of its containers has a name"))
    }

    @Test("a container without memory, and a kernel without its controller")
    func memory() throws {
        let node = FixtureNode.withPod()
        node.remove("cgroup/\(FixtureNode.pod)/\(id(2))/memory.current")
        let figures = try node.diagnosis().finding("figures")
        #expect(figures.verdict == .fail && figures.found.hasPrefix("1 of 1 containers have CPU and no memory"))
        node.write("cgroup/cgroup.controllers", "cpuset cpu io pids\n")
        let off = try node.diagnosis().finding("memory accounting")
        #expect(off.verdict == .fail && off.fix.first?.contains("cgroup_enable=memory") == true)
    }

    @Test("removed cgroups that the kernel still accounts for")
    func gone() throws {
        let node = FixtureNode.withPod()
        node.write("cgroup/cgroup.stat", "nr_descendants 7\nnr_dying_descendants 68680\n")
        let found = try node.diagnosis().finding("gone cgroups")
        #expect(found.verdict == .warn && found.found.hasPrefix("68680 removed ones are still accounted for, "))
        node.write("cgroup/cgroup.stat", "nr_descendants 7\nnr_dying_descendants 12\n")
        #expect(try node.diagnosis().finding("gone cgroups").verdict == .ok)
        node.remove("cgroup/cgroup.stat")
        #expect(try node.diagnosis().finding("gone cgroups").found.hasPrefix("not told for this tree"))
    }

    @Test("a boot id that cannot be read")
    func bootID() throws {
        let node = FixtureNode.withPod()
        node.remove("proc/sys")
        #expect(try node.diagnosis().finding("boot id").verdict == .warn)
    }

    @Test("pressure: of each cgroup, of the machine, of none")
    func pressure() throws {
        let node = FixtureNode.withPod()
        func found() throws -> String { try node.diagnosis().finding("pressure (PSI)").found }
        #expect(try found().hasPrefix("not told"))
        let line = "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
        node.write("proc/pressure/cpu", line)
        #expect(try found().hasPrefix("told of the whole machine alone"))
        node.write("cgroup/kubepods/cpu.pressure", line)
        #expect(try found() == "told for each cgroup")
    }

    @Test("as JSON, a line for each finding")
    func json() throws {
        let node = FixtureNode.withPod()
        node.make("cgroup/kubepods/burstable/podu-2/evil\u{1B}[2J")
        var options = AgentOptions()
        (options.cgroupRoot, options.procRoot, options.logRoot) = (node.roots.cgroup, node.roots.proc, node.roots.logs)
        let findings = AgentDoctor.findings(options)
        let lines = AgentDoctor.json(findings).split(separator: "\n")
        #expect(lines.count == findings.count)
        let first = try StrictJSON(String(try #require(lines.first)))
        #expect(first["verdict"] == .string("warn") && first["subject"] == .string("cgroups"))
    }
}
