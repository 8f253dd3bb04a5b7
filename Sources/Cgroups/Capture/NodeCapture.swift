// SPDX-License-Identifier: Apache-2.0

/// Copies what the agent reads of a node, so that the node can be looked at elsewhere: `CapturedFiles` of the node and of the
/// pods' cgroups, the links of container logs, and the names of their directories.
public final class NodeCapture {
    /// More log links or pods' directories than this are the dead containers of years.
    static let maximumLogs = 65_536

    let roots: NodeRoots
    let trees: CgroupTrees
    let kubepods: [KubepodsRoot]
    var reader = FileReader()
    /// By path below the mount.
    private var before: [String: CgroupFacts] = [:]
    private var rootBefore = CgroupFacts()
    public internal(set) var summary = CaptureSummary()

    /// - Throws: when there is nothing to capture, or the roots are a capture themselves.
    public init(roots: NodeRoots) throws(CgroupError) {
        if let directory = roots.capture, try NodeFacts.read(directory) != nil {
            throw CgroupError(
                .unreadable, path: directory, cause: "is a capture already",
                wayOut: "copy it, or capture a running node")
        }
        self.roots = roots
        trees = try CgroupTrees(at: roots.cgroup)
        var found: [KubepodsRoot] = []
        for tree in [trees.memory, trees.mode == .v2 ? nil : trees.accounting] {
            guard let tree, let candidates = try? KubepodsFinder(roots: roots).candidates(in: tree) else { continue }
            for root in candidates where !found.contains(where: { $0.path == root.path }) { found.append(root) }
        }
        kubepods = found
    }

    /// Takes the first of the two readings of CPU time that make rates. To be called a second before `write`.
    public func readEarlier() {
        do throws(CgroupError) {
            let sampler = try NodeSampler(roots: roots)
            _ = try sampler.sweep()
            rootBefore = CgroupFacts(before: sampler.node.cpuNanoseconds, at: sampler.node.bootTimeNanoseconds)
            for record in sampler.slots {
                guard let record else { continue }
                // A container without a cgroup of its own has its pod's path.
                guard record.identity.inode != 0 else { continue }
                before[record.identity.path] = facts(
                    record.cpuNanoseconds, record.bootTimeNanoseconds,
                    sampler.details(path: record.identity.path, .throttling))
            }
            for pod in sampler.readPods(memory: false) {
                before[pod.path] = facts(
                    pod.cpuNanoseconds, pod.bootTimeNanoseconds, sampler.details(path: pod.path, .throttling))
            }
        } catch {
            // A node that no agent can read is the one that somebody else has to look at.
            summary.problems.append("\(error)")
        }
    }

    private func facts(_ cpu: UInt64?, _ time: UInt64, _ details: CgroupDetails) -> CgroupFacts {
        var facts = CgroupFacts(before: cpu, at: time)
        facts.periodsBefore = details.periods
        facts.throttledPeriodsBefore = details.throttledPeriods
        facts.throttledBefore = details.throttledNanoseconds
        return facts
    }

    /// Reads everything and hands it on, the capture's own facts first.
    /// - Parameter nodeName: nil when the agent does not know it.
    /// - Throws: what `sink` throws; `CgroupError` when no cgroup's file could be read.
    public func write(nodeName: String?, to sink: @escaping (CapturedEntry) throws -> Void) throws {
        var facts = NodeFacts(bootTime: Clock.bootTime, realTime: Clock.realTime)
        facts.nodeName = nodeName
        facts.podUID = roots.ownPodUID
        facts.kubepods = roots.kubepods
        facts.root = rootBefore
        let proc = readProc(&facts.root)
        let trees = trees.captured.map { tree, files in
            Tree(tree: tree, files: files.sorted(), place: "sys/fs/cgroup" + tree.path.dropFirst(roots.cgroup.count))
        }
        let root = read(".", in: trees, &facts.root)
        guard summary.files > proc.count else { throw nothing }

        var writer = EntryWriter(time: facts.realTime, sink: sink)
        try writer.file(CgroupFacts.fileName, Array(facts.lines.utf8), nil)
        for file in proc { try writer.file("proc/" + file.name, file.bytes, file.status) }
        try writeTop(trees, &writer)
        for (tree, files) in root { try write(tree.place, files, facts: nil, &writer) }
        let walk = CgroupWalk(kubepods, in: trees.map(\.tree))
        for path in walk.paths {
            var facts = before[path] ?? CgroupFacts()
            let copies = read(path, in: trees, &facts)
            for (tree, files) in copies {
                facts.inode = files.status.inode
                try write(tree.place + "/" + path, files, facts: facts, &writer)
            }
            if !copies.isEmpty { summary.cgroups += 1 }
        }
        try writeLogs(&writer)
    }

