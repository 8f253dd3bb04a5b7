// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// What a node shows to somebody who looks for one pod or container: two sweeps, and the logs of all.
struct ExplainFacts {
    struct Container {
        /// In the first sweep; nil: it was not there.
        let before: ContainerRecord?
        let record: ContainerRecord

        var isNamed: Bool { record.name != nil }

        /// The runtime put it outside of its pod's cgroup.
        var isMisplaced: Bool {
            guard let name = record.identity.path.split(separator: "/").last else { return false }
            if case .misplaced = CgroupName(String(name)) { return true }
            return false
        }

        /// The sampler takes its time until it knows what to make of it.
        var isUnsettled: Bool {
            switch record.role {
            case .pending: true
            case .sandbox: record.workingSetBytes ?? 0 >= NodeSampler.leastSentryMemory
            case .app: record.attribution == .own && record.cpuNanoseconds == 0 && record.usageBytes == 0
            }
        }
    }

    struct Pod {
        let uid: String
        let before: PodRecord?
        /// nil: containers have the uid, and no pod's cgroup does.
        let record: PodRecord?
        /// By a container's name, otherwise by the kubelet's log directory with its uid.
        let namespace: String?
        let name: String?
        let containers: [Container]

        var title: String {
            if let namespace, let name { "\(namespace)/\(name)" } else { "uid:\(uid)" }
        }
    }

    var mode: CgroupMode
    var driver: CgroupDriver
    var kubepodsPath: String
    var pods: [Pod]
    var links: [NodeLogs.Link] = []
    var logDirectories: [NodeLogs.PodDirectory] = []
    /// What could not be looked at, in words for the operator.
    var problems: [String] = []
}

extension ExplainFacts {
    /// - Parameters:
    ///   - before: slots and pods of the first sweep.
    ///   - sampler: after the second.
    init(_ sampler: NodeSampler, roots: NodeRoots, before: (slots: [ContainerRecord?], pods: [PodRecord])) {
        let logs = NodeLogs(at: roots.logs)
        var problems = sampler.problems.map { "\($0)" }
        func kept<Value>(_ read: () throws(CgroupError) -> [Value]) -> [Value] {
            do throws(CgroupError) {
                return try read()
            } catch {
                if !problems.contains("\(error)") { problems.append("\(error)") }
                return []
            }
        }
        let links = kept { () throws(CgroupError) in try logs.links() }
        let directories = kept { () throws(CgroupError) in try logs.podDirectories() }
        var containers: [String: [Container]] = [:]
        for record in sampler.slots {
            guard let record else { continue }
            let earlier = before.slots.first { $0?.identity == record.identity } ?? nil
            containers[record.identity.podUID, default: []].append(Container(before: earlier, record: record))
        }
        let records = Dictionary(sampler.readPods().map { ($0.uid, $0) }) { first, _ in first }
        let pods = Set(records.keys).union(containers.keys).sorted().map { uid in
            let own = containers[uid, default: []].sorted { $0.record.identity.inode < $1.record.identity.inode }
            let named = own.lazy.compactMap(\.record.name).first
            let directory = directories.first { $0.uid == uid }
            let record = records[uid]
            return Pod(
                uid: uid, before: before.pods.first { $0.path == record?.path && $0.inode == record?.inode },
                record: record, namespace: named?.namespace ?? directory?.namespace,
                name: named?.pod ?? directory?.pod, containers: own)
        }
        self.init(
            mode: sampler.mode, driver: sampler.driver, kubepodsPath: sampler.kubepodsPath, pods: pods, links: links,
            logDirectories: directories, problems: problems)
    }
}
