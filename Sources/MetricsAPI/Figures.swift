// SPDX-License-Identifier: Apache-2.0

/// What one container or node used: the `usage` map of metrics.k8s.io.
public struct ResourceUsage: Sendable, Equatable {
    /// CPU rate over the window, in billionths of a core.
    public var cpuNanocores: UInt64
    /// Working set at the timestamp, in bytes.
    public var memoryBytes: UInt64
    /// Swap in use at the timestamp, in bytes; nil where it is not accounted. `kubectl top --show-swap` reads it.
    public var swapBytes: UInt64?

    public init(cpuNanocores: UInt64, memoryBytes: UInt64, swapBytes: UInt64? = nil) {
        self.cpuNanocores = cpuNanocores
        self.memoryBytes = memoryBytes
        self.swapBytes = swapBytes
    }
}

/// A node's figures over [timestamp - window, timestamp].
public struct NodeFigures: Sendable, Equatable {
    public var name: String
    public var labels: Labels
    /// End of the window, Unix time in nanoseconds.
    public var timestampUnixNanoseconds: Int64
    /// Length of the window in nanoseconds.
    public var windowNanoseconds: Int64
    public var usage: ResourceUsage

    public init(
        name: String, labels: Labels = .empty, timestampUnixNanoseconds: Int64, windowNanoseconds: Int64,
        usage: ResourceUsage
    ) {
        self.name = name
        self.labels = labels
        self.timestampUnixNanoseconds = timestampUnixNanoseconds
        self.windowNanoseconds = windowNanoseconds
        self.usage = usage
    }
}

/// One container's share of a pod's figures.
public struct ContainerFigures: Sendable, Equatable {
    public var name: String
    public var usage: ResourceUsage

    public init(name: String, usage: ResourceUsage) {
        self.name = name
        self.usage = usage
    }
}

/// A pod's figures over [timestamp - window, timestamp]; containers are served in the order given.
public struct PodFigures: Sendable, Equatable {
    public var namespace: String
    public var name: String
    /// The pod's uid; an empty one is left out of the answer.
    public var uid: String
    public var labels: Labels
    /// End of the window, Unix time in nanoseconds.
    public var timestampUnixNanoseconds: Int64
    /// Length of the window in nanoseconds.
    public var windowNanoseconds: Int64
    public var containers: [ContainerFigures]

    public init(
        namespace: String, name: String, uid: String, labels: Labels = .empty, timestampUnixNanoseconds: Int64,
        windowNanoseconds: Int64, containers: [ContainerFigures]
    ) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.labels = labels
        self.timestampUnixNanoseconds = timestampUnixNanoseconds
        self.windowNanoseconds = windowNanoseconds
        self.containers = containers
    }
}
