// SPDX-License-Identifier: Apache-2.0

/// The node's own counters in one sweep; nil: could not be read.
public struct NodeReading: Sendable, Equatable {
    /// Cumulative CPU time, ns.
    public var cpuNanoseconds: UInt64?
    public var usageBytes: UInt64?
    public var workingSetBytes: UInt64?
    /// CLOCK_BOOTTIME at the CPU read.
    public var bootTimeNanoseconds: UInt64

    public init(
        cpuNanoseconds: UInt64? = nil, usageBytes: UInt64? = nil, workingSetBytes: UInt64? = nil,
        bootTimeNanoseconds: UInt64 = 0
    ) {
        self.cpuNanoseconds = cpuNanoseconds
        self.usageBytes = usageBytes
        self.workingSetBytes = workingSetBytes
        self.bootTimeNanoseconds = bootTimeNanoseconds
    }
}

public struct NodeCapacity: Sendable, Equatable {
    /// Online CPUs × 1000 (`/proc/stat`).
    public var cpuMillicores: UInt32
    /// MemTotal (`/proc/meminfo`).
    public var memoryBytes: UInt64

    public init(cpuMillicores: UInt32, memoryBytes: UInt64) {
        self.cpuMillicores = cpuMillicores
        self.memoryBytes = memoryBytes
    }
}

/// What a sweep changed in the set of containers, as slot numbers. To be applied in this order: vanished, appeared,
/// renamed. A slot may be in the first two at once: another container lives there now.
public struct SweepChanges: Sendable {
    public var vanished: [Int] = []
    public var appeared: [Int] = []
    /// A name became known, or the role or the start time became another.
    public var renamed: [Int] = []
    /// CLOCK_BOOTTIME at the start of the sweep, ns.
    public var bootTimeNanoseconds: UInt64 = 0
    /// CLOCK_REALTIME at the start of the sweep, ns since 1970.
    public var realTimeNanoseconds: Int64 = 0

    public init() {}

    public var isEmpty: Bool { vanished.isEmpty && appeared.isEmpty && renamed.isEmpty }
}

/// Counters since the sampler was made.
public struct SweepStatistics: Sendable, Equatable {
    public var sweeps: UInt64 = 0
    public var filesRead: UInt64 = 0
    /// What the kernel gave us of them.
    public var bytesRead: UInt64 = 0
    /// Containers that went away.
    public var vanished: UInt64 = 0
    /// System calls that failed on something that is there.
    public var readErrors: UInt64 = 0
    /// The same by error number.
    public var readErrorsByNumber = ErrorCounts()
    /// Files and directories that were gone when they were to be read: races with a container's end, which are no
    /// errors, and files of a controller that is off.
    public var missing: UInt64 = 0
    /// Files that were read and not understood.
    public var parseErrors: UInt64 = 0
    public var directoriesListed: UInt64 = 0
    /// How long the last sweep took, ns of CLOCK_BOOTTIME.
    public var lastSweepNanoseconds: UInt64 = 0

    public init() {}
}
