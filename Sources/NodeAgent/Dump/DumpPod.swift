// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// One pod: its own cgroup, and the containers in it.
struct DumpPod {
    let uid: String
    let qos: QoSClass
    /// Told by the names of its containers; nil while none has one.
    let name: PodName?
    /// nil when the pod's own cgroup could not be read, or is not where its containers are.
    let cgroup: Cgroup?
    var figures: DumpFigures
    var rows: [DumpRow]

    struct PodName: Equatable {
        let namespace: String
        let pod: String
    }

    struct Cgroup: Equatable {
        let path: String
        let inode: UInt64
    }

    init(uid: String, qos: QoSClass, cgroup: Cgroup?, figures: DumpFigures, rows: [DumpRow]) {
        self.uid = uid
        self.qos = qos
        self.cgroup = cgroup
        self.figures = figures
        self.rows = rows
        name = rows.lazy.compactMap(\.name).first.map { PodName(namespace: $0.namespace, pod: $0.pod) }
    }

    /// The pod of which no container has a name is told by its uid.
    var displayName: String { name.map { "\($0.namespace)/\($0.pod)" } ?? "uid:\(uid)" }

    /// What the pod's cgroup has beyond its containers: the runtime's processes, a virtual machine, memory that a dead
    /// container's files still hold.
    var overhead: DumpOverhead? {
        if cgroup == nil { return nil }
        return DumpOverhead(
            cpuNanocores: Self.rest(figures.cpu?.nanocores, rows.map(\.figures.cpu?.nanocores)),
            usageBytes: Self.rest(figures.usageBytes, rows.map(\.figures.usageBytes)),
            workingSetBytes: Self.rest(figures.workingSetBytes, rows.map(\.figures.workingSetBytes)))
    }

    /// Unknown when a part is. Not below 0: the parts are read at other moments than the whole.
    static func rest(_ whole: UInt64?, _ parts: [UInt64?]) -> UInt64? {
        guard var rest = whole else { return nil }
        for part in parts {
            guard let part else { return nil }
            rest -= min(rest, part)
        }
        return rest
    }
}

/// nil: not known.
struct DumpOverhead: Equatable {
    var cpuNanocores: UInt64?
    var usageBytes: UInt64?
    var workingSetBytes: UInt64?
}

/// One container, or a pod's sandbox.
struct DumpRow {
    let identity: ContainerIdentity
    let role: ContainerRole
    let name: ContainerName?
    let attribution: Attribution
    let isInactiveFileStale: Bool
    var figures: DumpFigures

    init(_ record: ContainerRecord) {
        identity = record.identity
        role = record.role
        name = record.name
        attribution = record.attribution
        isInactiveFileStale = record.isInactiveFileStale
        figures = DumpFigures(record)
    }

    var displayName: String {
        if let name { return name.container }
        return role == .sandbox ? "(sandbox)" : "(\(identity.containerID.prefix(12)))"
    }

    var nameSource: String {
        if let name { return name.source.description }
        return role == .sandbox ? "inode-order" : "none"
    }
}
