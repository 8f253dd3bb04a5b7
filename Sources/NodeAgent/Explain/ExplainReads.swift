// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// The files of one cgroup and what is computed from them.
enum ExplainReads {
    /// What a record holds of one sweep.
    struct Counters {
        let cpuNanoseconds: UInt64?
        let usageBytes: UInt64?
        let workingSetBytes: UInt64?
        let bootTimeNanoseconds: UInt64
        /// The page cache was read in an earlier sweep.
        let isStale: Bool

        init(_ record: ContainerRecord) {
            isStale = record.isInactiveFileStale
            (cpuNanoseconds, usageBytes) = (record.cpuNanoseconds, record.usageBytes)
            (workingSetBytes, bootTimeNanoseconds) = (record.workingSetBytes, record.bootTimeNanoseconds)
        }

        init(_ record: PodRecord) {
            isStale = false
            (cpuNanoseconds, usageBytes) = (record.cpuNanoseconds, record.usageBytes)
            (workingSetBytes, bootTimeNanoseconds) = (record.workingSetBytes, record.bootTimeNanoseconds)
        }
    }

    /// - Parameter before: of the first sweep; nil: it was not there.
    static func write(
        subject: String, mode: CgroupMode, before: Counters?, now: Counters, _ trace: SamplerTrace,
        _ text: inout ExplainText
    ) {
        let reads = last(of: subject, in: trace)
        text.row("read", reads.isEmpty ? ["nothing"] : reads.map(line))
        let inactive = reads.first { $0.path.hasSuffix("/memory.stat") }.flatMap(\.number)
        text.row("memory", memory(now, inactive: inactive, mode) + (now.isStale ? ", of an earlier sweep" : ""))
        text.row("cpu", rate(before, now, mode))
    }

    /// The last read of each file and key, in the order of the first.
    private static func last(of subject: String, in trace: SamplerTrace) -> [SamplerTrace.Read] {
        var found: [SamplerTrace.Read] = []
        for read in trace.reads where read.subject == subject {
            if let index = found.firstIndex(where: { $0.path == read.path && $0.key == read.key }) {
                found[index] = read
            } else {
                found.append(read)
            }
        }
        return found
    }

    private static func line(_ read: SamplerTrace.Read) -> String {
        let outcome =
            switch read.outcome {
            case .number(let number): "\(number)"
            case .unlimited: "max"
            case .understood: "understood"
            case .malformed: "not what the kernel writes there"
            case .failed(let errno): ExplainText.error(errno)
            }
        let key = read.key.map { " " + $0 } ?? ""
        return "\(read.path)\(key) = \(outcome)  (\(read.bytes) bytes, \(ExplainText.microseconds(read.nanoseconds)))"
    }

    private static func memory(_ now: Counters, inactive: UInt64?, _ mode: CgroupMode) -> String {
        let (current, cache) =
            mode == .v2 ? ("memory.current", "inactive_file") : ("memory.usage_in_bytes", "total_inactive_file")
        guard let usage = now.usageBytes else {
            return "working set not known: no \(current); is the memory controller on for this cgroup?"
        }
        guard let inactive, let workingSet = now.workingSetBytes else {
            return "working set not known: no \(cache)"
        }
        return "working set = \(current) \(ExplainText.mebibytes(usage)) - \(cache) "
            + "\(ExplainText.mebibytes(inactive)) = \(ExplainText.mebibytes(workingSet))"
            + (inactive > usage ? ", as it is never below 0" : "")
    }

    private static func rate(_ before: Counters?, _ now: Counters, _ mode: CgroupMode) -> String {
        guard let cpu = now.cpuNanoseconds else { return "rate not known: the counter could not be read" }
        guard let before, let earlier = before.cpuNanoseconds else {
            return "rate not known: the counter was not there a second ago, or not readable"
        }
        guard cpu >= earlier else { return "rate not known: the counter went back, from \(earlier) to \(cpu) ns" }
        let mean = CPUMean(from: earlier, at: before.bootTimeNanoseconds, to: cpu, at: now.bootTimeNanoseconds)
        let (unit, scale): (String, UInt64) = mode == .v2 ? ("us", 1_000) : ("ns", 1)
        return "rate = (\(cpu / scale) \(unit) - \(earlier / scale) \(unit)) / "
            + "\(ExplainText.seconds(now.bootTimeNanoseconds &- before.bootTimeNanoseconds)) = \(DumpTable.cpu(mean?.nanocores))"
    }
}

extension SamplerTrace.Read {
    fileprivate var number: UInt64? {
        if case .number(let number) = outcome { number } else { nil }
    }
}
