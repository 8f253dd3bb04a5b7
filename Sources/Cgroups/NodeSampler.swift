// SPDX-License-Identifier: Apache-2.0

/// Reads a node's accounting: the node's own figures and those of every container below the kubepods root. One per node,
/// used by one thread. It holds a descriptor per pod and one or two per container, and no other files.
public final class NodeSampler {
    let roots: NodeRoots
    let trees: CgroupTrees
    let proc: DirectoryHandle
    let descriptors: DescriptorLimit
    /// The roots are a capture's, not a running node's.
    let captured: NodeFacts?
    /// CLOCK_BOOTTIME.
    private let openedAt = Clock.bootTime
    let trace: SamplerTrace?
    var reader = FileReader()
    var root: TrackedRoot?
    var links: LogLinks
    var table = Slots()
    var counters = SweepStatistics()
    var pacing = StatPacing()
    var births: BirthWatch?

    // One sweep's state.
    var sweepNumber: UInt64 = 0
    var now: UInt64 = 0
    var realTime: Int64 = 0
    var previousRealTime: Int64?
    /// A directory turned out to be another, or gone: walk again.
    var walkAgain = false
    /// A file or directory was not there.
    var sawMissing = false
    /// The cgroup that is read, relative to its mount.
    var readingPath = ""
    var denied: (path: String, errno: Int32)?
    var failures = SweepFailures()
    /// In the sweep before.
    var hadFailures = false
    /// Inodes of cgroups that were lost under one name and are alive: renamed, not made anew.
    var survivors: Set<UInt64> = []
    var containersRead = 0
    /// The last report reached nobody, because the sweep threw.
    private var reportIsPending = false
    /// Containers without a name came since the links were listed.
    var hasNewUnnamed = false
    /// CLOCK_BOOTTIME of the last look at the pods' log directories.
    var eliminatedAt: UInt64?

    public let mode: CgroupMode
    public private(set) var driver: CgroupDriver
    /// The kubepods root's absolute path, for people.
    public private(set) var kubepodsPath: String
    /// `/proc/sys/kernel/random/boot_id`: with another one all counters began again. Empty when it cannot be read.
    public let bootID: String
    public let capacity: NodeCapacity
    public internal(set) var node = NodeReading()
    /// Why there are no pods at the moment; nil: the kubepods root is there.
    public private(set) var kubepodsProblem: CgroupError?
    /// Why containers cannot be named by the log links; nil: they can.
    public internal(set) var namesProblem: CgroupError?
    /// Why figures are missing of something that is there, with the first of them; nil: none is.
    public internal(set) var figuresProblem: CgroupError?

    /// Detects the mode, finds the kubepods root, and reads boot id and capacity. Raises the process's soft limit of open
    /// files to the hard one.
    /// - Parameter trace: keeps what is looked at and decided, also when this throws.
    public init(roots: NodeRoots, trace: SamplerTrace? = nil) throws(CgroupError) {
        descriptors = .raised()
        captured = try roots.capture.map { directory throws(CgroupError) in try NodeFacts.read(directory) } ?? nil
        let trees = try CgroupTrees(at: roots.cgroup, trace: trace)
        let found = try KubepodsFinder(roots: roots, trace: trace).find(in: trees)
        let proc = try Self.proc(roots.proc)
        self.roots = roots
        self.trace = trace
        reader.trace = trace
        self.trees = trees
        links = LogLinks(path: roots.logs + "/containers")
        mode = trees.mode
        driver = found.names.driver
        kubepodsPath = found.tree.path + "/" + found.path
        capacity = try reader.capacity(of: proc, at: roots.proc)
        bootID = reader.bootID(of: proc)
        self.proc = proc
        try track(found)
    }

    static func proc(_ path: String) throws(CgroupError) -> DirectoryHandle {
        do throws(SystemFailure) {
            return try DirectoryHandle(root: path)
        } catch {
            throw .unusable(path, errno: error.errno, flag: "--proc-root")
        }
    }

    /// The containers; the index is the slot, which a container keeps while it lives. The lowest free one is used again.
    public var slots: [ContainerRecord?] { table.records }

    /// `memory.stat` is slow on this kernel, so it is read in one sweep of four (`StatPacing`).
    public var pacesMemoryStat: Bool { pacing.isPaced }

    public var statistics: SweepStatistics {
        var all = counters
        all.filesRead = reader.filesRead
        all.bytesRead = reader.bytesRead
        return all
    }

    /// One pass: finds what is there, reads it, names it. The values are in `node` and `slots` afterwards. What could not
    /// be read of one container is nil there and counted; only a kernel that lets us read nothing at all is an error, and
    /// then the changes are reported by the next sweep that succeeds.
    public func sweep() throws(CgroupError) -> SweepChanges {
        if !reportIsPending { table.startReport() }
        reportIsPending = true
        sweepNumber &+= 1
        let start = Clock.bootTime
        now = captured.map { $0.bootTime &+ (start &- openedAt) } ?? start
        realTime = captured?.realTime ?? Clock.realTime
        table.stamp(bootTime: captured?.bootTime ?? now, realTime: realTime)
        denied = nil
        containersRead = 0
        pacing.beginSweep()
        failures = SweepFailures()
        survivors.removeAll(keepingCapacity: true)

        readNode()
        // A directory that is gone makes its parent be listed again, at most up to the root.
        var rounds = 0
        repeat {
            walkAgain = false
            failures.startRound()
            rounds += 1
            if root == nil { lookForRoot() }
            if let root {
                try walk(root)
                readContainers(root)
            }
        } while walkAgain && rounds < 5
        if let root { nameContainers(root) }
        updateFiguresProblem()

        counters.sweeps &+= 1
        counters.lastSweepNanoseconds = Clock.bootTime &- start
        previousRealTime = realTime
        if let denied, containersRead == 0 { throw .permissionDenied(denied.path, errno: denied.errno) }
        reportIsPending = false
        return table.changes
    }

    private func lookForRoot() {
        do throws(CgroupError) {
            try track(try KubepodsFinder(roots: roots, trace: trace).find(in: trees))
            kubepodsProblem = nil
        } catch {
            kubepodsProblem = error
        }
    }

    private func track(_ found: KubepodsRoot) throws(CgroupError) {
        let path = found.tree.path + "/" + found.path
        do throws(SystemFailure) {
            let handle = try found.tree.handle.directory(found.path)
            let status = try handle.status()
            // It is not called born: a root that was out of sight for a while comes back with old containers.
            let directory = WatchedDirectory(
                name: found.path, path: found.path, handle: handle, status: status, bornInSweep: nil)
            root = TrackedRoot(root: found, directory: directory)
            driver = found.names.driver
            kubepodsPath = path
        } catch {
            if error.isDenied { throw .permissionDenied(path, errno: error.errno) }
            throw CgroupError(
                .noKubepods, path: path, errno: error.errno, cause: "went away while it was opened", wayOut: "try again"
            )
        }
    }
}
