// SPDX-License-Identifier: Apache-2.0
import CKernel
import Glibc

/// The process's limit of open files, and how much of it directories that are held open may take. Each pod and container
/// costs a descriptor or two, and the usual soft limit is 1024.
struct DescriptorLimit {
    /// What stays free for the file that is read, for listings, and for what else the process does: each aggregator address
    /// takes a socket and two events.
    static let reserve = 64

    /// How many files the process may open.
    let files: Int
    /// A directory to be held must have a lower number. The kernel gives the lowest that is free, so a higher one tells
    /// that the reserve is touched.
    let ceiling: Int32

    init(files: Int) {
        self.files = files
        // Of a limit that is tiny by itself a part must do.
        ceiling = Int32(clamping: files - min(Self.reserve, files / 3))
    }

    /// The limit of this process, with the soft one raised to the hard one. Not being able to raise it shows when it is
    /// reached.
    static func raised() -> DescriptorLimit {
        let files = CKernel_raise_open_files()
        return DescriptorLimit(files: files == 0 ? 1024 : Int(clamping: files))
    }
}

extension DirectoryHandle {
    /// A directory below that will be kept open for as long as the cgroup lives.
    /// - Throws: EMFILE before the process really has no descriptor left.
    func directory(_ path: String, within limit: DescriptorLimit) throws(SystemFailure) -> DirectoryHandle {
        let handle = try directory(path)
        guard handle.descriptor < limit.ceiling else { throw SystemFailure(errno: EMFILE) }
        return handle
    }
}
