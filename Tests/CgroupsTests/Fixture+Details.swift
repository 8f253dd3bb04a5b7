// SPDX-License-Identifier: Apache-2.0

extension Fixture {
    private static let stall = "some avg10=0.50 avg60=0.25 avg300=0.01 total=42\n"

    /// Everything that `details` reads of a v2 cgroup, with a value that says something.
    static let detailsV2 = [
        ("cpu.max", "50000 100000\n"), ("cpu.stat", cpuStatV2), ("memory.max", "1048576\n"), ("memory.peak", "99\n"),
        ("memory.stat", memoryStatV2), ("memory.swap.current", "1\n"), ("memory.swap.max", "2\n"),
        ("memory.events", "oom 1\noom_kill 1\n"), ("pids.current", "3\n"), ("cpu.pressure", stall),
        ("memory.pressure", stall), ("io.pressure", stall),
    ]

    /// The same of v1.
    static let detailsV1 = [
        ("cpu.cfs_quota_us", "50000\n"), ("cpu.cfs_period_us", "100000\n"),
        ("cpu.stat", "nr_periods 1\nnr_throttled 2\nthrottled_time 3\n"), ("memory.limit_in_bytes", "1048576\n"),
        ("memory.max_usage_in_bytes", "99\n"), ("memory.stat", memoryStatV1), ("memory.oom_control", "oom_kill 1\n"),
    ]
}
