// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Cgroups

@Suite("What a sampler keeps for a person who asks why")
struct TraceTests {
    private let pod = "kubepods/burstable/podu-1"

    /// The decisions about a container after a sweep.
    private func decisions(_ node: FakeNode, _ id: String, older: Bool = false) throws -> [TracedDecision] {
        let trace = SamplerTrace()
        let sampler = try NodeSampler(roots: node.roots(), trace: trace)
        _ = try sampler.sweep()
        if older {
            sampler.makeOlder(by: NodeSampler.patience)
            _ = try sampler.sweep()
        }
        return trace.decisions[id, default: []]
    }

    @Test("a container that is named keeps the link", arguments: FakeNode.Version.allCases)
    func link(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container("\(pod)/\(id(1))")
        node.link(pod: "web", container: "app", id: id(1), uid: "u-1", modified: 1_000_000_000)
        let link = TracedDecision.Link(
            file: "web_default_app-\(id(1)).log", target: "/var/log/pods/default_web_u-1/app/0.log", targetUID: "u-1",
            modificationTime: 1_000_000_000_000_000_000)
        #expect(try decisions(node, id(1)) == [.named(by: link, .logLink)])
    }

    @Test("the sandbox keeps that it was weighed, its sibling that it is younger", arguments: FakeNode.Version.allCases)
    func weighed(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        let ids = node.byAge([id(1), id(2)], in: pod)
        for (index, id) in ids.enumerated() { node.container("\(pod)/\(id)", weight: index == 0 ? 1 : 100) }
        #expect(try decisions(node, ids[0]) == [.lowestInode(hasLeastWeight: true)])
        #expect(
            try decisions(node, ids[1]) == [.higherInode(lowest: node.inode("\(pod)/\(ids[0])"))])
    }

    @Test("without a CPU weight the ages are kept")
    func unweighed() throws {
        let node = FakeNode(.v2)
        let ids = node.byAge([id(1), id(2)], in: pod)
        for id in ids { node.container("\(pod)/\(id)") }
        #expect(
            try decisions(node, ids[0]) == [.lowestInodeUnweighed(containers: 2, isOldest: true)])
    }

    @Test("CRI-O's sandbox without a process")
    func spoofed() throws {
        let node = FakeNode(.v2)
        let slice = "kubepods.slice/kubepods-podu_1.slice"
        node.container("\(slice)/crio-\(id(1))")
        #expect(try decisions(node, id(1)) == [.spoofedSandbox])
    }

    @Test("a link without a valid name, and one that fits two containers")
    func unusable() throws {
        let node = FakeNode(.v2)
        node.container("\(pod)/\(id(1))", weight: 100)
        node.rawLink("WEB_default_app-\(id(1)).log", to: "/elsewhere")
        #expect(
            try decisions(node, id(1)).first.map { if case .namelessLink = $0 { true } else { false } }
                == true)
        let two = FakeNode(.v2)
        for number in [1, 2] { two.container("\(pod)/\(id(number))", weight: 100) }
        let name = String(repeating: "p", count: 180)
        two.rawLink(
            String("\(name)_default_app-\(id(1))".prefix(251)) + ".log",
            to: "/var/log/pods/default_\(name)_u-1/app/0.log")
        two.rawLink(
            String(
                "\(String(repeating: "q", count: 190))_default_\(String(repeating: "c", count: 41))-\(id(1))".prefix(
                    251))
                + ".log",
            to: "/var/log/pods/default_q_u-1/other/0.log")
        let found = try decisions(two, id(2))
        #expect(found.contains { if case .ambiguousLink(_, candidates: 2) = $0 { true } else { false } }, "\(found)")
    }

    @Test("a name by elimination keeps what was left")
    func elimination() throws {
        let node = FakeNode(.v2)
        let ids = node.byAge([id(1), id(2), id(3)], in: pod)
        for (index, id) in ids.enumerated() { node.container("\(pod)/\(id)", weight: index == 0 ? 1 : 100) }
        node.link(pod: "web", container: "app", id: ids[1], uid: "u-1")
        for name in ["app", "late"] { node.make("log/pods/default_web_u-1/\(name)") }
        let found = try decisions(node, ids[2], older: true)
        #expect(found.contains(.eliminated(directory: "default_web_u-1", taken: ["app"], left: ["late"])))
    }

    @Test("each read has its file, bytes, value or error", arguments: FakeNode.Version.allCases)
    func reads(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        let path = "\(pod)/\(id(1))"
        node.container(path, cpu: 1_234, usage: 8192)
        let (tree, file) = version == .v2 ? ("", "memory.current") : ("/memory", "memory.usage_in_bytes")
        let trace = SamplerTrace()
        let sampler = try NodeSampler(roots: node.roots(), trace: trace)
        _ = try sampler.sweep()
        let reads = trace.reads.filter { $0.subject == path }
        let usage = try #require(reads.first { $0.path == node.directory + "/cgroup\(tree)/\(path)/\(file)" })
        #expect(usage.outcome == .number(8192) && usage.bytes == 5 && usage.nanoseconds > 0 && usage.key == nil)
        let stat = try #require(reads.first { $0.path.hasSuffix("/memory.stat") })
        #expect(stat.key == (version == .v2 ? "inactive_file" : "total_inactive_file"))
        let weight = try #require(
            reads.first { $0.path.hasSuffix(version == .v2 ? "/cpu.weight" : "/cpu.shares") || version == .v1 })
        if version == .v2 { #expect(weight.outcome == .failed(errno: ENOENT) && weight.bytes == 0) }
        node.write("cgroup\(tree)/\(path)/\(file)", "garbage\n")
        trace.forgetReads()
        _ = try sampler.sweep()
        #expect(trace.reads.contains { $0.path.hasSuffix("/" + file) && $0.outcome == .malformed })
    }

    @Test("the places that told the mode, and why a root was taken")
    func node() throws {
        let node = FakeNode(.v1)
        node.makeCgroup(pod)
        node.makeCgroup("kubepods.slice")
        func trace(_ roots: NodeRoots) throws -> SamplerTrace {
            let trace = SamplerTrace()
            _ = try? NodeSampler(roots: roots, trace: trace)
            return trace
        }
        let found = try trace(node.roots())
        #expect(found.filesystems.map(\.path) == ["", "/memory", "/cpuacct"].map { node.directory + "/cgroup" + $0 })
        #expect(found.rootChoices.first?.reason == .onlyOneInUse)
        #expect(found.rootChoices.first?.candidates.sorted() == ["kubepods", "kubepods.slice"])
        #expect(try trace(node.roots(kubepods: "kubepods")).rootChoices.first?.reason == .named)
        #expect(try trace(node.roots(ownPodUID: "u-1")).rootChoices.first?.reason == .holdsOwnPod(uid: "u-1"))
        node.removeCgroup(pod)
        #expect(try trace(node.roots()).rootChoices.first?.reason == nil)
        node.removeCgroup("kubepods")
        #expect(try trace(node.roots()).rootChoices.first?.reason == .onlyOne)
    }

    @Test("what is in a pod is kept with what it was taken for")
    func contents() throws {
        let node = FakeNode(.v2)
        node.container("\(pod)/\(id(1))")
        for name in ["kata_overhead", "data.mount", "helper"] { node.makeCgroup("\(pod)/\(name)") }
        let trace = SamplerTrace()
        _ = try NodeSampler(roots: node.roots(), trace: trace).sweep()
        let kinds = Dictionary(uniqueKeysWithValues: trace.contents[pod, default: []].map { ($0.name, $0.kind) })
        #expect(kinds["kata_overhead"] == .sandboxVM(id: "overhead") && kinds["data.mount"] == .mount)
        #expect(kinds["helper"] == .overhead && kinds[id(1)] == .container(id: id(1), runtime: nil, isScope: false))
    }
}
