// SPDX-License-Identifier: Apache-2.0

/// A file of the node, as an archive has it.
public struct CapturedEntry: Sendable, Equatable {
    public enum Content: Sendable, Equatable {
        case directory
        case file([UInt8])
        /// With its target, which need not exist.
        case link(String)
    }

    /// Where the agent looks for it, without the leading slash: `sys/fs/cgroup/…`, `proc/…`, `var/log/…`.
    public var path: String
    public var content: Content
    /// The nine bits of `chmod(1)`.
    public var permissions: UInt32
    /// ns since 1970.
    public var modificationTime: Int64

    public init(path: String, content: Content, permissions: UInt32, modificationTime: Int64) {
        self.path = path
        self.content = content
        self.permissions = permissions
        self.modificationTime = modificationTime
    }
}

/// Hands entries on, with the directories above each before it.
struct EntryWriter {
    /// Of directories that are made up.
    let time: Int64
    let sink: (CapturedEntry) throws -> Void
    private var directories: Set<String> = []

    init(time: Int64, sink: @escaping (CapturedEntry) throws -> Void) {
        self.time = time
        self.sink = sink
    }

    mutating func directory(_ path: String, _ status: FileStatus?) throws {
        guard !path.isEmpty, !directories.contains(path) else { return }
        try parents(of: path)
        directories.insert(path)
        // Whoever extracts it must be able to write into it and remove it.
        try sink(
            CapturedEntry(
                path: path, content: .directory, permissions: (status?.permissions ?? 0o755) | 0o700,
                modificationTime: status?.modificationTime ?? time))
    }

    mutating func file(_ path: String, _ bytes: [UInt8], _ status: FileStatus?) throws {
        try parents(of: path)
        try sink(
            CapturedEntry(
                path: path, content: .file(bytes), permissions: (status?.permissions ?? 0o644) | 0o400,
                modificationTime: status?.modificationTime ?? time))
    }

    mutating func link(_ path: String, to target: String, _ status: FileStatus) throws {
        try parents(of: path)
        try sink(
            CapturedEntry(
                path: path, content: .link(target), permissions: 0o777, modificationTime: status.modificationTime))
    }

    private mutating func parents(of path: String) throws {
        if let slash = path.lastIndex(of: "/") { try directory(String(path[..<slash]), nil) }
    }
}
