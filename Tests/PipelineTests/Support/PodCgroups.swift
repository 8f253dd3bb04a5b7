// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport

/// Pods in the running kernel's cgroups, laid out and named as kubelet and containerd do, with their log links. All of it is
/// below one directory a tree that belongs to this value and goes with it.
final class PodCgroups {
    /// The root holds this and the process that made it. `make run` leaves pods with such a root alone.
    static let prefix = "metrics-push-test"

    let trees: KernelTrees
    private let root: String
    private let logs = TemporaryDirectory()
    private var loads: [String: CPULoad] = [:]

    init(_ test: String) throws {
        guard let trees = KernelTrees.current else { throw Program.Failure(description: "no cgroups") }
        self.trees = trees
        root = "\(Self.prefix).\(getpid()).\(test)"
        // The kubelet has both classes from its start.
        make("kubepods/burstable")
        make("kubepods/besteffort")
    }

    deinit {
        loads.removeAll()
        for tree in trees.paths { Self.remove("\(tree)/\(root)") }
    }

    /// Of test processes that ended without their deinits. Their loads end by themselves.
    static func removeLeftovers(in trees: KernelTrees) {
        for tree in trees.paths {
            let listed = (try? ChildProcess.run(["find", tree, "-maxdepth", "1", "-name", "\(prefix).*"]).text) ?? ""
            for path in listed.split(separator: "\n") {
                let parts = path.split(separator: "/").last?.split(separator: ".") ?? []
                guard parts.count == 3, let owner = pid_t(parts[1]), Glibc.kill(owner, 0) != 0, errno == ESRCH else {
                    continue
                }
                remove(String(path), attempts: 1)
            }
        }
    }

    /// A process that was killed leaves its cgroup a moment after it was waited for.
    private static func remove(_ path: String, attempts: Int = 200) {
        for _ in 0..<attempts {
            _ = try? ChildProcess.run(["find", path, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"])
            if access(path, F_OK) != 0 { return }
            usleep(20_000)
        }
    }

    private func make(_ path: String) {
        for tree in trees.paths {
            var made = "\(tree)/\(root)"
            mkdir(made, 0o755)
            for part in path.split(separator: "/") {
                if trees.isVersion2 { enableControllers(made) }
                made += "/\(part)"
                mkdir(made, 0o755)
            }
        }
    }

    /// v2 hands controllers down one level at a time.
    private func enableControllers(_ path: String) {
        for controller in ["cpu", "memory"] {
            guard let file = fopen("\(path)/cgroup.subtree_control", "we") else { continue }
            fputs("+\(controller)", file)
            fclose(file)
        }
    }

    /// One container of one pod.
    struct Container {
        var namespace = "pipe"
        var pod: String
        var uid: String
        var name: String
        /// 64 digits.
        var id: String

        /// Of both the API's answers and `ServedFigure`.
        var servedName: String { "\(namespace)/\(pod)/\(name)" }
        fileprivate var podPath: String { "kubepods/burstable/pod\(uid)" }
        fileprivate var path: String { "\(podPath)/\(id)" }
    }

    /// Makes the container's cgroup and log link, and starts a process with a known load in it.
    func start(_ container: Container, percent: Int, mebibytes: Int) throws {
        make(container.path)
        let names = "\(container.namespace)_\(container.pod)_\(container.uid)/\(container.name)"
        let link = "\(container.pod)_\(container.namespace)_\(container.name)-\(container.id).log"
        try ChildProcess.check(["mkdir", "-p", logs.file("containers"), logs.file("pods/\(names)")])
        symlink("/var/log/pods/\(names)/0.log", logs.file("containers/\(link)"))
        let procs = trees.paths.map { "\($0)/\(root)/\(container.path)/cgroup.procs" }
        loads[container.id] = try CPULoad(percent: percent, mebibytes: mebibytes, procs: procs)
    }

    /// What the runtime writes for limits of CPU, in percent of one, and of memory.
    func limit(_ container: Container, percent: Int, mebibytes: Int) throws {
        let (quota, bytes) = (percent * 1_000, mebibytes << 20)
        let files =
            trees.isVersion2
            ? [("cpu.max", "\(quota) 100000"), ("memory.max", "\(bytes)")]
            : [
                ("cpu.cfs_period_us", "100000"), ("cpu.cfs_quota_us", "\(quota)"),
                ("memory.limit_in_bytes", "\(bytes)"),
            ]
        for (name, text) in files {
            let places = trees.paths.map { "\($0)/\(root)/\(container.path)/\(name)" }
            guard let file = places.first(where: { access($0, W_OK) == 0 }).flatMap({ fopen($0, "we") }) else {
                throw Program.Failure(description: "no \(name) in \(places)")
            }
            fputs(text, file)
            guard fclose(file) == 0 else { throw Program.Failure(description: "\(name): errno \(errno)") }
        }
    }

    /// Makes the container's cgroup alone.
    func makeEmpty(_ container: Container) { make(container.path) }

    /// The process dies and the runtime removes its cgroup; kubelet removes the link.
    func end(_ container: Container, andPod: Bool = false) throws {
        loads[container.id] = nil
        for tree in trees.paths {
            Self.remove("\(tree)/\(root)/\(andPod ? container.podPath : container.path)")
        }
        let link = "\(container.pod)_\(container.namespace)_\(container.name)-\(container.id).log"
        unlink(logs.file("containers/\(link)"))
    }

    /// Relative to each tree.
    func path(of container: Container) -> String { "\(root)/\(container.path)" }

    /// The kubepods directory of each tree.
    var kubepods: [String] { trees.paths.map { "\($0)/\(root)/kubepods" } }

    /// What /var/log is on a node.
    var logRoot: String { logs.path }

    /// The agent's flags for this node.
    var flags: [String] { ["--kubepods-root", "\(root)/kubepods", "--log-root", logs.path] }
}
