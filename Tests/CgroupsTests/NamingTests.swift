// SPDX-License-Identifier: Apache-2.0
import Glibc
import Testing

@testable import Cgroups

private let uid = "9b1f2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
private let pod = "kubepods/burstable/pod\(uid)"

@Suite("Names")
struct NamingTests {
    @Test(
        "a dangling link names its container, with the restarts and the start time",
        arguments: FakeNode.Version.allCases)
    func links(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        node.container("\(pod)/\(id(1))")
        node.link(
            namespace: "shop", pod: "web-0", container: "app", id: id(1), uid: uid, restarts: 4, modified: 1_700_000_000
        )
        // Of a container that is no more.
        node.link(namespace: "shop", pod: "web-0", container: "app", id: id(99), uid: uid, restarts: 3)
        let sampler = try node.sampler()
        let changes = try sampler.sweep()
        #expect(changes.appeared == [0])
        #expect(changes.renamed.isEmpty)
        let record = try #require(sampler.record(id(1)))
        #expect(record.role == .app)
        #expect(
            record.name
                == ContainerName(namespace: "shop", pod: "web-0", container: "app", restartCount: 4, source: .logLink))
        #expect(record.startTimeUnixNanoseconds == 1_700_000_000_000_000_000)
        #expect("\(NameSource.logLink)" == "log-link")
    }

    @Test("a link that comes later renames its container once")
    func later() throws {
        let node = FakeNode(.v2)
        node.container("\(pod)/\(id(1))")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(id(1))?.role == .pending)
        #expect(sampler.record(id(1))?.name == nil)
        node.link(pod: "web", container: "app", id: id(1), uid: uid)
        #expect(try sampler.sweep().renamed == [0])
        #expect(sampler.record(id(1))?.name?.container == "app")
        #expect(try sampler.sweep().isEmpty)
    }

    @Test("a link that was there before its cgroup names it at once")
    func earlier() throws {
        let node = FakeNode(.v2)
        node.makeCgroup(pod)
        node.link(pod: "web", container: "app", id: id(1), uid: uid)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        node.container("\(pod)/\(id(1))")
        let changes = try sampler.sweep()
        #expect(changes.appeared == [0])
        #expect(changes.renamed.isEmpty)
        #expect(sampler.record(id(1))?.name?.pod == "web")
    }

    @Test(
        "a born container starts when its link or its directory was made, whichever is older, but not before the last sweep"
    )
    func bornStart() throws {
        let node = FakeNode(.v2)
        node.makeCgroup(pod)
        let sampler = try node.sampler()
        let first = try sampler.sweep()
        node.container("\(pod)/\(id(1))")
        node.link(pod: "web", container: "app", id: id(1), uid: uid, modified: 1_500_000_000)
        _ = try sampler.sweep()
        #expect(sampler.record(id(1))?.startTimeUnixNanoseconds == first.realTimeNanoseconds)
        #expect(sampler.record(id(1))?.wasBorn == true)
    }

    @Test("without a link the start is the directory's time at first sight, and stays")
    func frozenStart() throws {
        let node = FakeNode(.v2)
        node.container("\(pod)/\(id(1))")
        let path = node.directory + "/cgroup/\(pod)/\(id(1))"
        let time = timespec(tv_sec: 1_600_000_000, tv_nsec: 5)
        utimensat(AT_FDCWD, path, [time, time], 0)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        let later = timespec(tv_sec: 1_650_000_000, tv_nsec: 0)
        utimensat(AT_FDCWD, path, [later, later], 0)
        _ = try sampler.sweep()
        #expect(sampler.record(id(1))?.startTimeUnixNanoseconds == 1_600_000_000_000_000_005)
    }

    @Test("an id that is cut off is found by the link's target", arguments: [40, 10, 6, 1, 0])
    func truncatedIDs(_ digits: Int) throws {
        let node = FakeNode(.v2)
        let container = "app"
        let namespace = "ns"
        let name = String(repeating: "p", count: 251 - digits - 1 - container.utf8.count - 1 - namespace.utf8.count - 1)
        let ids = node.byAge([id(1), id(2), id(3)].map { String($0.reversed()) }, in: pod)
        let chosen = ids[1]
        node.container("\(pod)/\(ids[0])", weight: 1)
        node.container("\(pod)/\(ids[1])", weight: 39)
        node.container("\(pod)/\(ids[2])", weight: 39)
        node.link(pod: "other", container: "sidecar", id: ids[2], uid: uid)
        node.link(namespace: namespace, pod: name, container: container, id: chosen, uid: uid)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        let record = try #require(sampler.record(chosen))
        #expect(
            record.name
                == ContainerName(
                    namespace: namespace, pod: name, container: container, restartCount: 0, source: .linkTarget))
    }

    @Test("a lost id that fits several containers names none until they can be told apart")
    func ambiguousTruncation() throws {
        let node = FakeNode(.v2)
        let name = String(repeating: "p", count: 251 - 1 - 3 - 1 - 2 - 1)
        let ids = node.byAge([id(1), id(2)], in: pod)
        node.container("\(pod)/\(ids[0])")
        node.container("\(pod)/\(ids[1])", weight: 39)
        node.write("cgroup/\(pod)/\(ids[0])/cpu.weight", "50\n")
        node.link(namespace: "ns", pod: name, container: "app", id: ids[1], uid: uid)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.containers.allSatisfy { $0.name == nil })
        node.write("cgroup/\(pod)/\(ids[0])/cpu.weight", "1\n")
        for _ in 0..<2 { _ = try sampler.sweep() }
        #expect(sampler.record(ids[0])?.role == .sandbox)
        #expect(sampler.record(ids[1])?.name?.source == .linkTarget)
    }

    @Test("a link of another pod with the same piece of an id is not taken")
    func foreignTarget() throws {
        let node = FakeNode(.v2)
        node.container("\(pod)/\(id(1))")
        let name = String(repeating: "p", count: 251 - 10 - 1 - 3 - 1 - 2 - 1)
        node.link(namespace: "ns", pod: name, container: "app", id: id(1), uid: "another-uid")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(id(1))?.name == nil)
    }

    @Test("names with escapes, capitals or underscores are not taken; the target's are, if they are names of that pod")
    func hostileNames() throws {
        let node = FakeNode(.v2)
        for number in 1...3 { node.container("\(pod)/\(id(number))") }
        node.rawLink("we\u{1b}[31mb_ns_app-\(id(1)).log", to: "/var/log/pods/ns_web_\(uid)/app/0.log")
        node.rawLink("Web_ns_app-\(id(2)).log", to: "/var/log/pods/ns_Web_\(uid)/app/0.log")
        node.rawLink("a_b_c_app-\(id(3)).log", to: "/var/log/pods/ns_web_other/app/0.log")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(id(1))?.name?.pod == "web")
        #expect(sampler.record(id(1))?.name?.source == .linkTarget)
        #expect(sampler.record(id(2))?.name == nil)
        #expect(sampler.record(id(3))?.name == nil)
    }

    @Test("a static pod's link carries its hash")
    func staticPod() throws {
        let node = FakeNode(.v2)
        let hash = "0123456789abcdef0123456789abcdef"
        node.container(
            "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\(hash).slice/cri-containerd-\(id(1)).scope")
        node.link(
            namespace: "kube-system", pod: "kube-apiserver-node-1.example", container: "kube-apiserver", id: id(1),
            uid: hash)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(id(1))?.identity.podUID == hash)
        #expect(sampler.record(id(1))?.name?.pod == "kube-apiserver-node-1.example")
    }

    @Test("no log directory: containers go unnamed, and why is said; names come with it")
    func noLogs() throws {
        let node = FakeNode(.v2)
        node.container("\(pod)/\(id(1))")
        node.remove("log")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(id(1))?.cpuNanoseconds != nil)
        #expect(sampler.namesProblem?.description.contains("--log-root") == true)
        node.make("log/containers")
        node.link(pod: "web", container: "app", id: id(1), uid: uid)
        #expect(try sampler.sweep().renamed == [0])
        #expect(sampler.namesProblem == nil)
    }
}

