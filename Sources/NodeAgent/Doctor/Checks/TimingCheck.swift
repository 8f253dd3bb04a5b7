// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console

/// How long the kernel takes to answer.
enum TimingCheck {
    /// From here on a sweep over many containers is felt on the node, and the sampler reads the file less often.
    static let slow: UInt64 = 5_000_000

    private static let files = [
        "cpu.stat", "cpuacct.usage", "memory.current", "memory.usage_in_bytes", "memory.stat",
    ]

    static func run(_ trace: SamplerTrace) -> [Finding] {
        files.compactMap { file in
            let times = trace.reads.filter { $0.path.hasSuffix("/" + file) && !isFailed($0) }.map(\.nanoseconds)
                .sorted()
            return times.isEmpty ? nil : judge(file, times)
        }
    }

    private static func isFailed(_ read: SamplerTrace.Read) -> Bool {
        if case .failed = read.outcome { true } else { false }
    }

    /// - Parameter times: in order, ns.
    static func judge(_ file: String, _ times: [UInt64]) -> Finding {
        let (median, high) = (percentile(50, of: times), percentile(99, of: times))
        let found =
            "p50 \(ExplainText.microseconds(median)), p99 \(ExplainText.microseconds(high)) of \(times.count) reads"
        guard file == "memory.stat", high > slow else { return .ok("time: \(file)", found) }
        return .warn(
            "time: \(file)", found,
            fix: [
                "the agent reads it in one sweep of four while it is so; see gone cgroups below",
                "kernels before 4.16 take longer with each cgroup that is gone: a newer kernel helps, or "
                    + "echo 2 > /proc/sys/vm/drop_caches for a while",
            ])
    }

    /// The nearest rank.
    static func percentile(_ percent: Int, of sorted: [UInt64]) -> UInt64 {
        guard !sorted.isEmpty else { return 0 }
        return sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
    }
}
