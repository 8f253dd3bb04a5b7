// SPDX-License-Identifier: Apache-2.0
import CSpawn
import Glibc
import Testing

@testable import Cgroups

/// Cgroups in the running kernel's own v1 trees, below one directory that belongs to this value and goes with it.
final class KernelCgroups {
    static let trees = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/cpuacct"]
    let name: String
    private var processes: [pid_t] = []

    /// Why the tests cannot run here; nil: they can.
    static let obstacle: String? = {
        for tree in trees {
            let probe = tree + "/mp-test-probe-\(getpid())"
            guard mkdir(probe, 0o755) == 0 else {
                return
                    "\(probe) cannot be made: \(errorText(errno)); needs root and the v1 controllers memory and cpuacct"
            }
            rmdir(probe)
        }
        removeLeftovers()
        return nil
    }()

    /// Of test processes that ended without their deinits. Their loads have ended by themselves.
    private static func removeLeftovers() {
        for tree in trees {
            guard let directory = try? DirectoryHandle(root: tree), let entries = try? directory.subdirectories() else {
                continue
            }
            for entry in entries where entry.name.hasPrefix("mp-test-") {
                let parts = entry.name.split(separator: "-")
                guard parts.count == 4, let owner = pid_t(parts[2]), kill(owner, 0) != 0, errno == ESRCH else {
                    continue
                }
                remove(tree + "/" + entry.name, attempts: 1)
            }
        }
    }

    /// Runs shell words again and again for as long as this process lives. A killed one has no program any more, even
    /// while nobody has waited for it.
    static func whileWeLive(_ words: String, times: Int) -> String {
        "/bin/sh -c 'while [ -e /proc/\(getpid())/exe ]; do i=0; "
            + "while [ $i -lt \(times) ]; do i=$((i+1)); \(words); done; done' </dev/null >/dev/null 2>&1"
    }

    init(_ test: String) {
        name = "mp-test-\(getpid())-\(test)"
    }

    deinit {
        for process in processes {
            kill(process, SIGKILL)
            var status: Int32 = 0
            waitpid(process, &status, 0)
        }
        for tree in Self.trees { Self.remove(tree + "/" + name) }
    }

