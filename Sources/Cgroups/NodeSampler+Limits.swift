// SPDX-License-Identifier: Apache-2.0

extension NodeSampler {
    /// v1 prints a limit that is not set as the largest multiple of a page; the kubelet takes this much for none.
    private static let unlimitedMemory: UInt64 = 1 << 62

    /// Read now, by path. No limits at all for a slot without a container.
    public func limits(slot: Int) -> ContainerLimits {
        guard table.records.indices.contains(slot), let path = table.records[slot]?.identity.path else {
            return ContainerLimits()
        }
        if mode == .v2 {
            return ContainerLimits(
                memoryBytes: number(path + "/memory.max", in: trees.memory),
                cpuMillicores: trees.cpu.flatMap { tree in
                    try? reader.whole(path + "/cpu.max", in: tree.handle) { CPULimit.parse($0) }
                })
        }
        var limits = ContainerLimits()
        if let memory = number(path + "/memory.limit_in_bytes", in: trees.memory), memory < Self.unlimitedMemory {
            limits.memoryBytes = memory
        }
        if let quota = number(path + "/cpu.cfs_quota_us", in: trees.cpu),
            let period = number(path + "/cpu.cfs_period_us", in: trees.cpu)
        {
            limits.cpuMillicores = CPULimit.millicores(quota: quota, period: period)
        }
        return limits
    }

    private func number(_ path: String, in tree: CgroupTree?) -> UInt64? {
        guard let tree else { return nil }
        return (try? reader.number(path: path, in: tree.handle))?.finite
    }
}
