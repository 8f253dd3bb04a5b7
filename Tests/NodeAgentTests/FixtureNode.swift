// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Glibc
import TLSTestSupport

/// A v2 node's trees in a temporary directory.
final class FixtureNode {
    static let pod = "kubepods/burstable/podu-1"

    private let directory = TemporaryDirectory()
    /// Inode of the container that was made last.
    private var newest: ino_t = 0

    init() {
        write("proc/stat", "cpu  100 20 30 400 5 6 7 8 0 0\ncpu0 50 10 15 200 2 3 3 4 0 0\nintr 9\n")
        write("proc/meminfo", "MemTotal:       24684464 kB\nMemFree:        23000000 kB\n")
        write("proc/sys/kernel/random/boot_id", "0f3a7c1e-1b2c-4d5e-8f90-123456789abc\n")
        write("cgroup/cgroup.controllers", "cpuset cpu io memory pids\n")
        write("cgroup/cpu.stat", "usage_usec 5000000\nuser_usec 3000000\nsystem_usec 2000000\n")
        write("cgroup/memory.stat", "anon 1024000\nfile 5120000\nkernel 77\ninactive_file 2048000\n")
        make("log/containers")
        make("log/pods")
    }

    var roots: NodeRoots {
        NodeRoots(
            cgroup: directory.path + "/cgroup", proc: directory.path + "/proc", logs: directory.path + "/log",
            kubepods: nil, ownPodUID: nil)
    }

    /// Where something of this node really is.
    func file(_ path: String) -> String { directory.file(path) }

    func write(_ path: String, _ text: String) {
        if let slash = path.lastIndex(of: "/") { make(String(path[..<slash])) }
        _ = directory.write(path, Array(text.utf8))
    }

    func make(_ path: String) {
        var made = directory.path
        for part in path.split(separator: "/") {
            made += "/" + part
            mkdir(made, 0o755)
        }
    }

    func remove(_ path: String) {
        _ = try? ChildProcess.run(["rm", "-rf", directory.file(path)])
    }

    /// - Parameters:
    ///   - cpu: µs.
    ///   - memory: working set in KiB.
    ///   - weight: 1 is what a runtime gives a sandbox.
    func container(_ id: String, in pod: String = FixtureNode.pod, cpu: UInt64, memory: UInt64, weight: Int = 100) {
        let path = "cgroup/\(pod)/\(id)"
        makeNewest(path)
        write("\(path)/cpu.weight", "\(weight)\n")
        write("\(path)/cpu.stat", "usage_usec \(cpu)\nuser_usec 1\nsystem_usec 1\n")
        write("\(path)/memory.stat", "anon 1\nfile 2\ninactive_file 4096\n")
        write("\(path)/memory.current", "\(memory * 1024 + 4096)\n")
    }

    /// Directories of cgroupfs are numbered upwards, which tells their order. A disk uses the number of a directory again
    /// that another test removes; such ones are kept aside until there is a higher one.
    private func makeNewest(_ path: String) {
        let file = directory.file(path)
        guard access(file, F_OK) != 0 else { return }
        make("spare")
        for _ in 0..<1_000 {
            make(path)
            var status = stat()
            stat(file, &status)
            if status.st_ino > newest {
                newest = status.st_ino
                return
            }
            rename(file, directory.file("spare/\(status.st_ino)"))
        }
        fatalError("no directory with a higher inode than \(newest)")
    }

    func link(pod: String, container: String, id: String, uid: String = "u-1") {
        symlink(
            "/var/log/pods/default_\(pod)_\(uid)/\(container)/0.log",
            directory.file("log/containers/\(pod)_default_\(container)-\(id).log"))
    }
}

/// A container id, 64 digits.
func id(_ number: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "a", count: 64 - digits.count) + digits
}
