// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// What `--dump` prints, whatever the format.
struct DumpReport {
    let nodeName: String
    let mode: CgroupMode
    let driver: CgroupDriver
    let kubepodsPath: String
    let bootID: String
    let capacity: NodeCapacity
    let node: NodeReading
    let nodeCPU: CPUMean?
    /// Those that were asked for, in the order that was asked for.
    let pods: [DumpPod]
    /// Of the whole node.
    let counts: DumpCounts
    let statistics: SweepStatistics
    /// What could not be found, in words for the operator.
    let problems: [String]
    /// CLOCK_REALTIME and CLOCK_BOOTTIME at one moment.
    let unixNanoseconds: Int64
    let bootTimeNanoseconds: UInt64
    let isSinceStart: Bool

    /// When something was read, as Unix time, ns.
    func unixTime(ofBootTime time: UInt64) -> Int64 {
        unixNanoseconds &+ Int64(truncatingIfNeeded: time &- bootTimeNanoseconds)
    }
}

/// How much there is on the node.
struct DumpCounts: Equatable {
    var pods = 0
    /// Without sandboxes.
    var containers = 0
    var named = 0
}

extension QoSClass {
    /// As `kubectl describe pod` spells it.
    var text: String {
        switch self {
        case .guaranteed: "Guaranteed"
        case .burstable: "Burstable"
        case .bestEffort: "BestEffort"
        }
    }
}

extension CgroupMode {
    var text: String {
        switch self {
        case .v1: "v1"
        case .v2: "v2"
        case .hybrid: "hybrid"
        }
    }
}

extension CgroupDriver {
    var text: String {
        switch self {
        case .systemd: "systemd"
        case .cgroupfs: "cgroupfs"
        }
    }
}
