// SPDX-License-Identifier: Apache-2.0

/// Which cgroup hierarchies the node has. Values a newer agent may send are ``unspecified``.
public enum WireCgroupMode: UInt32, Sendable, CaseIterable {
    case unspecified = 0
    case v1 = 1
    case v2 = 2
    case hybrid = 3
}

/// An agent's first message.
public struct Hello: Equatable, Sendable {
    public var protocolVersion: UInt32
    public var nodeName: String
    /// `/proc/sys/kernel/random/boot_id`: a new one means that the node's counters began again.
    public var bootID: String
    public var agentVersion: String
    public var intervalMilliseconds: UInt32
    /// A bearer token; empty when the session's client certificate speaks for the node.
    public var credential: String
    /// What the kernel has, not what Kubernetes may allocate.
    public var capacityMillicores: UInt32
    /// Travels in KiB, as `/proc/meminfo` has it: what is below one is lost.
    public var capacityMemoryBytes: UInt64
    public var cgroupMode: WireCgroupMode

    public init(
        protocolVersion: UInt32 = PushProtocol.protocolVersion, nodeName: String, bootID: String, agentVersion: String,
        intervalMilliseconds: UInt32, credential: String, capacityMillicores: UInt32, capacityMemoryBytes: UInt64,
        cgroupMode: WireCgroupMode
    ) {
        self.protocolVersion = protocolVersion
        self.nodeName = nodeName
        self.bootID = bootID
        self.agentVersion = agentVersion
        self.intervalMilliseconds = intervalMilliseconds
        self.credential = credential
        self.capacityMillicores = capacityMillicores
        self.capacityMemoryBytes = capacityMemoryBytes
        self.cgroupMode = cgroupMode
    }
}

extension Hello {
    /// Values only: strings have their caps in the prescan and in the encoder. Another version may have other bounds, so
    /// that it comes through and gets the aggregator's answer instead of an error here.
    func validate() throws(WireError) {
        guard protocolVersion == PushProtocol.protocolVersion else { return }
        guard !nodeName.isEmpty else { throw WireError(.invalidValue, "the hello names no node") }
        guard WireLimits.intervalMilliseconds.contains(intervalMilliseconds) else {
            throw WireError(
                .invalidValue,
                "an interval of \(intervalMilliseconds) ms; allowed are \(WireLimits.intervalMilliseconds) ms")
        }
    }
}