    // MARK: Reading

    struct Tree {
        let tree: CgroupTree
        let files: [String]
        /// In the archive.
        let place: String
    }

    struct File {
        let name: String
        let bytes: [UInt8]
        let status: FileStatus
    }

    struct Directory {
        let status: FileStatus
        let files: [File]
    }

    /// What a cgroup is in each of the trees that have it.
    private func read(_ path: String, in trees: [Tree], _ facts: inout CgroupFacts) -> [(Tree, Directory)] {
        let isUnified = self.trees.mode == .v2
        var found: [(Tree, Directory)] = []
        for tree in trees {
            guard let handle = try? tree.tree.handle.directory(path), let status = try? handle.status() else {
                continue
            }
            var files: [File] = []
            for name in tree.files + (path == "." && isUnified ? CapturedFiles.unifiedRoot : []) {
                guard let file = read(name, in: handle) else { continue }
                files.append(file)
                if name == (isUnified ? "cpu.stat" : "cpuacct.usage") { facts.bootTime = reader.stamp }
            }
            // Removed while it was read.
            if path != ".", !tree.tree.handle.contains(path) { continue }
            found.append((tree, Directory(status: status, files: files)))
        }
        return found
    }

    /// nil: not there, any more or at all; or not for us to read.
    func read(_ name: String, in directory: borrowing DirectoryHandle) -> File? {
        do throws(ReadFailure) {
            let bytes = try reader.whole(name, in: directory, stamped: true) { bytes -> [UInt8]? in
                var copy: [UInt8] = []
                copy.reserveCapacity(bytes.count)
                for index in bytes.indices { copy.append(bytes[index]) }
                return copy
            }
            guard let status = try? directory.status(of: name) else { return nil }
            summary.files += 1
            return File(name: name, bytes: bytes, status: status)
        } catch {
            switch error {
            // Larger than any file of the kernel's that we know.
            case .malformed: summary.skipped += 1
            case .system(let failure):
                if failure.isDenied { summary.skipped += 1 }
            }
            return nil
        }
    }

    private func readProc(_ root: inout CgroupFacts) -> [File] {
        guard let handle = try? DirectoryHandle(root: roots.proc) else { return [] }
        var found: [File] = []
        for name in CapturedFiles.proc {
            guard let file = read(name, in: handle) else { continue }
            if name == "stat" { root.bootTime = reader.stamp }
            guard name == CapturedFiles.mounts else {
                found.append(file)
                continue
            }
            let lines = file.bytes.split(separator: newline).filter { line in
                CapturedFiles.isAboutCgroups(Array(line).span, root: roots.cgroup)
            }
            found.append(File(name: name, bytes: lines.flatMap { $0 + [newline] }, status: file.status))
        }
        return found
    }

    private var nothing: CgroupError {
        CgroupError(
            .unreadable, path: roots.cgroup, cause: "no file of it can be read, so that there is nothing to capture",
            wayOut: "run as root, or with gid 0 where the host's tree is mounted; --cgroup-root names another")
    }
}

/// What a capture has in it.
public struct CaptureSummary: Sendable, Equatable {
    /// Of pods, their classes, and what is in pods.
    public internal(set) var cgroups = 0
    public internal(set) var files = 0
    public internal(set) var links = 0
    /// Files that are too large or that we may not read.
    public internal(set) var skipped = 0
    /// Why something is not in it, in words for the operator.
    public internal(set) var problems: [String] = []
}

extension CgroupFacts {
    fileprivate init(before cpu: UInt64?, at time: UInt64) {
        cpuBefore = cpu
        bootTimeBefore = cpu == nil ? nil : time
    }
}
