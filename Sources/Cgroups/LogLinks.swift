// SPDX-License-Identifier: Apache-2.0

/// A link of /var/log/containers, whether its target exists or not.
struct LogLink {
    let file: String
    let name: LogLinkName
    let targetPath: String?
    let target: LogTarget?
    /// When the link itself was made, ns since 1970.
    let modificationTime: Int64?
}

/// The directory of links that the kubelet makes, one per container that it started. They outlive the containers, so it
/// has more of them than there are cgroups; nothing of it is kept.
struct LogLinks {
    let path: String
    private var lastListed: FileStatus?
    /// A change within the clock's grain of the listing would not show in the directory's time.
    private var mayHaveMissed = false

    /// Some filesystems keep whole seconds.
    private static let grain: Int64 = 1_000_000_000

    init(path: String) { self.path = path }

    /// Whether links can have come since the last listing.
    func hasChanged() throws(SystemFailure) -> Bool {
        let status = try FileStatus(path: path)
        guard let lastListed, !mayHaveMissed else { return true }
        return status.inode != lastListed.inode || status.device != lastListed.device
            || status.modificationTime != lastListed.modificationTime
    }

    /// As many as a node has containers, of which each has one link; more are somebody's mistake, or mischief.
    static let maximumWanted = NodeSampler.maximumContainers

    /// Reads the links of containers that are looked for.
    /// - Parameters:
    ///   - ids: theirs.
    ///   - podUIDs: of their pods; a link whose id is cut off is told by its target's.
    ///   - sandboxed: uids of pods whose containers have no cgroups, so that all their links are looked for.
    mutating func list(
        ids: Set<String>, podUIDs: Set<String>, sandboxed: Set<String>
    ) throws(SystemFailure) -> [LogLink] {
        try list(
            atMost: Self.maximumWanted,
            named: { id, isTruncated in isTruncated || !sandboxed.isEmpty || ids.contains(id) },
            where: { name, target in
                if !name.isTruncated, ids.contains(name.id) { return true }
                guard let uid = target?.pod.uid else { return false }
                return (name.isTruncated ? podUIDs : sandboxed).contains(uid)
            })
    }

    /// Reads links.
    /// - Parameters:
    ///   - isNamedSo: asked first, with the id and whether it is cut off.
    ///   - isWanted: asked with what the target says.
    mutating func list(
        atMost most: Int = .max, named isNamedSo: (String, Bool) -> Bool = { _, _ in true },
        where isWanted: (LogLinkName, LogTarget?) -> Bool = { _, _ in true }
    ) throws(SystemFailure) -> [LogLink] {
        let directory = try DirectoryHandle(root: path)
        let before = try directory.status()
        let now = Clock.realTime
        var found: [LogLink] = []
        try directory.forEachEntry { bytes, _, _ in
            guard found.count < most, let name = LogLinkName(bytes, where: isNamedSo), let file = text(bytes) else {
                return
            }
            let targetPath = directory.linkTarget(file)
            let target = targetPath.flatMap(LogTarget.init)
            guard isWanted(name, target) else { return }
            let status = try? directory.status(of: file)
            found.append(
                LogLink(
                    file: file, name: name, targetPath: targetPath, target: target,
                    modificationTime: status?.isLink == true ? status?.modificationTime : nil))
        }
        lastListed = before
        mayHaveMissed = now < before.modificationTime &+ Self.grain
        return found
    }
}
