// SPDX-License-Identifier: Apache-2.0

/// What a slot of the session's dictionary stands for.
public struct ContainerIdentity: Equatable, Hashable, Sendable {
    public var podUID: String
    public var containerID: String
    /// The names are empty while they are not known.
    public var namespace: String
    public var pod: String
    public var container: String
    /// Unix time, µs; nil when not known. Must be after 1970, otherwise it does not travel.
    public var startTimeMicroseconds: Int64?
    /// The agent saw this cgroup appear, so that its counters were zero at the start time.
    public var born: Bool
    /// The cgroup's inode: the same id with another one is another container, whose counters began anew. 0: not known.
    public var generation: UInt64

    public init(
        podUID: String, containerID: String, namespace: String = "", pod: String = "", container: String = "",
        startTimeMicroseconds: Int64? = nil, born: Bool = false, generation: UInt64 = 0
    ) {
        self.podUID = podUID
        self.containerID = containerID
        self.namespace = namespace
        self.pod = pod
        self.container = container
        self.startTimeMicroseconds = startTimeMicroseconds
        self.born = born
        self.generation = generation
    }
}

/// The node's own counters in one sweep; nil is what could not be read.
public struct NodeCounters: Equatable, Sendable {
    /// CLOCK_BOOTTIME when the CPU counter was read.
    public var timeMicroseconds: UInt64
    /// Cumulative since boot.
    public var cpuMicroseconds: UInt64?
    /// Working set.
    public var memoryKiB: UInt64?

    public init(timeMicroseconds: UInt64, cpuMicroseconds: UInt64?, memoryKiB: UInt64?) {
        self.timeMicroseconds = timeMicroseconds
        self.cpuMicroseconds = cpuMicroseconds
        self.memoryKiB = memoryKiB
    }
}
