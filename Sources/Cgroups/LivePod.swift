// SPDX-License-Identifier: Apache-2.0

/// A pod that a sweep saw, to be read later. It may be gone by then.
public struct LivePod {
    let pod: TrackedPod
}

/// A pod and its containers as they were at one moment.
public struct PodState: Sendable {
    public var pod: PodRecord
    public var containers: [ContainerState]

    public init(pod: PodRecord, containers: [ContainerState]) {
        self.pod = pod
        self.containers = containers
    }
}

public struct ContainerState: Sendable {
    /// With the figures of that moment, not of the last sweep.
    public var record: ContainerRecord
    public var details: CgroupDetails

    public init(record: ContainerRecord, details: CgroupDetails) {
        self.record = record
        self.details = details
    }
}

/// Pods one by one: whoever has something else to do in time reads as many of them as fit in between.
extension NodeSampler {
    /// Those of the last sweep, with or without containers.
    public var livePods: [LivePod] { root?.groups.filter { !$0.isStray }.flatMap { $0.pods.map(LivePod.init) } ?? [] }

    /// Reads the files of a pod's containers, `parts` of their details included, and then its own. Sweeps may come between
    /// this and `livePods`. nil: the pod is gone.
    public func state(of live: LivePod, _ parts: CgroupDetails.Parts = .all) -> PodState? {
        guard let root else { return nil }
        let split = split(root)
        var containers: [ContainerState] = []
        let attributed = live.pod.attributed
        for container in live.pod.containers.filter({ one in !attributed.contains { $0 === one } }) {
            guard table.records.indices.contains(container.slot), var record = table.records[container.slot] else {
                continue
            }
            sawMissing = false
            record.take(figures(split, primary: container.primary, secondary: container.secondary, turn(of: container)))
            // What is left of a cgroup that was removed in between says nothing.
            if sawMissing, record.cpuNanoseconds == nil, record.usageBytes == nil { continue }
            containers.append(ContainerState(record: record, details: details(path: record.identity.path, parts)))
        }
        // Those whose figures are the pod's, or none, have no files of their own to read: as in the last sweep.
        for container in attributed {
            if table.records.indices.contains(container.slot), let record = table.records[container.slot] {
                containers.append(ContainerState(record: record, details: details(path: record.identity.path, parts)))
            }
        }
        // The pod comes last. Its CPU time only grows, hence never shows as less than that of its containers.
        guard let pod = record(of: live.pod, split, otherTree(split)) else { return nil }
        // A removed directory that is held open is still there, but tells nothing.
        if pod.cpuNanoseconds == nil, pod.usageBytes == nil, containers.isEmpty { return nil }
        return PodState(pod: pod, containers: containers)
    }
}
