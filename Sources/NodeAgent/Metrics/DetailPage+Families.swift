// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Formats

/// Names have a prefix of our own: who also scrapes the kubelet would count everything twice under its names.
extension DetailPage {
    static var containerFamilies: [MetricFamily<ContainerState>] {
        let prefix = "metrics_push_container_"
        return [
            MetricFamily(prefix + "cpu_usage_seconds_total", .counter, "CPU time.") {
                seconds($0.record.cpuNanoseconds)
            },
            MetricFamily(prefix + "cpu_limit_cores", .gauge, "CPU limit, where there is one.") {
                $0.details.cpuLimitMillicores.map { Double($0) / 1000 }
            },
            MetricFamily(prefix + "cpu_periods_total", .counter, "Periods of the CPU limit in which it wanted to run.")
            {
                $0.details.periods
            },
            MetricFamily(prefix + "cpu_throttled_periods_total", .counter, "Periods in which the CPU limit stopped it.")
            { $0.details.throttledPeriods },
            MetricFamily(prefix + "cpu_throttled_seconds_total", .counter, "How long the CPU limit stopped it.") {
                seconds($0.details.throttledNanoseconds)
            },
            MetricFamily(
                prefix + "memory_working_set_bytes", .gauge, "Memory in use, less the inactive part of the page cache."
            ) { $0.record.workingSetBytes },
            MetricFamily(prefix + "memory_usage_bytes", .gauge, "Memory in use.") { $0.record.usageBytes },
            MetricFamily(prefix + "memory_limit_bytes", .gauge, "Memory limit, where there is one.") {
                $0.details.memoryLimitBytes
            },
            MetricFamily(prefix + "memory_swap_bytes", .gauge, "Swap in use.") { $0.details.swapBytes },
            MetricFamily(prefix + "oom_kills_total", .counter, "Processes killed for want of memory.") {
                $0.details.outOfMemoryKills
            },
            MetricFamily(
                prefix + "pressure_seconds_total", .counter,
                "How long some, or all, of its processes waited for a resource.",
                samples: { pressures($0.details) }),
            MetricFamily(prefix + "start_time_seconds", .gauge, "When it started, since 1970.") {
                $0.record.startTimeUnixNanoseconds.map { Double($0) / 1e9 }
            },
            MetricFamily(prefix + "restarts_total", .counter, "Times it was started again in this pod.") {
                $0.record.name?.restartCount
            },
        ]
    }

    static var podFamilies: [MetricFamily<PodState>] {
        let prefix = "metrics_push_pod_"
        return [
            MetricFamily(prefix + "cpu_usage_seconds_total", .counter, "CPU time of the pod's own cgroup.") {
                seconds($0.pod.cpuNanoseconds)
            },
            MetricFamily(
                prefix + "memory_working_set_bytes", .gauge, "The same as of a container, of the pod's own cgroup."
            ) { $0.pod.workingSetBytes },
            MetricFamily(prefix + "memory_usage_bytes", .gauge, "Memory in use in the pod's own cgroup.") {
                $0.pod.usageBytes
            },
            MetricFamily(
                prefix + "memory_overhead_bytes", .gauge,
                "Of that, what is in none of its containers: sandbox, runtime, what dead containers have left."
            ) { $0.overheadBytes },
        ]
    }

    private static func seconds(_ nanoseconds: UInt64?) -> Double? { nanoseconds.map { Double($0) / 1e9 } }

    private static func pressures(_ details: CgroupDetails) -> [MetricFamily<ContainerState>.Sample] {
        let resources = [
            ("cpu", details.cpuPressure), ("memory", details.memoryPressure), ("io", details.ioPressure),
        ]
        return resources.flatMap { resource, pressure in
            [("some", pressure?.some), ("full", pressure?.full)].compactMap { kind, stall in
                stall.map {
                    ([("resource", resource), ("kind", kind)], "\(Double($0.totalMicroseconds) / 1e6)")
                }
            }
        }
    }
}
