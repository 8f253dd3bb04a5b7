// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cgroups

private let c = id(1)

@Suite("Names of cgroup directories")
struct CgroupNameTests {
    @Test(
        "containers of every runtime",
        arguments: [
            ("cri-containerd-\(c).scope", "cri-containerd", true), ("crio-\(c).scope", "crio", true),
            ("crio-\(c)", "crio", false), ("docker-\(c).scope", "docker", true), (c, nil, false),
            ("containerd-\(c).scope", "containerd", true), ("libpod-\(c).scope", "libpod", true),
            ("\(c).scope", nil, true),
        ] as [(String, String?, Bool)])
    func containers(_ name: String, _ runtime: String?, _ isScope: Bool) {
        #expect(CgroupName(name) == .container(id: c, runtime: runtime, isScope: isScope))
    }

    @Test("Kata's sandbox, mounts and a container that the runtime misplaced")
    func others() {
        #expect(CgroupName("kata_\(c)") == .sandboxVM(id: c))
        #expect(CgroupName("kata_overhead") == .sandboxVM(id: "overhead"))
        #expect(CgroupName("var-lib-docker.mount") == .mount)
        #expect(CgroupName("\(c).mount") == .mount)
        #expect(
            CgroupName("kubepods-burstable-pod1234abcd_1111_2222_3333_444455556666.slice:cri-containerd:\(c)")
                == .misplaced(podUID: "1234abcd-1111-2222-3333-444455556666", qos: .burstable, id: c))
    }

    @Test(
        "everything else is overhead",
        arguments: [
            "", "crio-conmon-\(c).scope", "crio-conmon-\(c)", "container", "init.scope", "docker", "kata_", "\(c)0",
            String(c.dropLast()), c.uppercased(), "podman-\(c).scope", "\(c).scope.scope",
            "cri-containerd-\(c).service",
            "cri-containerd-\(c.dropLast())g.scope", "-\(c)", ".slice:cri-containerd:\(c)",
            "kubepods-x.slice:cri-containerd:\(c)", "kubepods-pod.slice:cri-containerd:\(c)", "é\(c)",
        ])
    func overhead(_ name: String) {
        #expect(CgroupName(name) == .overhead)
    }

    @Test("bytes that are not text are overhead")
    func notText() {
        let bytes: [UInt8] = [0x6b, 0x61, 0x74, 0x61, 0x5f, 0xff, 0xfe]
        #expect(CgroupName(bytes.span) == .overhead)
    }
}

@Suite("Names of pods' directories")
struct KubepodsNamesTests {
    let u = "9b1f2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
    let underscored = "9b1f2c3d_4e5f_6071_8293_a4b5c6d7e8f9"

    @Test("systemd repeats the parents' names")
    func systemd() {
        let names = KubepodsNames(root: "kubepods.slice")
        #expect(names.driver == .systemd)
        #expect(names.qos("kubepods-burstable.slice") == .burstable)
        #expect(names.qos("kubepods-besteffort.slice") == .bestEffort)
        #expect(names.qos("burstable") == nil)
        #expect(names.podUID("kubepods-pod\(underscored).slice", qos: .guaranteed) == u)
        #expect(names.podUID("kubepods-burstable-pod\(underscored).slice", qos: .burstable) == u)
        #expect(names.podUID("kubepods-besteffort-pod\(underscored).slice", qos: .bestEffort) == u)
        #expect(names.podUID("kubepods-burstable-pod\(underscored).slice", qos: .bestEffort) == nil)
        #expect(names.podUID("kubepods-burstable.slice", qos: .guaranteed) == nil)
        #expect(names.podUID("kubepods-pod.slice", qos: .guaranteed) == nil)
        #expect(names.podUID("kubepods-pod\(underscored)", qos: .guaranteed) == nil)
        #expect(names.podUID("kubepods-poda-b.slice", qos: .guaranteed) == nil)
        let below = KubepodsNames(root: "a-b-kubepods.slice")
        #expect(below.qos("a-b-kubepods-burstable.slice") == .burstable)
        #expect(below.podUID("a-b-kubepods-burstable-pod\(underscored).slice", qos: .burstable) == u)
    }

    @Test("cgroupfs does not")
    func cgroupfs() {
        let names = KubepodsNames(root: "kubepods")
        #expect(names.driver == .cgroupfs)
        #expect(names.qos("burstable") == .burstable)
        #expect(names.qos("besteffort") == .bestEffort)
        #expect(names.qos("kubepods-burstable.slice") == nil)
        #expect(names.podUID("pod\(u)", qos: .burstable) == u)
        #expect(names.podUID("pod", qos: .burstable) == nil)
        #expect(names.podUID("burstable", qos: .guaranteed) == nil)
    }

