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

    /// Reads the links whose names `isWanted`.
    mutating func list(where isWanted: (LogLinkName) -> Bool) throws(SystemFailure) -> [LogLink] {
        let directory = try DirectoryHandle(root: path)
        let before = try directory.status()
        let now = Clock.realTime
        var found: [LogLink] = []
        try directory.forEachEntry { bytes, _, _ in
            guard let name = LogLinkName(bytes), isWanted(name), let file = text(bytes) else { return }
            let status = try? directory.status(of: file)
            let target = directory.linkTarget(file)
            found.append(
                LogLink(
                    file: file, name: name, targetPath: target, target: target.flatMap(LogTarget.init),
                    modificationTime: status?.isLink == true ? status?.modificationTime : nil))
        }
        lastListed = before
        mayHaveMissed = now < before.modificationTime &+ Self.grain
        return found
    }
}
