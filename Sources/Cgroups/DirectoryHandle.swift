// SPDX-License-Identifier: Apache-2.0
import CKernel
import Glibc

/// A system call that failed.
struct SystemFailure: Error, Equatable {
    let errno: Int32

    /// What is asked about is not there (any more): ENOENT before, ENODEV after a cgroup was opened.
    var isMissing: Bool { errno == ENOENT || errno == ENODEV }
    var isDenied: Bool { errno == EACCES || errno == EPERM }
    /// No descriptor is left, to the process or to the whole node.
    var isExhausted: Bool { errno == EMFILE || errno == ENFILE }

    static var last: SystemFailure { SystemFailure(errno: Glibc.errno) }
}

/// An open directory that paths are resolved from; closed with its owner. `O_PATH`: it needs no read permission, and it
/// keeps a removed cgroup's number from meaning another one.
struct DirectoryHandle: ~Copyable {
    let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { _ = close(descriptor) }

    /// A root that the operator named: links in it are followed.
    init(root path: String) throws(SystemFailure) {
        let flags = CKernel_path_only_directory() & ~O_NOFOLLOW
        self.init(descriptor: try Self.open(AT_FDCWD, path, flags))
    }

    /// A directory below; the last element may not be a link.
    func directory(_ path: String) throws(SystemFailure) -> DirectoryHandle {
        DirectoryHandle(descriptor: try Self.open(descriptor, path, CKernel_path_only_directory()))
    }

    private static func open(_ base: Int32, _ path: String, _ flags: Int32) throws(SystemFailure) -> Int32 {
        let opened = unsafe openat(base, path, flags)
        guard opened >= 0 else { throw .last }
        return opened
    }

    /// `statfs(2)` f_type; nil when it cannot be known.
    var filesystemType: Int64? {
        let type = CKernel_filesystem_type(descriptor)
        return type < 0 ? nil : type
    }

    /// Of the directory itself.
    func status() throws(SystemFailure) -> FileStatus {
        var found = stat()
        guard unsafe fstat(descriptor, &found) == 0 else { throw .last }
        return FileStatus(found)
    }

    /// Of an entry; a link is not followed.
    func status(of path: String) throws(SystemFailure) -> FileStatus {
        var found = stat()
        // Passing the string itself would copy it.
        let result = unsafe path.withCString { unsafe fstatat(descriptor, $0, &found, AT_SYMLINK_NOFOLLOW) }
        guard result == 0 else { throw .last }
        return FileStatus(found)
    }

    func contains(_ path: String) -> Bool {
        do { return try status(of: path).inode != 0 } catch { return false }
    }

    /// Whether this cgroup still exists, under whichever name: nothing is in a removed one.
    var isLiveCgroup: Bool { contains("cgroup.procs") }

    /// A link's target; nil when it is no link, or not text.
    func linkTarget(_ path: String) -> String? { Self.linkTarget(path, in: descriptor) }

    static func linkTarget(_ path: String, in descriptor: Int32) -> String? {
        // A path of the kernel is at most PATH_MAX long; a longer target would come back cut off and is refused.
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            guard let base = buffer.baseAddress else { return nil }
            let count = unsafe readlinkat(descriptor, path, base, buffer.count)
            guard count > 0, count < buffer.count else { return nil }
            let bytes = unsafe Span(
                _unsafeStart: UnsafeRawPointer(base).assumingMemoryBound(to: UInt8.self), count: count)
            return text(bytes)
        }
    }
}

/// The part of `stat(2)` that is used here.
struct FileStatus: Equatable {
    let device: UInt64
    let inode: UInt64
    let linkCount: UInt64
    let modificationTime: Int64
    /// The nine bits of chmod(1).
    let permissions: UInt32
    let isDirectory: Bool
    let isLink: Bool

    /// Of a place that the operator named: a link is followed.
    init(path: String) throws(SystemFailure) {
        var found = stat()
        guard unsafe path.withCString({ unsafe stat($0, &found) }) == 0 else { throw .last }
        self.init(found)
    }

    init(_ found: stat) {
        device = UInt64(found.st_dev)
        inode = UInt64(found.st_ino)
        linkCount = UInt64(found.st_nlink)
        modificationTime = Clock.nanoseconds(found.st_mtim)
        permissions = UInt32(found.st_mode) & 0o777
        isDirectory = found.st_mode & S_IFMT == S_IFDIR
        isLink = found.st_mode & S_IFMT == S_IFLNK
    }
}
