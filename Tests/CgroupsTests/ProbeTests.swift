// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cgroups

@Suite("What the kernel tells beside the figures")
struct ProbeTests {
    private func count(_ text: String) -> UInt64? { ProcCgroups.count(of: "memory", in: text.utf8.span) }

    @Test("/proc/cgroups has the controller's cgroups in its third column")
    func procCgroups() {
        let head = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t3\t1\t1\n"
        #expect(count(head + "memory\t4\t156\t1\npids\t8\t1\t1\n") == 156)
        #expect(count(head) == nil && count("") == nil && count("memory") == nil && count("memory\t4\t156") == nil)
        #expect(count("memory2\t4\t156\t1\n") == nil && count("memory\tx\t156\t1\n") == nil)
        #expect(count("memory\t4\t99999999999999999999\t1\n") == nil && count("memory\t4\t-1\t1\n") == 0)
    }

    @Test("v1: what is not among the directories is gone, if the tree is whole")
    func census() throws {
        let node = FakeNode(.v1)
        node.write("proc/cgroups", "memory\t4\t156\t1\n")
        for number in 0..<4 { node.make("cgroup/memory/a/b\(number)") }
        #expect(try NodeProbe(roots: node.roots()).census()?.dying == nil)
        node.write("cgroup/memory/release_agent", "\n")
        #expect(
            try NodeProbe(roots: node.roots()).census()
                == NodeProbe.Census(directories: 6, isComplete: true, dying: 150))
        node.write("proc/cgroups", "memory\t4\t2\t1\n")
        #expect(try NodeProbe(roots: node.roots()).census()?.dying == 0)
    }

    @Test("a walk ends at its depth, its number and its time")
    func bounds() throws {
        let node = FakeNode(.v2)
        for number in 0..<20 { node.make("cgroup/a\(number)/b/c") }
        let tree = try #require(try CgroupTrees(at: node.roots().cgroup).memory)
        func walk(_ depth: Int, _ most: Int, _ deadline: UInt64) -> BoundedWalk.Result {
            BoundedWalk(maximumDepth: depth, maximumDirectories: most, deadline: deadline).run(tree) { _, _ in true }
        }
        let all = walk(9, 1_000, .max)
        #expect(all.directories == 60 && all.isComplete)
        #expect(walk(1, 1_000, .max).directories == 20)
        let few = walk(9, 20, .max)
        #expect(few.directories == 20 && !few.isComplete)
        #expect(!walk(9, 1_000, 0).isComplete)
    }

    @Test("memory is counted where there is a controller for it", arguments: FakeNode.Version.allCases)
    func memory(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        #expect(try NodeProbe(roots: node.roots()).countsMemory == true)
        if version == .v1 {
            node.remove("cgroup/memory")
        } else {
            node.write("cgroup/cgroup.controllers", "cpu\n")
        }
        #expect(try NodeProbe(roots: node.roots()).countsMemory == false)
    }
}
