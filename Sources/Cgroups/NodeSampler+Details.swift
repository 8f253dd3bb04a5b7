// SPDX-License-Identifier: Apache-2.0

/// What is asked for only when somebody looks: the files that no sweep reads.
extension NodeSampler {
    /// v1 prints a limit that is not set as the largest multiple of a page; the kubelet takes this much for none.
    private static let unlimitedMemory: UInt64 = 1 << 62

    /// Read now, by path. Nothing at all for a slot without a container.
    public func details(slot: Int) -> CgroupDetails {
        guard table.records.indices.contains(slot), let path = table.records[slot]?.identity.path else {
            return CgroupDetails()
        }
        return details(path: path)
    }

    /// Of a container's or a pod's cgroup; `path` is relative to the mount, as records have it. What is not among `parts`
    /// is not read and nil.
    public func details(path: String, _ parts: CgroupDetails.Parts = .all) -> CgroupDetails {
        var details = CgroupDetails()
        if mode == .v2 { readUnified(path, parts, &details) } else { readSplit(path, parts, &details) }
        if parts.contains(.throttling) { replay(&details, path: path) }
        return details
    }

    /// Of all pods together: what none of them has, is not among these.
    public func kubepodsDetails(_ parts: CgroupDetails.Parts) -> CgroupDetails {
        guard let root else { return CgroupDetails() }
        return details(path: root.directory.path, parts)
    }

    /// Processes that were killed for want of memory since the boot, wherever on the node (`/proc/vmstat`, Linux 4.13).
    /// nil: not told.
    public func readOutOfMemoryKills() -> UInt64? {
        try? reader.number("oom_kill", of: "vmstat", in: proc)
    }

    private func readUnified(_ path: String, _ parts: CgroupDetails.Parts, _ details: inout CgroupDetails) {
        let tree = trees.memory
        if parts.contains(.cpuLimit) {
            details.cpuLimitMillicores = whole(path + "/cpu.max", in: tree) { CPULimit.parse($0) }
        }
        if parts.contains(.throttling),
            let throttling = whole(path + "/cpu.stat", in: tree, parse: { Throttling($0, time: "throttled_usec") })
        {
            details.set(throttling, unit: 1_000)
        }
        if parts.contains(.memoryLimit) { details.memoryLimitBytes = number(path + "/memory.max", in: tree) }
        if parts.contains(.memoryPeak) { details.memoryPeakBytes = number(path + "/memory.peak", in: tree) }
        if parts.contains(.anonymous) { details.anonymousBytes = keyed("anon", path + "/memory.stat", in: tree) }
        if parts.contains(.swap) { details.swapBytes = number(path + "/memory.swap.current", in: tree) }
        if parts.contains(.swapLimit) { details.swapLimitBytes = number(path + "/memory.swap.max", in: tree) }
        if parts.contains(.outOfMemory) {
            details.outOfMemoryKills = keyed("oom_kill", path + "/memory.events", in: tree)
        }
        if parts.contains(.processes) { details.processes = number(path + "/pids.current", in: tree) }
        if parts.contains(.pressure) {
            details.cpuPressure = whole(path + "/cpu.pressure", in: tree) { Pressure($0) }
            details.memoryPressure = whole(path + "/memory.pressure", in: tree) { Pressure($0) }
            details.ioPressure = whole(path + "/io.pressure", in: tree) { Pressure($0) }
        }
    }

    private func readSplit(_ path: String, _ parts: CgroupDetails.Parts, _ details: inout CgroupDetails) {
        let memory = trees.memory
        if parts.contains(.memoryLimit), let limit = number(path + "/memory.limit_in_bytes", in: memory),
            limit < Self.unlimitedMemory
        {
            details.memoryLimitBytes = limit
        }
        if parts.contains(.memoryPeak) {
            details.memoryPeakBytes = number(path + "/memory.max_usage_in_bytes", in: memory)
        }
        if parts.contains(.anonymous) {
            details.anonymousBytes = keyed("total_rss", path + "/memory.stat", in: memory)
        }
        if parts.contains(.swap) { details.swapBytes = keyed("total_swap", path + "/memory.stat", in: memory) }
        if parts.contains(.outOfMemory) {
            details.outOfMemoryKills = keyed("oom_kill", path + "/memory.oom_control", in: memory)
        }
        if parts.contains(.cpuLimit), let quota = number(path + "/cpu.cfs_quota_us", in: trees.cpu),
            let period = number(path + "/cpu.cfs_period_us", in: trees.cpu)
        {
            details.cpuLimitMillicores = CPULimit.millicores(quota: quota, period: period)
        }
        if parts.contains(.throttling),
            let throttling = whole(path + "/cpu.stat", in: trees.cpu, parse: { Throttling($0, time: "throttled_time") })
        {
            details.set(throttling, unit: 1)
        }
    }

    private func number(_ path: String, in tree: CgroupTree?) -> UInt64? {
        guard let tree else { return nil }
        return (try? reader.number(path: path, in: tree.handle))?.finite
    }

    private func keyed(_ key: StaticString, _ path: String, in tree: CgroupTree?) -> UInt64? {
        whole(path, in: tree) { bytes in
            if case .value(let number) = KeyedFile.parse(key, bytes, complete: true) { number } else { nil }
        }
    }

    private func whole<Value: Equatable>(
        _ path: String, in tree: CgroupTree?, parse: (Span<UInt8>) -> Value?
    ) -> Value? {
        guard let tree else { return nil }
        return try? reader.whole(path, in: tree.handle, parse: parse)
    }
}

/// The part of `cpu.stat` that the cpu controller writes.
struct Throttling: Equatable {
    let periods: UInt64
    let throttledPeriods: UInt64
    let time: UInt64

    /// `time` is the key of the time: v2 counts it in µs, v1 in ns.
    init?(_ bytes: Span<UInt8>, time key: StaticString) {
        guard case .value(let periods) = KeyedFile.parse("nr_periods", bytes, complete: true),
            case .value(let throttled) = KeyedFile.parse("nr_throttled", bytes, complete: true),
            case .value(let time) = KeyedFile.parse(key, bytes, complete: true)
        else { return nil }
        self.periods = periods
        throttledPeriods = throttled
        self.time = time
    }
}

extension CgroupDetails {
    fileprivate mutating func set(_ throttling: Throttling, unit: UInt64) {
        periods = throttling.periods
        throttledPeriods = throttling.throttledPeriods
        let (time, overflow) = throttling.time.multipliedReportingOverflow(by: unit)
        throttledNanoseconds = overflow ? nil : time
    }
}
