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
    let nodeCPUNanocores: UInt64?
    let rows: [DumpRow]
    let statistics: SweepStatistics
    /// What could not be found, in words for the operator.
    let problems: [String]
    let unixNanoseconds: Int64
}

/// One container.
struct DumpRow {
    let record: ContainerRecord
    /// Mean over the two reads; nil when there was none to compare with.
    let cpuNanocores: UInt64?
    let details: CgroupDetails
    /// A name that a container of the same pod has; the sandbox has none of its own.
    let siblingName: ContainerName?

    private var podName: ContainerName? { record.name ?? siblingName }

    var namespace: String { podName?.namespace ?? "-" }

    /// The pod of which no container has a name is told by its uid.
    var pod: String { podName?.pod ?? "uid:\(record.identity.podUID)" }

    var container: String {
        if let name = record.name { return name.container }
        return record.role == .sandbox ? "(sandbox)" : "(\(record.identity.containerID.prefix(12)))"
    }

    var nameSource: String {
        if let name = record.name { return name.source.description }
        return record.role == .sandbox ? "inode-order" : "none"
    }

    /// Named pods first, in the order in which kubectl lists them.
    var sortKey: (Int, String, String, String) {
        (podName == nil ? 1 : 0, namespace, pod, record.role == .sandbox ? "~" : container)
    }
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
