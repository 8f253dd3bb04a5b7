// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Why this node's accounting cannot be read, and what would change that. Equality is on the code.
public struct CgroupError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        /// Neither a cgroup v2 tree nor v1 controllers at the given place.
        case noCgroupFilesystem
        /// The cgroup tree is there, the pods' part of it is not.
        case noKubepods
        /// The kernel refused, for everything that was tried.
        case permissionDenied
        /// Several kubepods roots, and nothing says which one is ours.
        case ambiguousKubepods
        /// A file that every node has, or one of a pod, could not be read or understood.
        case unreadable
        /// There are more pods than files that the process may open.
        case tooFewDescriptors
        /// More containers than a node runs.
        case tooManyContainers
    }

    public let code: Code
    /// The file or directory that it is about.
    public let path: String
    /// The system call's error, when there was one.
    public let errno: Int32?
    /// What was found there.
    public let cause: String
    /// What the operator can do.
    public let wayOut: String

    init(_ code: Code, path: String, errno: Int32? = nil, cause: String, wayOut: String) {
        self.code = code
        self.path = path
        self.errno = errno
        self.cause = cause
        self.wayOut = wayOut
    }

    public var description: String {
        var text = "\(path): \(cause)"
        if let errno { text += " (\(errorText(errno)))" }
        return text + "; " + wayOut
    }

    public static func == (left: Self, right: Self) -> Bool { left.code == right.code }
}

extension CgroupError {
    static func permissionDenied(_ path: String, errno: Int32) -> CgroupError {
        CgroupError(
            .permissionDenied, path: path, errno: errno,
            cause: "not permitted for uid \(geteuid()) gid \(getegid())",
            wayOut: "mount the host's /sys/fs/cgroup read-only and run with gid 0 (cgroup files are world-readable, "
                + "/var/log/containers is for group 0); with SELinux a type that may read them, such as spc_t")
    }

    /// A place that has to be there for anything to work; `flag` is how to name another.
    static func unusable(_ path: String, errno: Int32, flag: String) -> CgroupError {
        let failure = SystemFailure(errno: errno)
        if failure.isDenied { return permissionDenied(path, errno: errno) }
        if failure.isExhausted { return tooFewDescriptors(path, errno: errno, cause: "cannot be opened") }
        return CgroupError(
            .unreadable, path: path, errno: errno, cause: "cannot be read",
            wayOut: "\(flag) names the place where the node's own is mounted")
    }
}

extension CgroupError {
    static func tooFewDescriptors(_ path: String, errno: Int32, cause: String) -> CgroupError {
        CgroupError(
            .tooFewDescriptors, path: path, errno: errno, cause: cause,
            wayOut: errno == ENFILE
                ? "the node has as many open files as fs.file-max permits; raise it, or find who opens them"
                : "raise the limit of open files (LimitNOFILE of the container runtime's service, ulimit -n, prlimit "
                    + "--nofile): a pod takes 1 and each of its containers 1, with cgroup v1 2")
    }
}

/// The C library's words for an error number.
func errorText(_ number: Int32) -> String {
    guard let text = unsafe strerror(number) else { return "errno \(number)" }
    return unsafe String(cString: text)
}