    /// A killed process leaves its cgroup a moment after it was waited for.
    private static func remove(_ path: String, attempts: Int = 500) {
        if let stream = opendir(path) {
            while let entry = readdir(stream) {
                let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
                let name = String(
                    cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
                if name != ".", name != "..", entry.pointee.d_type == DT_DIR {
                    remove(path + "/" + name, attempts: attempts)
                }
            }
            closedir(stream)
        }
        for _ in 0..<attempts {
            if rmdir(path) == 0 || errno == ENOENT { return }
            usleep(10_000)
        }
    }

    func make(_ path: String) {
        for tree in Self.trees {
            var made = tree + "/" + name
            mkdir(made, 0o755)
            for part in path.split(separator: "/") {
                made += "/" + part
                mkdir(made, 0o755)
            }
        }
    }

    func remove(_ path: String) {
        for tree in Self.trees { Self.remove(tree + "/" + name + "/" + path) }
    }

    func rename(_ path: String, to new: String) {
        for tree in Self.trees { Glibc.rename("\(tree)/\(name)/\(path)", "\(tree)/\(name)/\(new)") }
    }

    /// A shell that joins the cgroup and then runs `command` there.
    func run(_ command: String, in path: String) -> Bool {
        let joins = Self.trees.map { "echo $$ > \($0)/\(name)/\(path)/cgroup.procs" }.joined(separator: " && ")
        var process: pid_t = 0
        let words: [String] = ["/bin/sh", "-c", "\(joins) && exec \(command)"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        // Other tests' connections are not for it: they would stay open for as long as it runs.
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        CSpawn_add_close_from(&actions, 3)
        guard posix_spawn(&process, "/bin/sh", &actions, nil, arguments, environ) == 0 else { return false }
        processes.append(process)
        return true
    }

    /// The kernel's own word, read in another way than the sampler does.
    func value(_ file: String, of path: String, in tree: Int, key: String? = nil) -> UInt64? {
        guard let file = fopen(Self.trees[tree] + "/\(name)/\(path)/\(file)", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, 256, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let words = text.split { $0 == " " || $0 == "\n" }
            if let key {
                if words.first.map(String.init) == key, words.count == 2 { return UInt64(words[1]) }
            } else {
                return words.first.flatMap { UInt64($0) }
            }
        }
        return nil
    }

    var roots: NodeRoots { NodeRoots(logs: "/nonexistent", kubepods: name + "/kubepods") }
}

/// Waits for something that another process is about to do.
/// - Returns: false when it has not come true within a minute.
func waitUntil(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<12_000 {
        if try condition() { return true }
        usleep(5000)
    }
    return false
}

@Suite(
    "The running kernel",
    .enabled(if: KernelCgroups.obstacle == nil, Comment(rawValue: KernelCgroups.obstacle ?? "")), .serialized)
struct KernelTests {
    private let path = "kubepods/burstable/podu-1/\(id(1))"

    @Test("a busy process's CPU time and memory are the kernel's own")
    func figures() throws {
        let cgroups = KernelCgroups("figures")
        cgroups.make(path)
        #expect(cgroups.run(KernelCgroups.whileWeLive(":", times: 10_000), in: path))
        let sampler = try NodeSampler(roots: cgroups.roots)
        _ = try sampler.sweep()
        #expect(sampler.containers.count == 1)
        #expect(
            try waitUntil {
                _ = try sampler.sweep()
                return (sampler.containers.first?.cpuNanoseconds ?? 0) > 50_000_000
            })
        let first = try #require(sampler.containers.first)
        // Each reading lies between two of the kernel's own around it.
        for _ in 0..<5 {
            usleep(20_000)
            let before = try #require(cgroups.value("cpuacct.usage", of: path, in: 1))
            _ = try sampler.sweep()
            let after = try #require(cgroups.value("cpuacct.usage", of: path, in: 1))
            let cpu = try #require(sampler.containers.first?.cpuNanoseconds)
            #expect(before <= cpu && cpu <= after)
        }
        // The process may have had no turn meanwhile.
        #expect(
            try waitUntil {
                _ = try sampler.sweep()
                return (sampler.containers.first?.cpuNanoseconds ?? 0) > first.cpuNanoseconds ?? 0
            })
        let last = try #require(sampler.containers.first)
        let cpu = try #require(last.cpuNanoseconds) - (try #require(first.cpuNanoseconds))
        let elapsed = last.bootTimeNanoseconds - first.bootTimeNanoseconds
        // One thread cannot use more than one CPU; the slack is for being preempted between a read and its stamp.
        #expect(cpu > 0)
        #expect(cpu <= elapsed + 100_000_000)

        let usage = try #require(cgroups.value("memory.usage_in_bytes", of: path, in: 0))
        let inactive = try #require(cgroups.value("memory.stat", of: path, in: 0, key: "total_inactive_file"))
        let read = try #require(last.usageBytes)
        #expect(usage > 0)
        // Charges are batched per CPU.
        #expect(read.distance(to: usage).magnitude <= 1 << 20)
        #expect(try #require(last.workingSetBytes).distance(to: usage - min(usage, inactive)).magnitude <= 1 << 20)
        #expect(sampler.statistics.readErrors == 0)
        #expect(sampler.statistics.parseErrors == 0)
    }

    @Test("the node's own figures are the root cgroup's")
    func node() throws {
        let cgroups = KernelCgroups("node")
        cgroups.make("kubepods")
        let sampler = try NodeSampler(roots: cgroups.roots)
        let before = try #require(cgroups.value("../cpuacct.usage", of: "", in: 1))
        _ = try sampler.sweep()
        let after = try #require(cgroups.value("../cpuacct.usage", of: "", in: 1))
        let cpu = try #require(sampler.node.cpuNanoseconds)
        #expect(before <= cpu && cpu <= after)
        #expect(sampler.mode != .v2)
        #expect(try #require(sampler.node.workingSetBytes) <= (try #require(sampler.node.usageBytes)))
        #expect(try #require(sampler.node.usageBytes) <= sampler.capacity.memoryBytes)
        #expect(sampler.bootID.utf8.count == 36)
    }

