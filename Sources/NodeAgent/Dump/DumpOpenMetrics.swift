// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// The report as OpenMetrics 1.0 text, with the names, labels and sample times of the kubelet's `/metrics/resource`
/// (pkg/kubelet/metrics/collectors/resource_metrics.go), so that the two can be laid side by side. As there, sandboxes have
/// no lines of their own, and what has no name has none at all.
enum DumpOpenMetrics {
    static func render(_ report: DumpReport) -> String {
        let pods = Self.pods(report)
        let containers = pods.flatMap(containers)
        var text = OpenMetricsText()
        let time = report.unixTime(ofBootTime: report.node.bootTimeNanoseconds)

        text.family("node_cpu_usage_seconds", .counter, "Cumulative CPU time of the node.")
        text.seconds([], report.node.cpuNanoseconds, at: time)
        text.family("node_memory_working_set_bytes", .gauge, "Working set of the node.")
        text.value([], report.node.workingSetBytes, at: time)

        text.family("container_cpu_usage_seconds", .counter, "Cumulative CPU time of the container.")
        for item in containers { text.seconds(item.labels, item.figures.cpuNanoseconds, at: item.time(in: report)) }
        text.family("container_memory_working_set_bytes", .gauge, "Working set of the container.")
        for item in containers { text.value(item.labels, item.figures.workingSetBytes, at: item.time(in: report)) }
        text.family("container_swap_usage_bytes", .gauge, "Swap that the container uses.")
        for item in containers { text.value(item.labels, item.figures.details.swapBytes, at: item.time(in: report)) }
        text.family("container_swap_limit_bytes", .gauge, "Swap that the container may use.")
        for item in containers {
            text.value(item.labels, item.figures.details.swapLimitBytes, at: item.time(in: report))
        }
        text.family("container_start_time_seconds", .gauge, "Start of the container, Unix time.")
        for item in containers {
            let start = item.figures.startTimeUnixNanoseconds.flatMap { UInt64(exactly: $0) }
            text.seconds(item.labels, start, at: nil)
        }

        text.family("pod_cpu_usage_seconds", .counter, "Cumulative CPU time of the pod.")
        for pod in pods { text.seconds(pod.labels, pod.figures.cpuNanoseconds, at: pod.time(in: report)) }
        text.family("pod_memory_working_set_bytes", .gauge, "Working set of the pod.")
        for pod in pods { text.value(pod.labels, pod.figures.workingSetBytes, at: pod.time(in: report)) }
        text.family("pod_swap_usage_bytes", .gauge, "Swap that the pod uses.")
        for pod in pods { text.value(pod.labels, pod.figures.details.swapBytes, at: pod.time(in: report)) }

        text.family("resource_scrape_error", .gauge, "1 when something of the node could not be found.")
        text.value([], report.problems.isEmpty ? 0 : 1, at: nil)
        return text.finished
    }

    /// What one line of labels stands for.
    private struct Item {
        let labels: [OpenMetricsText.Label]
        let figures: DumpFigures
        var rows: [DumpRow] = []

        func time(in report: DumpReport) -> Int64 { report.unixTime(ofBootTime: figures.bootTimeNanoseconds) }
    }

    private static func pods(_ report: DumpReport) -> [Item] {
        let items = report.pods.compactMap { pod -> Item? in
            guard let name = pod.name else { return nil }
            return Item(
                labels: [.init("namespace", name.namespace), .init("pod", name.pod)], figures: pod.figures,
                rows: pod.rows)
        }
        return newest(items)
    }

    private static func containers(_ pod: Item) -> [Item] {
        let items = pod.rows.compactMap { row -> Item? in
            guard let name = row.name else { return nil }
            return Item(labels: [.init("container", name.container)] + pod.labels, figures: row.figures)
        }
        return newest(items)
    }

    /// A series may be there once. Of a pod that was made anew under its name, and of a container that does not go, the
    /// kubelet tells the newest too.
    private static func newest(_ items: [Item]) -> [Item] {
        var places: [[OpenMetricsText.Label]: Int] = [:]
        var kept: [Item] = []
        for item in items {
            guard let place = places[item.labels] else {
                places[item.labels] = kept.count
                kept.append(item)
                continue
            }
            let started = kept[place].figures.startTimeUnixNanoseconds ?? .min
            if item.figures.startTimeUnixNanoseconds ?? .min > started { kept[place] = item }
        }
        return kept
    }
}
