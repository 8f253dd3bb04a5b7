// SPDX-License-Identifier: Apache-2.0

/// One live pod's own cgroup, which counts all of its containers, its sandbox, and what belongs to none of them: the
/// runtime's processes, a virtual machine, memory that a dead container's files still hold.
public struct PodRecord: Sendable, Equatable {
    /// As the cgroup path has it: the pod's uid, or a static pod's config hash.
    public var uid: String
    public var qos: QoSClass
    /// Relative to the v2 mount or to the v1 controller's mount.
    public var path: String
    public var inode: UInt64
    /// Unix time, ns: the cgroup directory's modification time at first sight.
    public var startTimeUnixNanoseconds: Int64
    /// As in `ContainerRecord`.
    public var cpuNanoseconds: UInt64?
    public var usageBytes: UInt64?
    public var workingSetBytes: UInt64?
    /// CLOCK_BOOTTIME at the CPU read.
    public var bootTimeNanoseconds: UInt64

    public init(
        uid: String, qos: QoSClass, path: String, inode: UInt64, startTimeUnixNanoseconds: Int64,
        cpuNanoseconds: UInt64? = nil, usageBytes: UInt64? = nil, workingSetBytes: UInt64? = nil,
        bootTimeNanoseconds: UInt64 = 0
    ) {
        self.uid = uid
        self.qos = qos
        self.path = path
        self.inode = inode
        self.startTimeUnixNanoseconds = startTimeUnixNanoseconds
        self.cpuNanoseconds = cpuNanoseconds
        self.usageBytes = usageBytes
        self.workingSetBytes = workingSetBytes
        self.bootTimeNanoseconds = bootTimeNanoseconds
    }
}
