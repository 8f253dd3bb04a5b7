// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A mounted tree of cgroups.
final class CgroupTree {
    let path: String
    let handle: DirectoryHandle

    init(path: String, handle: consuming DirectoryHandle) {
        self.path = path
        self.handle = handle
    }

    /// nil when it is not there.
    convenience init?(_ name: String, in parent: borrowing DirectoryHandle, at path: String) throws(CgroupError) {
        do throws(SystemFailure) {
            self.init(path: path + "/" + name, handle: try parent.directory(name))
        } catch {
            if error.isDenied || error.isExhausted {
                throw .unusable(path + "/" + name, errno: error.errno, flag: "--cgroup-root")
            }
            return nil
        }
    }

    var isVersion2: Bool { handle.filesystemType == CgroupTrees.version2Magic || handle.contains("cgroup.controllers") }
}

/// The node's cgroup trees, and which of them holds what.
struct CgroupTrees {
    /// `CGROUP2_SUPER_MAGIC` of linux/magic.h.
    static let version2Magic: Int64 = 0x6367_7270

    let mode: CgroupMode
    /// v2: the one tree. v1: the `memory` controller's.
    let memory: CgroupTree?
    /// v2: the same. v1: the `cpuacct` controller's.
    let accounting: CgroupTree?
    /// v2: the same. v1: the `cpu` controller's, which has the shares and quotas.
    let cpu: CgroupTree?

    /// Looks at what is mounted at `path`. A tree that is no cgroup filesystem, such as a captured one, is told by what
    /// is in it.
    init(at path: String, trace: SamplerTrace? = nil) throws(CgroupError) {
        let top: CgroupTree
        do throws(SystemFailure) {
            top = CgroupTree(path: path, handle: try DirectoryHandle(root: path))
        } catch {
            if error.isDenied || error.isExhausted {
                throw .unusable(path, errno: error.errno, flag: "--cgroup-root")
            }
            throw CgroupError(
                .noCgroupFilesystem, path: path, errno: error.errno, cause: "cannot be opened",
                wayOut: "--cgroup-root names the place where the host's cgroup filesystem is mounted")
        }
        trace?.saw(top)
        if top.isVersion2 {
            self.init(unified: top)
            return
        }
        let memory = try CgroupTree("memory", in: top.handle, at: path)
        let accounting = try Self.first(of: ["cpu,cpuacct", "cpuacct,cpu", "cpuacct"], in: top)
        let unified = try CgroupTree("unified", in: top.handle, at: path)
        for tree in [memory, accounting, unified] {
            if let tree { trace?.saw(tree) }
        }
        if memory == nil, accounting == nil {
            if let unified, unified.isVersion2 {
                self.init(unified: unified)
                return
            }
            throw CgroupError(
                .noCgroupFilesystem, path: path,
                cause: "neither a cgroup v2 tree (no cgroup.controllers) nor v1 controllers (no memory, no cpuacct)",
                wayOut: "--cgroup-root names the place where the host's cgroup filesystem is mounted")
        }
        for tree in [memory, accounting] {
            // The mount of the whole directory came along, the controllers' own mounts did not.
            if let tree, try !Self.hasEntries(tree) {
                throw CgroupError(
                    .noCgroupFilesystem, path: tree.path, cause: "an empty directory, no controller is mounted on it",
                    wayOut: "mount the host's directory with everything below it (a recursive bind; "
                        + "mountPropagation: HostToContainer), or name another with --cgroup-root")
            }
        }
        let cpu = try Self.first(of: ["cpu,cpuacct", "cpuacct,cpu", "cpu"], in: top)
        self.init(mode: unified == nil ? .v1 : .hybrid, memory: memory, accounting: accounting, cpu: cpu)
    }

    private init(unified: CgroupTree) {
        self.init(mode: .v2, memory: unified, accounting: unified, cpu: unified)
    }

    private init(mode: CgroupMode, memory: CgroupTree?, accounting: CgroupTree?, cpu: CgroupTree?) {
        self.mode = mode
        self.memory = memory
        self.accounting = accounting
        self.cpu = cpu
    }

    /// Controllers that are mounted together go by either order; the single names are then links, or absent.
    private static func first(of names: [String], in top: CgroupTree) throws(CgroupError) -> CgroupTree? {
        for name in names {
            if let tree = try CgroupTree(name, in: top.handle, at: top.path) { return tree }
        }
        return nil
    }

    private static func hasEntries(_ tree: CgroupTree) throws(CgroupError) -> Bool {
        var isEmpty = true
        do throws(SystemFailure) {
            try tree.handle.forEachEntry { _, _, _ in isEmpty = false }
        } catch {
            throw .unusable(tree.path, errno: error.errno, flag: "--cgroup-root")
        }
        return !isEmpty
    }
}
