// SPDX-License-Identifier: Apache-2.0

/// What a cgroup's files tell beyond the figures that are pushed. nil: the kernel does not tell it for this cgroup, or it
/// could not be read; for a limit also: none is set.
public struct CgroupDetails: Sendable, Equatable {
    /// CFS quota over its period, in thousandths of a CPU, rounded down (`cpu.max`, `cpu.cfs_quota_us`).
    public var cpuLimitMillicores: UInt64?
    /// CFS periods in which the cgroup wanted to run, and those of them in which it was stopped (`cpu.stat`). Cumulative.
    public var periods: UInt64?
    public var throttledPeriods: UInt64?
    /// How long it was stopped, ns. Cumulative.
    public var throttledNanoseconds: UInt64?
    /// `memory.max`, `memory.limit_in_bytes`.
    public var memoryLimitBytes: UInt64?
    /// The most that was in use at once (`memory.peak`, `memory.max_usage_in_bytes`).
    public var memoryPeakBytes: UInt64?
    /// Memory of processes, without any file's (`anon`, `total_rss`).
    public var anonymousBytes: UInt64?
    /// Swap in use (`memory.swap.current`, `total_swap`).
    public var swapBytes: UInt64?
    /// Swap that may be used (`memory.swap.max`).
    public var swapLimitBytes: UInt64?
    /// Processes that were killed because the limit was reached (`memory.events`, `memory.oom_control`). Cumulative.
    public var outOfMemoryKills: UInt64?
    /// Processes and threads (`pids.current`).
    public var processes: UInt64?
    /// v2 only; nil also where the kernel has none or it is turned off.
    public var cpuPressure: Pressure?
    public var memoryPressure: Pressure?
    public var ioPressure: Pressure?

    public init() {}
}
