// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// What is printed of one cgroup, a pod's or a container's. nil: not known.
struct DumpFigures {
    /// Cumulative.
    var cpuNanoseconds: UInt64?
    var usageBytes: UInt64?
    var workingSetBytes: UInt64?
    /// CLOCK_BOOTTIME at the CPU read.
    var bootTimeNanoseconds: UInt64 = 0
    var startTimeUnixNanoseconds: Int64?
    var cpu: CPUMean?
    /// nil also for one that never had a quota.
    var throttling: ThrottledPeriods?
    var details = CgroupDetails()
}

extension DumpFigures {
    init(_ record: ContainerRecord) {
        cpuNanoseconds = record.cpuNanoseconds
        usageBytes = record.usageBytes
        workingSetBytes = record.workingSetBytes
        bootTimeNanoseconds = record.bootTimeNanoseconds
        startTimeUnixNanoseconds = record.startTimeUnixNanoseconds
    }

    init(_ record: PodRecord) {
        cpuNanoseconds = record.cpuNanoseconds
        usageBytes = record.usageBytes
        workingSetBytes = record.workingSetBytes
        bootTimeNanoseconds = record.bootTimeNanoseconds
        startTimeUnixNanoseconds = record.startTimeUnixNanoseconds
    }

    /// The working set as a share of the memory limit.
    var limitPercent: UInt64? {
        guard let workingSetBytes, let limit = details.memoryLimitBytes, limit > 0 else { return nil }
        return scaled(workingSetBytes, by: 100, over: limit)
    }

    /// The worst of the three resources, hundredths of a percent of the last 10 s.
    var worstPressure: UInt32? {
        [details.cpuPressure, details.memoryPressure, details.ioPressure].compactMap { $0?.some.average10 }.max()
    }

    /// - Parameter now: Unix time, ns.
    func age(at now: Int64) -> UInt64? {
        guard let startTimeUnixNanoseconds else { return nil }
        let (age, overflow) = now.subtractingReportingOverflow(startTimeUnixNanoseconds)
        return overflow ? nil : UInt64(max(0, age))
    }
}

/// A mean of CPU use.
struct CPUMean: Equatable {
    let nanocores: UInt64
    /// The time that it is the mean over.
    let windowNanoseconds: UInt64

    /// nil when there are no two readings, or a counter went back.
    init?(from cpu: UInt64?, at time: UInt64, to laterCPU: UInt64?, at laterTime: UInt64) {
        guard let cpu, let laterCPU, laterCPU >= cpu, laterTime > time else { return nil }
        self.init(used: laterCPU - cpu, over: laterTime - time)
    }

    /// From a start at which the counter was zero.
    init?(sinceStart cpu: UInt64?, age: UInt64?) {
        guard let cpu, let age, age > 0 else { return nil }
        self.init(used: cpu, over: age)
    }

    private init?(used: UInt64, over window: UInt64) {
        guard let nanocores = scaled(used, by: 1_000_000_000, over: window) else { return nil }
        self.nanocores = nanocores
        windowNanoseconds = window
    }

    init(nanocores: UInt64, windowNanoseconds: UInt64) {
        self.nanocores = nanocores
        self.windowNanoseconds = windowNanoseconds
    }
}

/// CFS periods in which a cgroup wanted to run, and those in which its quota stopped it.
struct ThrottledPeriods: Equatable {
    let periods: UInt64
    let throttled: UInt64

    /// Tenths of a percent.
    var permille: UInt64 { periods == 0 ? 0 : scaled(throttled, by: 1000, over: periods) ?? 1000 }
}

extension ThrottledPeriods {
    /// All since the start.
    init?(_ details: CgroupDetails) {
        guard let periods = details.periods, let throttled = details.throttledPeriods else { return nil }
        self.init(periods: periods, throttled: throttled)
    }

    /// Those since an earlier reading; nil when there was none, or the counters began anew.
    func since(_ earlier: ThrottledPeriods?) -> ThrottledPeriods? {
        guard let earlier, periods >= earlier.periods, throttled >= earlier.throttled else { return nil }
        return ThrottledPeriods(periods: periods - earlier.periods, throttled: throttled - earlier.throttled)
    }
}

/// `value * factor / divisor`; nil when that has more than 64 bits.
func scaled(_ value: UInt64, by factor: UInt64, over divisor: UInt64) -> UInt64? {
    let product = value.multipliedFullWidth(by: factor)
    return product.high < divisor ? divisor.dividingFullWidth(product).quotient : nil
}
