// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console
import Formats
import TLS
import Wire

/// The page at /metrics: the agent's own health.
struct AgentPage {
    /// Of every name but those that Prometheus' clients give all processes.
    static let prefix = "metrics_push_agent_"

    let sampler: SamplerFigures
    let pushes: [(address: String, figures: PushFigures)]
    let process: ProcessFigures

    func write(to text: inout PrometheusText) {
        text.family(
            Self.prefix + "build_info", .gauge, help: "The version of this agent, and the node's cgroup version.")
        text.sample(
            Self.prefix + "build_info", labels: [("version", Version.text), ("cgroup_mode", sampler.mode)], 1)
        writeSweeps(to: &text)
        if let last = sampler.lastSweep { writeLastSweep(ended: last, to: &text) }
        let addresses = pushes.map { (labels: PrometheusText.Labels([("address", $0.address)]), subject: $0.figures) }
        for family in Self.pushFamilies { family.write(addresses, to: &text) }
        writeProcess(to: &text)
    }

    private func writeSweeps(to text: inout PrometheusText) {
        let statistics = sampler.statistics
        single("sweeps_total", .counter, "Passes over the node's cgroups.", statistics.sweeps, &text)
        single("sweeps_failed_total", .counter, "Passes that had nothing to push.", sampler.failedSweeps, &text)
        text.histogram(
            Self.prefix + "sweep_duration_seconds", help: "How long passes took.", bounds: SweepDurations.boundsSeconds,
            counts: sampler.durations.counts, sum: Double(sampler.durations.sumNanoseconds) / 1e9)
        single("files_read_total", .counter, "Accounting files read.", statistics.filesRead, &text)
        single("read_bytes_total", .counter, "Bytes of accounting files read.", statistics.bytesRead, &text)
        single("directories_listed_total", .counter, "Cgroup directories listed.", statistics.directoriesListed, &text)
        text.family(
            Self.prefix + "read_errors_total", .counter,
            help: "System calls that failed on something that is there, by error.")
        for entry in statistics.readErrorsByNumber.entries {
            text.sample(Self.prefix + "read_errors_total", labels: [("errno", entry.name)], entry.count)
        }
        single(
            "vanished_total", .counter,
            "Files and directories that were gone when they were to be read: races with a container's end, no errors.",
            statistics.missing, &text)
        single(
            "parse_errors_total", .counter, "Files that were read and not understood.", statistics.parseErrors, &text)
        single("containers_gone_total", .counter, "Containers that went away.", statistics.vanished, &text)
    }

    /// Not before there was one: a node without containers is another thing than one that nobody has looked at.
    private func writeLastSweep(ended: Deadline, to text: inout PrometheusText) {
        single(
            "last_sweep_duration_seconds", .gauge, "How long the last pass took.",
            Double(sampler.statistics.lastSweepNanoseconds) / 1e9, &text)
        single("last_sweep_age_seconds", .gauge, "Since the last pass ended.", ended.overdue.inSeconds, &text)
        let counts = sampler.containers
        text.family(Self.prefix + "containers", .gauge, help: "Containers of the last pass by role.")
        for (role, count) in [("app", counts.apps), ("sandbox", counts.sandboxes), ("pending", counts.pending)] {
            text.sample(Self.prefix + "containers", labels: [("role", role)], count)
        }
        text.family(
            Self.prefix + "containers_by_name", .gauge,
            help: "Containers of the last pass, sandboxes aside, by whether they have a name.")
        text.sample(Self.prefix + "containers_by_name", labels: [("named", "true")], counts.named)
        text.sample(Self.prefix + "containers_by_name", labels: [("named", "false")], counts.unnamed)
        single("kubepods_found", .gauge, "1: the pods' cgroup is there.", sampler.isKubepodsFound ? 1 : 0, &text)
        single(
            "names_problem", .gauge, "1: containers cannot be named by the links in the log directory.",
            sampler.hasNamesProblem ? 1 : 0, &text)
    }

    private func writeProcess(to text: inout PrometheusText) {
        if let seconds = process.cpuSeconds {
            text.single("process_cpu_seconds_total", .counter, help: "CPU time of this process.", seconds)
        }
        if let bytes = process.residentBytes {
            text.single(
                "process_resident_memory_bytes", .gauge, help: "Memory of this process that is resident.", bytes)
        }
        if let bytes = process.virtualBytes {
            text.single("process_virtual_memory_bytes", .gauge, help: "Address space of this process.", bytes)
        }
        if let seconds = process.startTimeSeconds {
            text.single("process_start_time_seconds", .gauge, help: "When this process started, since 1970.", seconds)
        }
        if let count = process.openDescriptors {
            text.single("process_open_fds", .gauge, help: "Open file descriptors.", count)
        }
        if let count = process.mostDescriptors {
            text.single("process_max_fds", .gauge, help: "File descriptors that may be open.", count)
        }
    }

    private func single(
        _ name: String, _ kind: PrometheusText.Kind, _ help: String, _ value: some CustomStringConvertible,
        _ text: inout PrometheusText
    ) {
        text.single(Self.prefix + name, kind, help: help, value)
    }
}

extension Duration {
    /// As Prometheus has times.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
