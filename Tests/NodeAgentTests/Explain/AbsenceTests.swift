// SPDX-License-Identifier: Apache-2.0
import Cgroups
import TLSTestSupport
import Testing

@testable import NodeAgent

@Suite("agent --explain of what is not there")
struct AbsenceTests {
    private func explain(_ target: String, _ prepare: (FixtureNode) -> Void = { _ in }) -> String {
        let node = FixtureNode.withPod()
        prepare(node)
        let answer = node.explain(target)
        #expect(!answer.isFound)
        #expect(answer.text.contains("\n\(target) is not among the pods and containers of this node\n"))
        return answer.text
    }

    @Test("nothing at all knows the name")
    func unknown() {
        let text = explain("nowhere")
        #expect(text.contains("no log link or directory names it: does it run on this node?"))
        #expect(!text.contains("did you mean"))
    }

    @Test("near names are offered", arguments: ["wep", "defualt/web", "web/ap", "default/web/app/x"])
    func guesses(_ target: String) {
        #expect(explain(target).contains("perhaps    did you mean "))
    }

    @Test("a container that ended is known by its link", arguments: ["old", "old/main", "default/old", id(7), "u-old"])
    func dead(_ target: String) {
        let text = explain(target) { $0.link(pod: "old", container: "main", id: id(7), uid: "u-old") }
        #expect(text.contains("log link   link old_default_main-\(id(7)).log\n"))
        #expect(text.contains("-> /var/log/pods/default_old_u-old/main/0.log\n"))
        #expect(text.contains("its container has ended, made 20"))
    }

    @Test(
        "a pod that has logs and no cgroup has ended, or has not begun", arguments: ["next", "default/next", "u-next"])
    func noCgroup(_ target: String) {
        let text = explain(target) { $0.make("log/pods/default_next_u-next/main") }
        #expect(text.contains("log dir    default_next_u-next\n"))
        #expect(text.contains("has uid u-next: the pod has ended or not begun"))
    }

    @Test("another container of a pod that is there")
    func otherContainer() {
        let text = explain("web/other")
        #expect(text.contains("pod        default/web is there, uid u-1; its containers are:\n"))
        #expect(text.contains("             app\n"))
    }

    @Test("roots that were not taken are named")
    func otherRoots() {
        let text = explain("nowhere") { $0.make("cgroup/kubepods.slice") }
        #expect(text.contains("elsewhere  there are other kubepods roots (--kubepods-root): kubepods.slice\n"))
        #expect(text.contains("the only one with pods; of "))
    }

    @Test("a directory beside the containers, and one inside of one, are told as such")
    func directories() {
        let node = FixtureNode.withPod()
        let overhead = node.explain("/sys/fs/cgroup/\(FixtureNode.pod)/crio-conmon-\(id(2))")
        #expect(overhead.isFound && overhead.text.contains(" is no container, and counted only in its pod\n"))
        let inner = node.explain("\(FixtureNode.pod)/\(id(2))/init.scope")
        #expect(inner.isFound && inner.text.contains(" is inside a container's cgroup, and counted there\n"))
        #expect(inner.text.contains("\nContainer app\n"))
    }
}

@Suite("Names that are meant")
struct SimilarityTests {
    @Test("edits are counted byte by byte")
    func edits() {
        func edits(_ a: String, _ b: String) -> Int { Similarity.edits(Array(a.utf8), Array(b.utf8)) }
        #expect(edits("", "") == 0 && edits("", "abc") == 3 && edits("abc", "") == 3)
        #expect(edits("kitten", "sitting") == 3 && edits("web", "web") == 0 && edits("wbe", "web") == 2)
    }

    @Test("far names, short words and endless ones are not meant")
    func far() {
        #expect(Similarity.distance("nowhere", "default/web") == nil)
        #expect(Similarity.distance("w", "default/web") == nil)
        #expect(Similarity.distance(String(repeating: "a", count: 600), String(repeating: "a", count: 600)) == nil)
        #expect(Similarity.distance("coredns", "kube-system/coredns-5d7-x") == 1)
    }
}