    @Test("a static pod's uid is a hash, or whatever its manifest says")
    func oddUIDs() {
        let hash = "0123456789abcdef0123456789abcdef"
        #expect(KubepodsNames(root: "kubepods.slice").podUID("kubepods-pod\(hash).slice", qos: .guaranteed) == hash)
        #expect(KubepodsNames(root: "kubepods").podUID("pod\(hash)", qos: .guaranteed) == hash)
        #expect(KubepodsNames(root: "kubepods").podUID("podmy-pod-uid", qos: .guaranteed) == "my-pod-uid")
        #expect(
            KubepodsNames(root: "kubepods.slice").podUID("kubepods-podmy_pod_uid.slice", qos: .guaranteed)
                == "my-pod-uid")
        #expect(KubepodsNames(root: "kubepods").podUID("pod\u{7}x", qos: .guaranteed) == nil)
        #expect(KubepodsNames(root: "kubepods").podUID("podü", qos: .guaranteed) == nil)
    }

    @Test("roots by name")
    func roots() {
        #expect(KubepodsNames.isRoot("kubepods"))
        #expect(KubepodsNames.isRoot("kubepods.slice"))
        #expect(KubepodsNames.isRoot("kubelet-kubepods.slice"))
        #expect(!KubepodsNames.isRoot("kubepods-burstable.slice"))
        #expect(!KubepodsNames.isRoot("mykubepods.slice"))
        #expect(!KubepodsNames.isRoot("kubepods2"))
    }
}

@Suite("Names of log links")
struct LogLinkNameTests {
    private func parse(_ name: String) -> LogLinkName? { LogLinkName(name.utf8.span) }

    @Test("pod, namespace and container, in this order")
    func usual() {
        let link = parse("coredns-5d7-x_kube-system_coredns-\(c).log")
        #expect(link?.id == c)
        #expect(link?.isTruncated == false)
        #expect(link?.name == .init(namespace: "kube-system", pod: "coredns-5d7-x", container: "coredns"))
    }

    @Test(
        "a name of 250 or 251 bytes is whole, beyond that the id is cut",
        arguments: [250, 251, 252, 275, 309, 315, 320])
    func lengths(_ length: Int) {
        // "pod_ns_container-" is length - 64 bytes long.
        let container = "app"
        let namespace = "ns"
        let pod = String(repeating: "p", count: length - 64 - 1 - container.utf8.count - 1 - namespace.utf8.count - 1)
        let whole = "\(pod)_\(namespace)_\(container)-\(c)"
        #expect(whole.utf8.count == length)
        let link = parse(String(whole.prefix(251)) + ".log")
        if length <= 251 {
            #expect(link?.isTruncated == false)
            #expect(link?.id == c)
            #expect(link?.name?.container == container)
        } else {
            #expect(link?.isTruncated == true)
            #expect(link?.name == nil)
            #expect(link?.id == String(c.prefix(max(0, 64 - (length - 251)))))
        }
    }

    @Test("names that Kubernetes does not allow are not taken")
    func invalidNames() {
        for bad in [
            "Pod_ns_app", "pod_ns", "pod_ns_app_x", "_ns_app", "pod__app", "pod_ns_", "p\u{1b}[31m_ns_app",
            "pod_ns_äpp",
            "p od_ns_app", "pod_n/s_app",
        ] {
            let link = parse("\(bad)-\(c).log")
            #expect(link?.id == c)
            #expect(link?.name == nil, "\(bad)")
        }
        let bytes: [UInt8] = [0xff, 0xfe] + Array("_ns_app-\(c).log".utf8)
        #expect(LogLinkName(bytes.span)?.name == nil)
    }

    @Test(
        "other files are none",
        arguments: ["", ".log", "x.log", "pod_ns_app-\(c)", "pod_ns_app-123.log", "\(c).log.gz"])
    func others(_ name: String) {
        #expect(parse(name) == nil)
    }

    @Test("a link's target has all names and the restart count")
    func target() {
        let target = LogTarget("/var/log/pods/ns_pod_u-1/app/3.log")
        #expect(target?.pod == PodLogDirectory("ns_pod_u-1"))
        #expect(target?.pod.uid == "u-1")
        #expect(target?.container == "app")
        #expect(target?.restartCount == 3)
        #expect(LogTarget("/elsewhere/pods/ns_pod_u_1/app/3.log")?.pod.uid == "u_1")
        #expect(LogTarget("/var/log/pods/ns_pod_u/app/latest")?.restartCount == nil)
        #expect(LogTarget("/var/log/pods/ns_pod_u/app/-1.log")?.restartCount == nil)
        for bad in [
            "", "/", "x.log", "app/0.log", "/ns_pod/app/0.log", "/NS_pod_u/app/0.log", "/ns_pod_/app/0.log",
            "/ns_pod_u/App/0.log",
        ] {
            #expect(LogTarget(bad) == nil, "\(bad)")
        }
    }
}
