// SPDX-License-Identifier: Apache-2.0

/// What a sampler looked at and how it decided, for a person who asks why. A sampler that was given none keeps nothing of
/// it. For the thread that sweeps, and for a run that ends soon: nothing in it is dropped.
public final class SamplerTrace {
    /// A place that tells the mode.
    public struct Filesystem: Equatable, Sendable {
        public let path: String
        /// `statfs(2)` f_type; nil: not known.
        public let type: Int64?
        public let hasControllersFile: Bool
    }

    /// Why a kubepods root was taken.
    public enum RootReason: Equatable, Sendable {
        /// It was named by the operator.
        case named
        case onlyOne
        /// The pod with this uid is in it.
        case holdsOwnPod(uid: String)
        /// It alone has pods.
        case onlyOneInUse
    }

    public struct RootChoice: Equatable, Sendable {
        /// The tree that was searched.
        public let tree: String
        /// Relative to it, in order of depth.
        public let candidates: [String]
        /// nil: none was taken.
        public let reason: RootReason?
    }

    /// A directory in a pod's, by its name.
    public struct Entry: Equatable, Sendable {
        public let name: String
        public let inode: UInt64
        public let kind: CgroupName
    }

    /// A file that a value was wanted from.
    public struct Read: Equatable, Sendable {
        public enum Outcome: Equatable, Sendable {
            case number(UInt64)
            /// "max"
            case unlimited
            /// More than a number.
            case understood
            case malformed
            case failed(errno: Int32)
        }

        /// Whose it is: a cgroup's path as records have it; empty: the node's.
        public let subject: String
        public let path: String
        /// The key whose number was taken; nil: the file is a number, or all of it was taken.
        public let key: String?
        /// Opening, reading, parsing and closing.
        public let nanoseconds: UInt64
        /// Read before the parser had what it needs.
        public let bytes: Int
        public let outcome: Outcome
    }

    /// Something that is there and could not be looked at.
    public struct Failure: Equatable, Sendable {
        public let path: String
        public let errno: Int32
    }

    public internal(set) var filesystems: [Filesystem] = []
    public internal(set) var rootChoices: [RootChoice] = []
    /// Directories that were searched for kubepods roots.
    public internal(set) var directoriesSearched = 0
    /// In the order of the reads.
    public private(set) var reads: [Read] = []
    public internal(set) var failures: [Failure] = []
    /// What the last listing of a pod showed; the key is the pod's path.
    public private(set) var contents: [String: [Entry]] = [:]
    /// In the order in which they were made; the key is the container's id.
    public private(set) var decisions: [String: [TracedDecision]] = [:]

    /// Whose files are read from here on.
    var subject = ""

    public init() {}

    /// The reads so far are of no interest.
    public func forgetReads() { reads.removeAll() }

    func saw(_ tree: CgroupTree) {
        filesystems.append(
            Filesystem(
                path: tree.path, type: tree.handle.filesystemType,
                hasControllersFile: tree.handle.contains("cgroup.controllers")))
    }

    func saw(_ entries: [DirectoryEntry], inPod path: String) {
        contents[path] = entries.map { Entry(name: $0.name, inode: $0.inode, kind: CgroupName($0.name)) }
    }

    /// The same again is not kept twice: some are made anew with each sweep.
    func decided(_ containerID: String, _ decision: TracedDecision) {
        if decisions[containerID]?.contains(decision) != true { decisions[containerID, default: []].append(decision) }
    }

    func read(
        _ file: String, _ key: StaticString?, in directory: Int32, since start: UInt64, bytes: Int,
        _ outcome: Read.Outcome
    ) {
        let end = Clock.bootTime
        // The kernel's own word for the directory, which the handle does not keep.
        let path = DirectoryHandle.linkTarget("/proc/self/fd/\(directory)", in: -1)
        reads.append(
            Read(
                subject: subject, path: path.map { $0 + "/" + file } ?? file, key: key.map { "\($0)" },
                nanoseconds: end &- start, bytes: bytes, outcome: outcome))
    }
}

extension SamplerTrace.Read.Outcome {
    init(_ failure: ReadFailure) {
        switch failure {
        case .malformed: self = .malformed
        case .system(let failure): self = .failed(errno: failure.errno)
        }
    }

    init<Value>(value: Value) {
        if let number = value as? UInt64 {
            self = .number(number)
        } else if let number = value as? KernelNumber {
            self = number.finite.map { .number($0) } ?? .unlimited
        } else {
            self = .understood
        }
    }
}