    @Test("cgroups that come, go and are made anew are noticed by the kernel's link counts alone")
    func lifecycle() throws {
        let cgroups = KernelCgroups("lifecycle")
        cgroups.make("kubepods/burstable")
        let sampler = try NodeSampler(roots: cgroups.roots)
        #expect(try sampler.sweep().isEmpty)

        cgroups.make(path)
        let second = try sampler.sweep()
        #expect(second.appeared == [0])
        #expect(sampler.containers.first?.wasBorn == true)
        #expect(sampler.containers.first?.cpuNanoseconds == 0)
        let listed = sampler.statistics.directoriesListed
        #expect(try sampler.sweep().isEmpty)
        #expect(sampler.statistics.directoriesListed == listed)

        let inode = sampler.containers.first?.identity.inode
        cgroups.remove(path)
        cgroups.make(path)
        let anew = try sampler.sweep()
        #expect(anew.vanished == [0])
        #expect(anew.appeared == [0])
        #expect(sampler.containers.first?.identity.inode != inode)
        #expect(sampler.containers.first?.wasBorn == true)

        // The whole pod, with nothing to tell it by but that it is another one.
        cgroups.remove("kubepods/burstable/podu-1")
        cgroups.make("kubepods/burstable/podu-1/\(id(2))")
        let pod = try sampler.sweep()
        #expect(pod.vanished == [0])
        #expect(pod.appeared == [0])
        #expect(sampler.containers.map(\.identity.containerID) == [id(2)])

        cgroups.remove("kubepods/burstable/podu-1/\(id(2))")
        #expect(try sampler.sweep().vanished == [0])

        cgroups.remove("kubepods")
        #expect(try sampler.sweep().isEmpty)
        #expect(sampler.kubepodsProblem?.code == .noKubepods)
        #expect(sampler.node.cpuNanoseconds != nil)
        cgroups.make(path)
        #expect(try sampler.sweep().appeared == [0])
        #expect(sampler.statistics.readErrors == 0)
        #expect(sampler.statistics.parseErrors == 0)
    }

    @Test("a container or pod that is renamed keeps its past: it is not called born")
    func renaming() throws {
        let cgroups = KernelCgroups("renaming")
        cgroups.make(path)
        let sampler = try NodeSampler(roots: cgroups.roots)
        _ = try sampler.sweep()
        // Something else must change too: a name alone does not show in the link count.
        let pod = "kubepods/burstable/podu-1"
        cgroups.rename(path, to: "\(pod)/\(id(2))")
        cgroups.make("\(pod)/\(id(3))")
        _ = try sampler.sweep()
        #expect(sampler.record(id(1)) == nil)
        #expect(sampler.record(id(2))?.wasBorn == false)
        #expect(sampler.record(id(3))?.wasBorn == true)

        cgroups.rename(pod, to: "kubepods/burstable/podu-2")
        cgroups.make("kubepods/burstable/podu-3/\(id(4))")
        _ = try sampler.sweep()
        #expect(Set(sampler.containers.map(\.identity.podUID)) == ["u-2", "u-3"])
        #expect(sampler.record(id(3))?.wasBorn == false)
        #expect(sampler.record(id(4))?.wasBorn == true)
    }

    @Test("a container that comes and goes all the time never makes a sweep fail")
    func churn() throws {
        let cgroups = KernelCgroups("churn")
        cgroups.make("kubepods/podu-1")
        let paths = KernelCgroups.trees.map { "\($0)/\(cgroups.name)/kubepods/podu-1/\(id(3))" }.joined(separator: " ")
        #expect(cgroups.run(KernelCgroups.whileWeLive("mkdir \(paths); rmdir \(paths)", times: 10), in: "kubepods"))
        let sampler = try NodeSampler(roots: cgroups.roots)
        var present: Set<Int> = []
        var appeared = 0
        let deadline = Clock.bootTime + 10_000_000_000
        while sampler.statistics.sweeps < 2000 || appeared < 20 && Clock.bootTime < deadline {
            let changes = try sampler.sweep()
            for slot in changes.vanished { #expect(present.remove(slot) != nil) }
            for slot in changes.appeared { #expect(present.insert(slot).inserted) }
            appeared += changes.appeared.count
            #expect(present == Set(sampler.slots.indices.filter { sampler.slots[$0] != nil }))
        }
        #expect(appeared > 0)
        #expect(sampler.statistics.readErrors == 0)
        #expect(sampler.statistics.parseErrors == 0)
    }

    @Test("a limit is what the kernel was told, and none before")
    func limits() throws {
        let cgroups = KernelCgroups("limits")
        cgroups.make(path)
        let sampler = try NodeSampler(roots: cgroups.roots)
        _ = try sampler.sweep()
        #expect(sampler.details(slot: 0).memoryLimitBytes == nil)
        let file = open("\(KernelCgroups.trees[0])/\(cgroups.name)/\(path)/memory.limit_in_bytes", O_WRONLY | O_CLOEXEC)
        #expect(write(file, "67108864", 8) == 8)
        close(file)
        #expect(sampler.details(slot: 0).memoryLimitBytes == 67_108_864)
    }
}
