// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Formats

/// The report as OpenMetrics 1.0 text, with the names, labels and sample times of the kubelet's `/metrics/resource`
/// (pkg/kubelet/metrics/collectors/resource_metrics.go), so that the two can be laid side by side. As there, sandboxes have
/// no lines of their own, and what has no name has none at all.
enum DumpOpenMetrics {
    static func render(_ report: DumpReport) -> String {
        let pods = Self.pods(report)
        let containers = pods.flatMap(containers)
        var text = PrometheusText(.openMetrics)
        let time = report.unixTime(ofBootTime: report.node.bootTimeNanoseconds)

        text.family("node_cpu_usage_seconds_total", .counter, help: "Cumulative CPU time of the node.")
        text.seconds("node_cpu_usage_seconds_total", .init([]), report.node.cpuNanoseconds, at: time)
        text.family("node_memory_working_set_bytes", .gauge, help: "Working set of the node.")
        text.value("node_memory_working_set_bytes", .init([]), report.node.workingSetBytes, at: time)

        text.family("container_cpu_usage_seconds_total", .counter, help: "Cumulative CPU time of the container.")
        for item in containers {
            text.seconds(
                "container_cpu_usage_seconds_total", item.labels, item.figures.cpuNanoseconds, at: item.time(in: report)
            )
        }
        text.family("container_memory_working_set_bytes", .gauge, help: "Working set of the container.")
        for item in containers {
            text.value(
                "container_memory_working_set_bytes", item.labels, item.figures.workingSetBytes,
                at: item.time(in: report))
        }
        text.family("container_swap_usage_bytes", .gauge, help: "Swap that the container uses.")
        for item in containers {
            text.value(
                "container_swap_usage_bytes", item.labels, item.figures.details.swapBytes, at: item.time(in: report))
        }
        text.family("container_swap_limit_bytes", .gauge, help: "Swap that the container may use.")
        for item in containers {
            text.value(
                "container_swap_limit_bytes", item.labels, item.figures.details.swapLimitBytes,
                at: item.time(in: report))
        }
        text.family("container_start_time_seconds", .gauge, help: "Start of the container, Unix time.")
        for item in containers {
            let start = item.figures.startTimeUnixNanoseconds.flatMap { UInt64(exactly: $0) }
            text.seconds("container_start_time_seconds", item.labels, start, at: nil)
        }

        text.family("pod_cpu_usage_seconds_total", .counter, help: "Cumulative CPU time of the pod.")
        for pod in pods {
            text.seconds(
                "pod_cpu_usage_seconds_total", pod.labels, pod.figures.cpuNanoseconds, at: pod.time(in: report))
        }
        text.family("pod_memory_working_set_bytes", .gauge, help: "Working set of the pod.")
        for pod in pods {
            text.value(
                "pod_memory_working_set_bytes", pod.labels, pod.figures.workingSetBytes, at: pod.time(in: report))
        }
        text.family("pod_swap_usage_bytes", .gauge, help: "Swap that the pod uses.")
        for pod in pods {
            text.value("pod_swap_usage_bytes", pod.labels, pod.figures.details.swapBytes, at: pod.time(in: report))
        }

        text.family("resource_scrape_error", .gauge, help: "1 when something of the node could not be found.")
        text.value("resource_scrape_error", .init([]), report.problems.isEmpty ? 0 : 1, at: nil)
        return text.text
    }

    /// What one line of labels stands for.
    private struct Item {
        let labels: PrometheusText.Labels
        let figures: DumpFigures
        var rows: [DumpRow] = []

        func time(in report: DumpReport) -> Int64 { report.unixTime(ofBootTime: figures.bootTimeNanoseconds) }
    }

    private static func pods(_ report: DumpReport) -> [Item] {
        let items = report.pods.compactMap { pod -> Item? in
            guard let name = pod.name else { return nil }
            return Item(
                labels: labels([("namespace", name.namespace), ("pod", name.pod)]), figures: pod.figures,
                rows: pod.rows)
        }
        return newest(items)
    }

    /// Control characters would be allowed here, but not by a terminal.
    private static func labels(_ labels: [(String, String)]) -> PrometheusText.Labels {
        PrometheusText.Labels(labels.map { ($0.0, printable($0.1)) })
    }

    private static func containers(_ pod: Item) -> [Item] {
        let items = pod.rows.compactMap { row -> Item? in
            guard let name = row.name else { return nil }
            return Item(labels: labels([("container", name.container)]).adding(pod.labels), figures: row.figures)
        }
        return newest(items)
    }

    /// A series may be there once. Of a pod that was made anew under its name, and of a container that does not go, the
    /// kubelet tells the newest too.
    private static func newest(_ items: [Item]) -> [Item] {
        var places: [PrometheusText.Labels: Int] = [:]
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

extension PrometheusText {
    /// No sample without a value.
    fileprivate mutating func value(_ name: String, _ labels: Labels, _ value: UInt64?, at time: Int64?) {
        if let value { sample(name, prepared: labels, value, at: time) }
    }

    /// Nanoseconds, as seconds.
    fileprivate mutating func seconds(_ name: String, _ labels: Labels, _ nanoseconds: UInt64?, at time: Int64?) {
        if let nanoseconds { sample(name, prepared: labels, Self.decimal(nanoseconds, digits: 9), at: time) }
    }
}
