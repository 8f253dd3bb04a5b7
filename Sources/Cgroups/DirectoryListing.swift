// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A directory's entry: its name, and the inode that the listing gives for it.
struct DirectoryEntry {
    let name: String
    let inode: UInt64
}

extension DirectoryHandle {
    /// The directories in this one. Names that are not text are left out: nobody who makes pods' cgroups makes such.
    func subdirectories() throws(SystemFailure) -> [DirectoryEntry] {
        var found: [DirectoryEntry] = []
        try forEachEntry { name, inode, type in
            guard type == DT_DIR || type == DT_UNKNOWN, let name = text(name) else { return }
            // Some filesystems do not tell the type here (cgroup filesystems do).
            if type == DT_UNKNOWN, (try? status(of: name))?.isDirectory != true { return }
            found.append(DirectoryEntry(name: name, inode: inode))
        }
        return found
    }

    /// Visits every entry except `.` and `..` with its name, inode and `d_type`.
    func forEachEntry(_ body: (Span<UInt8>, UInt64, Int) -> Void) throws(SystemFailure) {
        let opened = unsafe openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard opened >= 0 else { throw .last }
        guard let stream = unsafe fdopendir(opened) else {
            let failure = SystemFailure.last
            _ = close(opened)
            throw failure
        }
        defer { _ = unsafe closedir(stream) }
        while true {
            // readdir tells the end from an error by errno alone.
            errno = 0
            guard let entry = unsafe readdir(stream) else {
                if errno != 0 { throw .last }
                return
            }
            // The entry is as long as its name needs, so the field is reached by its offset and never copied whole.
            let start = unsafe UnsafeRawPointer(entry).advanced(by: nameOffset).assumingMemoryBound(to: CChar.self)
            let length = unsafe strlen(start)
            let name = unsafe Span(
                _unsafeStart: UnsafeRawPointer(start).assumingMemoryBound(to: UInt8.self), count: length)
            if length <= 2, name.equals(".") || name.equals("..") { continue }
            body(name, UInt64(unsafe entry.pointee.d_ino), Int(unsafe entry.pointee.d_type))
        }
    }
}

/// Known to the compiler for an imported C struct; the fallback is Linux's on every 64-bit architecture.
private let nameOffset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 19
