// SPDX-License-Identifier: Apache-2.0

/// What makes a container itself: a new cgroup inode is a new container even under an old path.
public struct ContainerIdentity: Sendable, Equatable {
    /// As the cgroup path has it: the pod's uid, or a static pod's config hash.
    public var podUID: String
    /// The runtime's id, 64 hexadecimal digits.
    public var containerID: String
    public var inode: UInt64
    public var qos: QoSClass
    /// Relative to the v2 mount or to the v1 controller's mount.
    public var path: String

    public init(podUID: String, containerID: String, inode: UInt64, qos: QoSClass, path: String) {
        self.podUID = podUID
        self.containerID = containerID
        self.inode = inode
        self.qos = qos
        self.path = path
    }
}

public enum ContainerRole: Sendable, Equatable {
    case app
    /// The pod's pause container.
    case sandbox
    /// No name yet, and not known to be a sandbox.
    case pending
}

/// Whose figures a container is given.
public enum Attribution: Sendable, Equatable {
    /// Its own cgroup's.
    case own
    /// All that its pod uses: the containers run in a virtual machine or behind a kernel of their own, and have no cgroup
    /// on the node, or an empty one.
    case wholePod
    /// Nothing: what it uses is in the figures of the sibling that has the whole pod's.
    case sibling
}

/// How a container's name was found.
public enum NameSource: Sendable, Equatable, CustomStringConvertible {
    /// The link's own name in /var/log/containers.
    case logLink
    /// The link's target: its name was cut off or is not a valid name.
    case linkTarget
    /// No link; the only log directory of the pod that no other container has.
    case byElimination

    public var description: String {
        switch self {
        case .logLink: "log-link"
        case .linkTarget: "link-target"
        case .byElimination: "by-elimination"
        }
    }
}

public struct ContainerName: Sendable, Equatable {
    public var namespace: String
    public var pod: String
    public var container: String
    /// From the log file's name; nil when that could not be read.
    public var restartCount: Int?
    public var source: NameSource

    public init(namespace: String, pod: String, container: String, restartCount: Int?, source: NameSource) {
        self.namespace = namespace
        self.pod = pod
        self.container = container
        self.restartCount = restartCount
        self.source = source
    }
}

/// One live container: who it is, and what the last sweep read.
public struct ContainerRecord: Sendable {
    public var identity: ContainerIdentity
    public var role: ContainerRole
    public var name: ContainerName?
    /// Unix time, ns: the log link's modification time, otherwise the cgroup directory's at first sight.
    public var startTimeUnixNanoseconds: Int64?
    /// The cgroup was not there in an earlier complete listing, so its counters were zero at its start.
    public var wasBorn: Bool
    /// Cumulative CPU time, ns (`cpu.stat` usage_usec, `cpuacct.usage`). This and the next two are of the last sweep;
    /// nil: could not be read in it.
    public var cpuNanoseconds: UInt64?
    /// `memory.current`, `memory.usage_in_bytes`.
    public var usageBytes: UInt64?
    /// Usage less the inactive part of the page cache, never below 0, as the kubelet computes it.
    public var workingSetBytes: UInt64?
    /// The inactive page cache in the working set is of an earlier sweep, because `memory.stat` is slow on this kernel.
    public var isInactiveFileStale = false
    /// CLOCK_BOOTTIME at the CPU read.
    public var bootTimeNanoseconds: UInt64
    /// Whose figures these are.
    public var attribution = Attribution.own

    public init(
        identity: ContainerIdentity, role: ContainerRole, name: ContainerName? = nil,
        startTimeUnixNanoseconds: Int64? = nil, wasBorn: Bool = false, cpuNanoseconds: UInt64? = nil,
        usageBytes: UInt64? = nil, workingSetBytes: UInt64? = nil, bootTimeNanoseconds: UInt64 = 0
    ) {
        self.identity = identity
        self.role = role
        self.name = name
        self.startTimeUnixNanoseconds = startTimeUnixNanoseconds
        self.wasBorn = wasBorn
        self.cpuNanoseconds = cpuNanoseconds
        self.usageBytes = usageBytes
        self.workingSetBytes = workingSetBytes
        self.bootTimeNanoseconds = bootTimeNanoseconds
    }
}
