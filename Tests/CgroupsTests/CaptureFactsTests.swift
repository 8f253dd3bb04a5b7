// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cgroups

@Suite("The facts of a capture")
struct CaptureFactsTests {
    private static var facts: NodeFacts {
        var facts = NodeFacts(bootTime: 12, realTime: 34)
        facts.nodeName = "worker 1"
        facts.podUID = "u-1"
        facts.kubepods = "a.slice/a b-kubepods.slice"
        facts.root.cpuBefore = 0
        facts.root.bootTimeBefore = .max
        return facts
    }

    @Test("come back as they were written")
    func roundTrip() {
        #expect(NodeFacts(Self.facts.lines.utf8.span) == Self.facts)
        var cgroup = CgroupFacts(inode: .max)
        #expect(CgroupFacts(cgroup.lines.utf8.span) == cgroup)
        cgroup.inode = nil
        cgroup.bootTime = 7
        #expect(CgroupFacts(cgroup.lines.utf8.span) == cgroup)
    }

    @Test("a name that would add a line is left out")
    func injection() {
        var facts = Self.facts
        facts.nodeName = "x\npod-uid other"
        #expect(NodeFacts(facts.lines.utf8.span)?.nodeName == nil)
        #expect(NodeFacts(facts.lines.utf8.span)?.podUID == "u-1")
    }

    @Test(
        "are refused when they are no facts of this version",
        arguments: [
            "", "\n", "metrics-push-capture 2\ncaptured-at-boot-time-ns 1\ncaptured-at-real-time-ns 1\n",
            "metrics-push-capture 1\n", "metrics-push-capture -1\n", "captured-at-boot-time-ns 1\n",
            "metrics-push-capture 1\ncaptured-at-boot-time-ns 99999999999999999999\ncaptured-at-real-time-ns 1\n",
            "metrics-push-capture 1\ncaptured-at-boot-time-ns 1\ncaptured-at-real-time-ns 18446744073709551615\n",
            "metrics-push-capture max\ncaptured-at-boot-time-ns x\ncaptured-at-real-time-ns \u{0}\n",
        ])
    func refused(_ text: String) { #expect(NodeFacts(text.utf8.span) == nil) }

    @Test("of a cgroup are each known or not, whatever is in the file", arguments: ["", "inode\ninode x\n", "\u{0}"])
    func garbage(_ text: String) { #expect(CgroupFacts(text.utf8.span) == CgroupFacts()) }

    @Test("a directory without them is a node's own; damaged ones are an error with the way out")
    func reading() throws {
        let node = FakeNode(.v2)
        #expect(try NodeFacts.read(node.directory) == nil)
        node.write(CgroupFacts.fileName, "metrics-push-capture 9\n")
        let error = #expect(throws: CgroupError.self) { try NodeFacts.read(node.directory) }
        #expect(error?.code == .unreadable && error?.wayOut.contains("capture the node again") == true)
        node.write(CgroupFacts.fileName, Self.facts.lines)
        #expect(try NodeFacts.read(node.directory) == Self.facts)
    }
}
