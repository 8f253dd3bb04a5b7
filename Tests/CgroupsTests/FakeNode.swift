// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Glibc

/// A node's trees in a temporary directory, which is removed with the value's last owner.
final class FakeNode {
    enum Version: CaseIterable { case v1, v2 }

    let version: Version
    let directory: String
    /// v1 mounts; the usual ones are separate here, tests ask for combined ones.
    let accounting: String

    init(_ version: Version, accounting: String = "cpuacct") {
        self.version = version
        self.accounting = accounting
        var template = Array("/tmp/cgroups-test-XXXXXX".utf8CString)
        directory = template.withUnsafeMutableBufferPointer { buffer in
            buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? "/tmp/cgroups-test-failed"
        }
        write(
            "proc/stat",
            "cpu  100 20 30 400 5 6 7 8 0 0\ncpu0 50 10 15 200 2 3 3 4 0 0\ncpu1 50 10 15 200 3 3 4 4 0 0\nintr 9\n")
        write("proc/meminfo", Fixture.meminfo)
        write("proc/sys/kernel/random/boot_id", "0f3a7c1e-1b2c-4d5e-8f90-123456789abc\n")
        make("log/containers")
        make("log/pods")
        switch version {
        case .v2:
            write("cgroup/cgroup.controllers", "cpuset cpu io memory pids\n")
            write("cgroup/cpu.stat", "usage_usec 5000000\nuser_usec 3000000\nsystem_usec 2000000\n")
            write("cgroup/memory.stat", "anon 1000\nfile 5000\nkernel 77\ninactive_file 2000\n")
        case .v1:
            write("cgroup/memory/memory.usage_in_bytes", "6000\n")
            write("cgroup/memory/memory.stat", "cache 1\ninactive_file 1\ntotal_inactive_file 2000\n")
            write("cgroup/\(accounting)/cpuacct.usage", "5000000000\n")
        }
    }

    deinit { Self.remove(directory) }

    func roots(kubepods: String? = nil, ownPodUID: String? = nil) -> NodeRoots {
        NodeRoots(
            cgroup: directory + "/cgroup", proc: directory + "/proc", logs: directory + "/log", kubepods: kubepods,
            ownPodUID: ownPodUID)
    }

    func sampler() throws -> NodeSampler { try NodeSampler(roots: roots()) }

    // MARK: Files

    func make(_ path: String) {
        var made = directory
        for part in path.split(separator: "/") {
            made += "/" + part
            mkdir(made, 0o755)
        }
    }

    func write(_ path: String, _ text: String) {
        if let slash = path.lastIndex(of: "/") { make(String(path[..<slash])) }
        let file = open(directory + "/" + path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        defer { close(file) }
        var text = text
        _ = text.withUTF8 { Glibc.write(file, $0.baseAddress, $0.count) }
    }

    func remove(_ path: String) { Self.remove(directory + "/" + path) }

    static func remove(_ path: String) {
        if let stream = opendir(path) {
            while let entry = readdir(stream) {
                let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
                let name = String(
                    cString: UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self))
                if name == "." || name == ".." { continue }
                if entry.pointee.d_type == DT_DIR { remove(path + "/" + name) } else { unlink(path + "/" + name) }
            }
            closedir(stream)
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    // MARK: Cgroups

    /// A directory in every tree that the version has.
    func makeCgroup(_ path: String) {
        switch version {
        case .v2: make("cgroup/" + path)
        case .v1:
            make("cgroup/memory/" + path)
            make("cgroup/\(accounting)/" + path)
        }
    }

    func removeCgroup(_ path: String) {
        switch version {
        case .v2: remove("cgroup/" + path)
        case .v1:
            remove("cgroup/memory/" + path)
            remove("cgroup/\(accounting)/" + path)
        }
    }

    /// A container with the files that are read. CPU in µs.
    func container(
        _ path: String, cpu: UInt64 = 1000, usage: UInt64 = 8192, inactive: UInt64 = 4096, weight: Int? = nil
    ) {
        switch version {
        case .v2:
            write("cgroup/\(path)/cpu.stat", "usage_usec \(cpu)\nuser_usec 1\nsystem_usec 1\n")
            write(
                "cgroup/\(path)/memory.stat",
                "anon 1\nfile 2\ninactive_anon 3\ninactive_file \(inactive)\nactive_file 9\n")
            write("cgroup/\(path)/memory.current", "\(usage)\n")
            if let weight { write("cgroup/\(path)/cpu.weight", "\(weight)\n") }
        case .v1:
            write("cgroup/\(accounting)/\(path)/cpuacct.usage", "\(cpu * 1000)\n")
            write("cgroup/memory/\(path)/memory.stat", "cache 1\ninactive_file 7\ntotal_inactive_file \(inactive)\n")
            write("cgroup/memory/\(path)/memory.usage_in_bytes", "\(usage)\n")
            if let weight {
                let cpuTree = accounting.contains(",") ? accounting : "cpu"
                write("cgroup/\(cpuTree)/\(path)/cpu.shares", "\(weight == 1 ? 2 : weight)\n")
            }
        }
    }

    // MARK: Logs

    /// The link and the directory that the kubelet makes for a container; the target file itself is never there.
    @discardableResult
    func link(
        namespace: String = "default", pod: String, container: String, id: String, uid: String, restarts: Int = 0,
        modified: Int? = nil
    ) -> String {
        let target = "/var/log/pods/\(namespace)_\(pod)_\(uid)/\(container)/\(restarts).log"
        let base = String("\(pod)_\(namespace)_\(container)-\(id)".prefix(251))
        return rawLink(base + ".log", to: target, modified: modified)
    }

    @discardableResult
    func rawLink(_ name: String, to target: String, modified: Int? = nil) -> String {
        let path = directory + "/log/containers/" + name
        symlink(target, path)
        if let modified {
            let time = timespec(tv_sec: modified, tv_nsec: 0)
            utimensat(AT_FDCWD, path, [time, time], AT_SYMLINK_NOFOLLOW)
        }
        return path
    }
}

extension FakeNode {
    /// Makes directories for containers with these ids in a pod, and returns the ids in order of age.
    func byAge(_ ids: [String], in pod: String) -> [String] {
        for id in ids { makeCgroup("\(pod)/\(id)") }
        return ids.map { (inode("\(pod)/\($0)"), $0) }.sorted { $0.0 < $1.0 }.map(\.1)
    }

    func inode(_ cgroup: String) -> UInt64 {
        var found = stat()
        stat(directory + "/cgroup/" + (version == .v1 ? "memory/" : "") + cgroup, &found)
        return UInt64(found.st_ino)
    }
}

extension NodeSampler {
    /// The containers that are there.
    var containers: [ContainerRecord] { slots.compactMap { $0 } }

    func record(_ id: String) -> ContainerRecord? { containers.first { $0.identity.containerID == id } }
}

/// A container id, 64 digits.
func id(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "a", count: 64 - digits.count) + digits
}
