// SPDX-License-Identifier: Apache-2.0

/// A directory of the walk, held open, and what is known of when it was listed.
final class WatchedDirectory {
    /// Below its parent.
    let name: String
    /// Below the tree's mount.
    let path: String
    let handle: DirectoryHandle
    let inode: UInt64
    /// At first sight, ns since 1970. cgroup filesystems make it up anew when they have dropped the inode.
    let modificationTime: Int64
    /// The sweep in which it was seen to be new; nil when it may be older than the sampler.
    let bornInSweep: UInt64?

    /// It has been listed to the end, and everything in it was looked at.
    private(set) var isListed = false
    private var linkCount: UInt64 = 0
    private var listedAt: UInt64 = 0
    /// Something about its children is known to be out of date.
    var isDirty = true

    /// A full listing although nothing seems to have changed, ns.
    static let listingPeriod: UInt64 = 60_000_000_000

    init(name: String, path: String, handle: consuming DirectoryHandle, status: FileStatus, bornInSweep: UInt64?) {
        self.name = name
        self.path = path
        self.handle = handle
        inode = status.inode
        modificationTime = status.modificationTime
        self.bornInSweep = bornInSweep
    }

    enum Reason {
        /// Its link count changed, a child vanished, or its filesystem does not count links.
        case changed
        case periodic
    }

    /// Why it has to be listed now; nil: no need. A directory's link count is its subdirectories and 2.
    func reasonToList(_ status: FileStatus, now: UInt64) -> Reason? {
        if isDirty || status.linkCount < 2 || status.linkCount != linkCount { return .changed }
        return now &- listedAt >= Self.listingPeriod ? .periodic : nil
    }

    /// `status` is from before the listing, so that a change during it shows the next time.
    func wasListed(_ status: FileStatus, now: UInt64, isComplete: Bool) {
        linkCount = status.linkCount
        listedAt = now
        isListed = isComplete
        isDirty = !isComplete
    }

    /// Whether a child that a listing in `sweep` shows for the first time was made since the sweep before.
    func showsBirths(sweep: UInt64, reason: Reason) -> Bool {
        // What only the periodic listing finds can be as old as the period.
        bornInSweep == sweep || isListed && reason == .changed
    }
}

/// The kubepods root with its classes of pods.
final class TrackedRoot {
    let root: KubepodsRoot
    let directory: WatchedDirectory
    /// The first are the guaranteed pods, which are in the root itself.
    var groups: [PodGroup]
    /// CLOCK_BOOTTIME of the last look for places with stray containers.
    var straysSearchedAt: UInt64?

    init(root: KubepodsRoot, directory: WatchedDirectory) {
        self.root = root
        self.directory = directory
        groups = [PodGroup(directory: directory, qos: .guaranteed)]
    }
}

final class PodGroup {
    let directory: WatchedDirectory
    let qos: QoSClass
    /// The directory is not a class's: containers lie in it that should be in their pods' (`NodeSampler+Strays`).
    let isStray: Bool
    var pods: [TrackedPod] = []

    init(directory: WatchedDirectory, qos: QoSClass, isStray: Bool = false) {
        self.directory = directory
        self.qos = qos
        self.isStray = isStray
    }
}

final class TrackedPod {
    let directory: WatchedDirectory
    let uid: String
    let qos: QoSClass
    var containers: [TrackedContainer] = []
    /// One of the entries is Kata's.
    var hasVirtualMachine = false
    /// Its containers have no cgroups: they are known by their links, and are in `attributed` instead of `containers`.
    var isSandboxed = false
    var attributed: [TrackedContainer] = []
    /// The one that is given the pod's own figures.
    var bearer: TrackedContainer?
    /// Which one is the sandbox may have to be asked again.
    var isUnsettled = true

    init(directory: WatchedDirectory, uid: String, qos: QoSClass) {
        self.directory = directory
        self.uid = uid
        self.qos = qos
    }
}

/// A directory that may be absent.
final class HeldDirectory {
    let handle: DirectoryHandle

    init(handle: consuming DirectoryHandle) { self.handle = handle }
}

final class TrackedContainer {
    /// The directory's name below the pod's.
    let name: String
    let identity: ContainerIdentity
    /// The inode that listings give for it; on stacked filesystems not always the file's own.
    let listedInode: UInt64
    /// In the tree that is walked. Held, so that a removed cgroup cannot be taken for a new one with its name.
    let primary: DirectoryHandle
    /// v1: in the other controller's tree; nil while it is not there.
    var secondary: HeldDirectory?
    /// CLOCK_BOOTTIME at first sight.
    var firstSeen: UInt64
    var slot = 0
    var role: ContainerRole
    var isNamed = false
    var lastCPU: UInt64?
    /// As last read from its own cgroup, bytes.
    var lastUsage: UInt64?
    var inactiveFile: UInt64?
    /// The sweep that read it last.
    var readInSweep: UInt64 = 0

    init(
        name: String, identity: ContainerIdentity, listedInode: UInt64, primary: consuming DirectoryHandle,
        role: ContainerRole, firstSeen: UInt64
    ) {
        self.name = name
        self.identity = identity
        self.listedInode = listedInode
        self.primary = primary
        self.role = role
        self.firstSeen = firstSeen
    }
}
