// SPDX-License-Identifier: Apache-2.0

/// A kubepods root that was found.
struct KubepodsRoot {
    /// The tree that the walk goes through.
    let tree: CgroupTree
    /// Relative to that tree.
    let path: String
    let names: KubepodsNames
}

/// Finds where the kubelet keeps its pods: `kubepods`, `kubepods.slice` or `a-b-kubepods.slice`, at the top, below
/// `--cgroup-root`, or inside the container that a node itself runs in.
struct KubepodsFinder {
    /// `docker/<id>/kubepods` and `a.slice/a-b.slice/a-b-kubepods.slice` are 3 deep.
    static let maximumDepth = 4
    /// Far more than any host's slices above its pods; a tree beyond it is not one that we should search each sweep.
    static let maximumDirectories = 10_000

    let roots: NodeRoots
    var trace: SamplerTrace?

    func find(in trees: CgroupTrees) throws(CgroupError) -> KubepodsRoot {
        var searched: [String] = []
        // v1 hierarchies can disagree: a controller that was never delegated has no pods in it.
        for tree in [trees.memory, trees.mode == .v2 ? nil : trees.accounting] {
            guard let tree else { continue }
            if let found = try find(in: tree) { return found }
            searched.append(tree.path)
        }
        let place = searched.joined(separator: " and ")
        if let path = roots.kubepods {
            throw CgroupError(
                .noKubepods, path: place, cause: "there is no directory \(path) in it",
                wayOut: "--kubepods-root names the kubelet's pods' cgroup, relative to the mount; without it, it is "
                    + "looked for")
        }
        throw CgroupError(
            .noKubepods, path: place,
            cause: "no kubepods, kubepods.slice or *-kubepods.slice in \(Self.maximumDepth) levels",
            wayOut: "is this a node whose kubelet runs pods, and the host's own tree (--cgroup-root)? "
                + "--kubepods-root names the place when it is called otherwise")
    }

    private func find(in tree: CgroupTree) throws(CgroupError) -> KubepodsRoot? {
        let candidates = try candidates(in: tree)
        if roots.kubepods != nil {
            trace?.chose(.named, in: tree, of: candidates)
            return candidates.first
        }
        guard candidates.count > 1 else {
            trace?.chose(candidates.isEmpty ? nil : .onlyOne, in: tree, of: candidates)
            return candidates.first
        }
        if let uid = roots.ownPodUID, let own = candidates.first(where: { has($0, uid: uid) }) {
            trace?.chose(.holdsOwnPod(uid: uid), in: tree, of: candidates)
            return own
        }
        // A changed cgroup driver leaves the old root behind, without pods.
        let inUse = candidates.filter { has($0, uid: nil) }
        trace?.chose(inUse.count == 1 ? .onlyOneInUse : nil, in: tree, of: candidates)
        if inUse.count == 1 { return inUse.first }
        throw CgroupError(
            .ambiguousKubepods, path: tree.path,
            cause: "several roots: " + candidates.map(\.path).joined(separator: ", "),
            wayOut: "--kubepods-root picks one; in a pod, its own uid does")
    }

    /// Every root of the tree, whichever is this node's.
    func candidates(in tree: CgroupTree) throws(CgroupError) -> [KubepodsRoot] {
        if let path = roots.kubepods { return try explicit(path, in: tree).map { [$0] } ?? [] }
        return try search(tree)
    }

    private func explicit(_ path: String, in tree: CgroupTree) throws(CgroupError) -> KubepodsRoot? {
        let parts = path.split(separator: "/")
        guard let last = parts.last, !parts.contains(".."), !parts.contains(".") else { return nil }
        let relative = parts.joined(separator: "/")
        do throws(SystemFailure) {
            guard try tree.handle.status(of: relative).isDirectory else { return nil }
        } catch {
            if error.isDenied { throw .permissionDenied(tree.path + "/" + relative, errno: error.errno) }
            return nil
        }
        return KubepodsRoot(tree: tree, path: relative, names: KubepodsNames(root: String(last)))
    }

    /// Breadth first, so that the list is in order of depth. A tree that is bound into itself is entered once.
    private func search(_ tree: CgroupTree) throws(CgroupError) -> [KubepodsRoot] {
        var found: [KubepodsRoot] = []
        var seen: Set<FileIdentity> = []
        var denied: (path: String, errno: Int32)?
        var level = [""]
        var visited = 0
        for _ in 0..<Self.maximumDepth {
            var next: [String] = []
            for directory in level where visited < Self.maximumDirectories {
                visited += 1
                trace?.directoriesSearched += 1
                do throws(SystemFailure) {
                    let handle = try tree.handle.directory(directory.isEmpty ? "." : directory)
                    guard seen.insert(FileIdentity(try handle.status())).inserted else { continue }
                    for entry in try handle.subdirectories() {
                        let path = directory.isEmpty ? entry.name : directory + "/" + entry.name
                        if KubepodsNames.isRoot(entry.name) {
                            let status = try handle.status(of: entry.name)
                            if seen.insert(FileIdentity(status)).inserted {
                                found.append(
                                    KubepodsRoot(tree: tree, path: path, names: KubepodsNames(root: entry.name)))
                            }
                        } else if mayHoldRoot(entry.name) {
                            next.append(path)
                        }
                    }
                } catch {
                    if error.isDenied || error.isExhausted {
                        denied = denied ?? (tree.path + "/" + directory, error.errno)
                    }
                }
            }
            level = next
        }
        if found.isEmpty, let denied {
            throw .unusable(denied.path, errno: denied.errno, flag: "--cgroup-root")
        }
        return found
    }

    private func mayHoldRoot(_ name: String) -> Bool {
        !(name.hasSuffix(".service") || name.hasSuffix(".scope") || name.hasSuffix(".mount") || name == "user.slice")
    }

    /// Whether the pod with this uid, or any pod, is below the root.
    private func has(_ root: KubepodsRoot, uid: String?) -> Bool {
        func anyPod(in path: String, qos: QoSClass) throws(SystemFailure) -> Bool {
            for entry in try root.tree.handle.directory(path).subdirectories() {
                if let found = root.names.podUID(entry.name, qos: qos) {
                    if uid == nil || uid == found { return true }
                } else if qos == .guaranteed, let lower = root.names.qos(entry.name),
                    try anyPod(in: path + "/" + entry.name, qos: lower)
                {
                    return true
                }
            }
            return false
        }
        do { return try anyPod(in: root.path, qos: .guaranteed) } catch { return false }
    }
}

extension SamplerTrace {
    fileprivate func chose(_ reason: RootReason?, in tree: CgroupTree, of candidates: [KubepodsRoot]) {
        rootChoices.append(RootChoice(tree: tree.path, candidates: candidates.map(\.path), reason: reason))
    }
}

/// What makes a file itself, whatever its paths.
struct FileIdentity: Hashable {
    let device: UInt64
    let inode: UInt64

    init(_ status: FileStatus) {
        device = status.device
        inode = status.inode
    }
}
