// SPDX-License-Identifier: Apache-2.0

/// What a node's kernel tells that no sweep asks for, and that says whether sweeps can do well. One thread uses it.
public final class NodeProbe {
    private let trees: CgroupTrees
    private let proc: DirectoryHandle
    private var reader = FileReader()

    public init(roots: NodeRoots) throws(CgroupError) {
        trees = try CgroupTrees(at: roots.cgroup)
        proc = try NodeSampler.proc(roots.proc)
    }

    public var mode: CgroupMode { trees.mode }

    /// Whether containers' memory is counted at all: v1 with a memory controller's mount, v2 with the controller in
    /// `cgroup.controllers`. nil: cannot be read.
    public var countsMemory: Bool? {
        guard let tree = trees.memory else { return false }
        guard trees.mode == .v2 else { return true }
        return try? reader.whole("cgroup.controllers", in: tree.handle) { text($0) }
            .split(whereSeparator: \.isWhitespace).contains("memory")
    }

    // MARK: Pressure

    public enum PressureSupport: Equatable, Sendable {
        case perCgroup
        /// The kernel tells it of the whole machine alone, as with v1.
        case wholeMachine
        case none
    }

    /// - Parameter path: of a cgroup below the mount.
    public func pressure(of path: String) -> PressureSupport {
        if trees.mode == .v2, let tree = trees.memory,
            (try? reader.whole(path + "/cpu.pressure", in: tree.handle) { Pressure($0) }) != nil
        {
            return .perCgroup
        }
        return (try? reader.whole("pressure/cpu", in: proc) { Pressure($0) }) == nil ? .none : .wholeMachine
    }

    // MARK: Cgroups that are gone

    public struct Census: Equatable, Sendable {
        /// Directories of the memory controller's tree, with its top.
        public let directories: Int
        /// All of them were counted.
        public let isComplete: Bool
        /// Removed cgroups whose memory the kernel still accounts for; nil: it does not say.
        public let dying: UInt64?
    }

    private static let deepest = 32
    private static let most = 200_000
    private static let patience: UInt64 = 3_000_000_000

    /// Counts for three seconds at most.
    public func census() -> Census? {
        guard let tree = trees.memory else { return nil }
        let walk = BoundedWalk(
            maximumDepth: Self.deepest, maximumDirectories: Self.most, deadline: Clock.bootTime &+ Self.patience)
        let result = walk.run(tree) { _, _ in true }
        let directories = result.directories + 1
        return Census(
            directories: directories, isComplete: result.isComplete,
            dying: trees.mode == .v2 ? dyingDescendants(tree) : uncounted(tree, directories, result.isComplete))
    }

    private func dyingDescendants(_ tree: CgroupTree) -> UInt64? {
        try? reader.number("nr_dying_descendants", of: "cgroup.stat", in: tree.handle)
    }

    /// v1 tells only how many there are in all, so it takes the whole tree: its top alone has a `release_agent`.
    private func uncounted(_ tree: CgroupTree, _ directories: Int, _ isComplete: Bool) -> UInt64? {
        guard isComplete, tree.handle.contains("release_agent"),
            let known = try? reader.whole("cgroups", in: proc, parse: { ProcCgroups.count(of: "memory", in: $0) })
        else { return nil }
        return known > UInt64(directories) ? known - UInt64(directories) : 0
    }
}

/// `/proc/cgroups` (cgroups(7)).
enum ProcCgroups {
    /// The third column of the controller's line: its cgroups, removed ones that are still in use included.
    static func count(of controller: StaticString, in bytes: Span<UInt8>) -> UInt64? {
        var position = 0
        while position < bytes.count {
            if bytes.begins(with: controller, at: position) {
                var value = position + controller.utf8CodeUnitCount
                guard value < bytes.count, bytes[value] == tabulator else { return nil }
                value += 1
                guard decimal(bytes, at: &value) != nil, value < bytes.count, bytes[value] == tabulator else {
                    return nil
                }
                value += 1
                guard let count = decimal(bytes, at: &value), value < bytes.count, bytes[value] == tabulator else {
                    return nil
                }
                return count
            }
            while position < bytes.count, bytes[position] != newline { position += 1 }
            position += 1
        }
        return nil
    }

    private static let tabulator = UInt8(ascii: "\t")
}
