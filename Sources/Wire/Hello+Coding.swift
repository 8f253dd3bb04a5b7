// SPDX-License-Identifier: Apache-2.0

import CWire

extension Hello {
    func message(in arena: borrowing Arena) throws(WireError) -> UnsafeMutablePointer<MetricsPush__V1__Hello> {
        try validate()
        try nodeName.check("the node name", cap: WireLimits.nodeNameBytes)
        try bootID.check("the boot id", cap: WireLimits.bootIDBytes)
        try agentVersion.check("the agent version", cap: WireLimits.versionBytes)
        try credential.check("the credential", cap: WireLimits.tokenBytes)
        let message = try unsafe arena.allocate(MetricsPush__V1__Hello.self)
        unsafe metrics_push__v1__hello__init(message)
        unsafe message.pointee.protocol_version = protocolVersion
        unsafe message.pointee.node_name = try unsafe arena.cString(nodeName)
        unsafe message.pointee.boot_id = try unsafe arena.cString(bootID)
        unsafe message.pointee.agent_version = try unsafe arena.cString(agentVersion)
        unsafe message.pointee.interval_ms = intervalMilliseconds
        unsafe message.pointee.credential = try unsafe arena.cString(credential)
        unsafe message.pointee.capacity_millicores = capacityMillicores
        unsafe message.pointee.capacity_memory_kib = capacityMemoryBytes / 1024
        unsafe message.pointee.cgroup_mode = MetricsPush__V1__CgroupMode(rawValue: cgroupMode.rawValue)
        return unsafe message
    }

    init(message: UnsafeMutablePointer<MetricsPush__V1__Hello>) throws(WireError) {
        let (memory, overflow) = unsafe message.pointee.capacity_memory_kib.multipliedReportingOverflow(by: 1024)
        guard !overflow else { throw WireError(.invalidValue, "the hello's memory capacity is beyond 64 bits") }
        self = try unsafe Hello(
            protocolVersion: message.pointee.protocol_version,
            nodeName: String(unpacked: message.pointee.node_name, "the node name"),
            bootID: String(unpacked: message.pointee.boot_id, "the boot id"),
            agentVersion: String(unpacked: message.pointee.agent_version, "the agent version"),
            intervalMilliseconds: message.pointee.interval_ms,
            credential: String(unpacked: message.pointee.credential, "the credential"),
            capacityMillicores: message.pointee.capacity_millicores,
            capacityMemoryBytes: memory,
            cgroupMode: WireCgroupMode(rawValue: message.pointee.cgroup_mode.rawValue) ?? .unspecified)
        try validate()
    }
}