@Suite("Sandboxes")
struct SandboxTests {
    @Test(
        "the oldest container without a link and with the least weight is the sandbox",
        arguments: FakeNode.Version.allCases)
    func leastWeight(_ version: FakeNode.Version) throws {
        let node = FakeNode(version, accounting: version == .v1 ? "cpu,cpuacct" : "")
        let ids = node.byAge([id(1), id(2), id(3)], in: pod)
        // A best-effort container has the least weight too.
        for id in ids { node.container("\(pod)/\(id)", weight: 1) }
        node.link(pod: "web", container: "app", id: ids[2], uid: uid)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(ids[0])?.role == .sandbox)
        #expect(sampler.record(ids[1])?.role == .pending)
        #expect(sampler.record(ids[2])?.role == .app)
    }

    @Test("a lone container of more weight is none")
    func moreWeight() throws {
        let node = FakeNode(.v2)
        node.container("\(pod)/\(id(1))", weight: 39)
        let sampler = try node.sampler()
        for _ in 0..<2 { _ = try sampler.sweep() }
        #expect(sampler.record(id(1))?.role == .pending)
    }

    @Test("a sandbox stays one when an older container with a link is still there")
    func stuckContainer() throws {
        let node = FakeNode(.v2)
        let ids = node.byAge([id(1), id(2), id(3)], in: pod)
        for id in ids { node.container("\(pod)/\(id)", weight: 1) }
        node.link(pod: "web", container: "old", id: ids[0], uid: uid)
        node.link(pod: "web", container: "app", id: ids[2], uid: uid)
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(ids[0])?.role == .app)
        #expect(sampler.record(ids[1])?.role == .sandbox)
        #expect(sampler.record(ids[2])?.role == .app)
    }

    @Test("without a CPU controller the oldest of several is the sandbox, and a link has the last word")
    func unknownWeight() throws {
        let node = FakeNode(.v1)
        let ids = node.byAge([id(1), id(2)], in: pod)
        for id in ids { node.container("\(pod)/\(id)") }
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(ids[0])?.role == .sandbox)
        #expect(sampler.record(ids[1])?.role == .pending)
        node.link(pod: "web", container: "app", id: ids[0], uid: uid)
        #expect(try sampler.sweep().renamed.count == 1)
        #expect(sampler.record(ids[0])?.role == .app)
    }

    @Test("CRI-O's stand-in for a dropped sandbox is one whatever its age")
    func spoofed() throws {
        let node = FakeNode(.v2)
        let slice = "kubepods.slice/kubepods-podu.slice"
        node.container("\(slice)/crio-\(id(1)).scope")
        node.container("\(slice)/crio-\(id(2))")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(id(1))?.role == .pending)
        #expect(sampler.record(id(2))?.role == .sandbox)
    }

    @Test("a container whose link never comes is named by the one log directory that is left")
    func elimination() throws {
        let node = FakeNode(.v2)
        let ids = node.byAge([id(1), id(2), id(3)], in: pod)
        node.container("\(pod)/\(ids[0])", weight: 1)
        node.container("\(pod)/\(ids[1])", weight: 39)
        node.container("\(pod)/\(ids[2])", weight: 39)
        node.link(namespace: "ns", pod: "web", container: "app", id: ids[1], uid: uid)
        node.make("log/pods/ns_web_\(uid)/app")
        node.make("log/pods/ns_web_\(uid)/journal")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        #expect(sampler.record(ids[2])?.name == nil)
        // As if it had waited: there is no clock to turn forward but its own.
        sampler.makeOlder(by: NodeSampler.patience)
        #expect(try sampler.sweep().renamed.count == 1)
        #expect(
            sampler.record(ids[2])?.name
                == ContainerName(
                    namespace: "ns", pod: "web", container: "journal", restartCount: nil, source: .byElimination))
    }

    @Test("with two log directories left nothing is said")
    func noElimination() throws {
        let node = FakeNode(.v2)
        let ids = node.byAge([id(1), id(2)], in: pod)
        node.container("\(pod)/\(ids[0])", weight: 1)
        node.container("\(pod)/\(ids[1])", weight: 39)
        node.make("log/pods/ns_web_\(uid)/app")
        node.make("log/pods/ns_web_\(uid)/init")
        let sampler = try node.sampler()
        _ = try sampler.sweep()
        sampler.makeOlder(by: NodeSampler.patience)
        _ = try sampler.sweep()
        #expect(sampler.record(ids[1])?.role == .pending)
    }
}
