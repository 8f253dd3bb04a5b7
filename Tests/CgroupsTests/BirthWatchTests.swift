// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Cgroups

@Suite("News of births")
struct BirthWatchTests {
    private func isTold(_ watch: BirthWatch) -> Bool {
        var entry = pollfd(fd: watch.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// A node whose sampler has listed everything.
    private func watched(_ make: (String) -> Void, _ roots: NodeRoots) throws -> (NodeSampler, BirthWatch) {
        make("kubepods/burstable/pod1/\(id(1))")
        let sampler = try NodeSampler(roots: roots)
        let watch = try #require(sampler.watchBirths())
        _ = try sampler.sweep()
        #expect(!isTold(watch))
        return (sampler, watch)
    }

    @Test("of a pod, and of its containers once a sweep has seen the pod", arguments: FakeNode.Version.allCases)
    func births(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        let (sampler, watch) = try watched(node.makeCgroup, node.roots())
        node.makeCgroup("kubepods/burstable/pod1/\(id(2))")
        #expect(isTold(watch))
        watch.drain()
        #expect(!isTold(watch))
        node.makeCgroup("kubepods/burstable/pod2")
        #expect(isTold(watch))
        watch.drain()
        _ = try sampler.sweep()
        #expect(!isTold(watch))
        node.makeCgroup("kubepods/burstable/pod2/\(id(3))")
        #expect(isTold(watch))
    }

    @Test("not of what is deeper, or beside the pods")
    func elsewhere() throws {
        let node = FakeNode(.v2)
        let (_, watch) = try watched(node.makeCgroup, node.roots())
        node.makeCgroup("kubepods/burstable/pod1/\(id(1))/inner")
        node.makeCgroup("system.slice/x.service")
        #expect(!isTold(watch))
    }

    @Test(
        "by the running kernel's cgroups",
        .enabled(if: KernelCgroups.obstacle == nil, Comment(rawValue: KernelCgroups.obstacle ?? "")))
    func kernel() throws {
        let cgroups = KernelCgroups("births")
        let (_, watch) = try watched(cgroups.make, cgroups.roots)
        cgroups.make("kubepods/burstable/pod1/\(id(2))")
        #expect(isTold(watch))
    }

    @Test("many more than the buffer holds are forgotten at once")
    func flood() throws {
        let node = FakeNode(.v2)
        let (_, watch) = try watched(node.makeCgroup, node.roots())
        for number in 10..<300 { node.makeCgroup("kubepods/burstable/pod1/\(id(number))") }
        #expect(isTold(watch))
        watch.drain()
        #expect(!isTold(watch))
    }
}
