// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// A raw figure under the name that tells its unit.
struct DumpField {
    enum Value {
        case text(String?)
        case number(UInt64?)
        case list([String])
    }

    let name: String
    let value: Value

    init(_ name: String, _ value: String?) {
        self.name = name
        self.value = .text(value)
    }

    init(_ name: String, _ value: UInt64?) {
        self.name = name
        self.value = .number(value)
    }

    init(_ name: String, _ values: [String]) {
        self.name = name
        value = .list(values)
    }
}

/// What JSON and CSV say of a pod, a container or a sandbox: the same fields in the same order of each, so that every one
/// of them is a row of one table. What it does not have, or could not be read, is null, and empty in CSV.
enum DumpFields {
    static func of(_ pod: DumpPod) -> [DumpField] {
        all(
            kind: "pod", pod, container: nil, inode: pod.cgroup?.inode, path: pod.cgroup?.path, pod.figures,
            overhead: pod.overhead, flags: flags(pod))
    }

    static func of(_ row: DumpRow, in pod: DumpPod) -> [DumpField] {
        all(
            kind: row.role == .sandbox ? "sandbox" : "container", pod, container: row, inode: row.identity.inode,
            path: row.identity.path, row.figures, overhead: nil, flags: flags(row))
    }

    private static func all(
        kind: String, _ pod: DumpPod, container: DumpRow?, inode: UInt64?, path: String?, _ figures: DumpFigures,
        overhead: DumpOverhead?, flags: [String]
    ) -> [DumpField] {
        // A container that has no name yet is not given its siblings' here: raw is what is known of it alone.
        let isNamed = container.map { $0.name != nil || $0.role == .sandbox } ?? true
        return [
            DumpField("kind", kind),
            DumpField("namespace", isNamed ? pod.name?.namespace : nil),
            DumpField("pod", isNamed ? pod.name?.pod : nil),
            DumpField("container", container?.name?.container),
            DumpField("restart_count", container?.name?.restartCount.flatMap { UInt64(exactly: $0) }),
            DumpField("name_source", container?.nameSource),
            DumpField("pod_uid", pod.uid),
            DumpField("container_id", container?.identity.containerID),
            DumpField("inode", inode),
            DumpField("qos", (container?.identity.qos ?? pod.qos).text),
            DumpField("cgroup", path),
            DumpField("start_time_unix_ns", figures.startTimeUnixNanoseconds.flatMap { UInt64(exactly: $0) }),
        ] + counters(figures) + pressures(figures.details) + [
            DumpField("overhead_cpu_nanocores", overhead?.cpuNanocores),
            DumpField("overhead_working_set_bytes", overhead?.workingSetBytes),
            DumpField("overhead_usage_bytes", overhead?.usageBytes),
            DumpField("flags", flags),
        ]
    }

    private static func counters(_ figures: DumpFigures) -> [DumpField] {
        let details = figures.details
        return [
            DumpField("boot_time_ns", figures.bootTimeNanoseconds == 0 ? nil : figures.bootTimeNanoseconds),
            DumpField("cpu_nanoseconds", figures.cpuNanoseconds),
            DumpField("cpu_nanocores", figures.cpu?.nanocores),
            DumpField("cpu_window_ns", figures.cpu?.windowNanoseconds),
            DumpField("working_set_bytes", figures.workingSetBytes),
            DumpField("usage_bytes", figures.usageBytes),
            DumpField("memory_limit_bytes", details.memoryLimitBytes),
            DumpField("cpu_limit_millicores", details.cpuLimitMillicores),
            DumpField("memory_peak_bytes", details.memoryPeakBytes),
            DumpField("anonymous_bytes", details.anonymousBytes),
            DumpField("swap_bytes", details.swapBytes),
            DumpField("swap_limit_bytes", details.swapLimitBytes),
            DumpField("oom_kills", details.outOfMemoryKills),
            DumpField("processes", details.processes),
            DumpField("cpu_periods", details.periods),
            DumpField("cpu_throttled_periods", details.throttledPeriods),
            DumpField("cpu_throttled_nanoseconds", details.throttledNanoseconds),
            DumpField("cpu_window_periods", figures.throttling?.periods),
            DumpField("cpu_window_throttled_periods", figures.throttling?.throttled),
        ]
    }

    /// Averages in hundredths of a percent, as the kernel prints them without its point.
    private static func pressures(_ details: CgroupDetails) -> [DumpField] {
        [("cpu", details.cpuPressure), ("memory", details.memoryPressure), ("io", details.ioPressure)]
            .flatMap { resource, pressure in
                [("some", pressure?.some), ("full", pressure?.full)].flatMap { kind, stall in
                    [
                        DumpField(
                            "\(resource)_pressure_\(kind)_avg10_hundredths", (stall?.average10).map(UInt64.init)),
                        DumpField("\(resource)_pressure_\(kind)_total_us", stall?.totalMicroseconds),
                    ]
                }
            }
    }

    private static func flags(_ pod: DumpPod) -> [String] {
        var flags = unavailable(pod.figures)
        if pod.cgroup == nil { flags = ["no-pod-cgroup"] }
        if pod.name == nil { flags.append("no-name") }
        return flags
    }

    private static func flags(_ row: DumpRow) -> [String] {
        var flags = unavailable(row.figures)
        if row.isInactiveFileStale { flags.append("stale-inactive-file") }
        switch row.attribution {
        case .own: break
        case .wholePod: flags.append("whole-pod")
        case .sibling: flags.append("in-sibling")
        }
        if row.name?.source == .byElimination { flags.append("by-elimination") }
        if row.name == nil, row.role != .sandbox { flags.append("no-name") }
        return flags
    }

    private static func unavailable(_ figures: DumpFigures) -> [String] {
        var flags: [String] = []
        if figures.cpuNanoseconds == nil { flags.append("cpu-unavailable") }
        if figures.usageBytes == nil {
            flags.append("memory-unavailable")
        } else if figures.workingSetBytes == nil {
            flags.append("working-set-unavailable")
        }
        return flags
    }
}
