// SPDX-License-Identifier: Apache-2.0

/// Pods whose containers the node's kernel cannot tell apart: Kata runs them in a virtual machine, gVisor behind a kernel
/// of its own. Only the pod's cgroup knows what they use, so all of it is given to one of the containers and nothing to
/// the others; their sum, which the autoscaler uses, is right then.
extension NodeSampler {
    /// What gVisor's kernel needs at least, bytes; a pause process alone has less than one MiB.
    public static let leastSentryMemory: UInt64 = 8 << 20

    /// Whether the pod's containers have to be told by the log links alone, because they have no cgroups.
    func lacksContainers(_ pod: TrackedPod) -> Bool {
        if pod.hasVirtualMachine { return pod.containers.isEmpty }
        guard pod.containers.count == 1, let only = pod.containers.first, only.role == .sandbox,
            now &- only.firstSeen >= Self.patience, let memory = table.records[only.slot]?.workingSetBytes
        else { return false }
        return pod.isSandboxed || memory >= Self.leastSentryMemory
    }

    /// Before the links are listed: which pods need theirs.
    func findSandboxed(_ pod: TrackedPod) {
        if lacksContainers(pod) {
            // Their links may have been there before.
            if !pod.isSandboxed { hasNewUnnamed = true }
            pod.isSandboxed = true
        } else if pod.isSandboxed {
            pod.isSandboxed = false
            attribute(pod, to: [])
        }
        attributeIfIdle(pod)
    }

    /// `links` are all that name the pod by its uid.
    func nameSandboxed(_ pod: TrackedPod, by links: [LogLink]) {
        var newest: [String: LogLink] = [:]
        for link in links {
            guard let target = link.target, !link.name.isTruncated else { continue }
            // A restarted container has another id and another link; the old one stays for a while.
            if let other = newest[target.container], !isNewer(link, than: other) { continue }
            newest[target.container] = link
        }
        attribute(pod, to: newest.values.sorted { started($0) < started($1) })
    }

    private func started(_ link: LogLink) -> Int64 { link.modificationTime ?? .min }

    private func isNewer(_ link: LogLink, than other: LogLink) -> Bool {
        (link.target?.restartCount ?? -1, started(link)) > (other.target?.restartCount ?? -1, started(other))
    }

    /// Makes these the pod's containers. The one that started last is given the pod's figures and keeps them while it is
    /// there: init containers start first, and nothing but the API server knows that they have ended.
    private func attribute(_ pod: TrackedPod, to links: [LogLink]) {
        let bearerName = pod.bearer.flatMap { table.records[$0.slot]?.name?.container }
        var kept: [TrackedContainer] = []
        for container in pod.attributed {
            if links.contains(where: { $0.name.id == container.identity.containerID }) {
                kept.append(container)
            } else {
                if pod.bearer === container { pod.bearer = nil }
                forget(container)
            }
        }
        for link in links where !kept.contains(where: { $0.identity.containerID == link.name.id }) {
            if let container = admit(link, to: pod) { kept.append(container) }
        }
        pod.attributed = kept
        guard pod.bearer == nil else { return }
        let successor = kept.first { table.records[$0.slot]?.name?.container == bearerName }
        if let bearer = successor ?? kept.last { bear(bearer, of: pod) }
    }

    private func admit(_ link: LogLink, to pod: TrackedPod) -> TrackedContainer? {
        guard table.records.count < Self.maximumContainers, let target = link.target,
            let handle = try? pod.directory.handle.directory(".", within: descriptors)
        else { return nil }
        // It has no cgroup, hence no inode, but what is known of its pod's is known of it.
        let identity = ContainerIdentity(
            podUID: pod.uid, containerID: link.name.id, inode: 0, qos: pod.qos, path: pod.directory.path)
        let container = TrackedContainer(
            name: ".", identity: identity, listedInode: 0, primary: handle, role: .app, firstSeen: now)
        container.isNamed = true
        var record = ContainerRecord(
            identity: identity, role: .app, name: target.name(.logLink),
            startTimeUnixNanoseconds: link.modificationTime)
        record.attribution = .sibling
        container.slot = table.add(record)
        trace?.decided(link.name.id, .named(by: .init(link), .logLink))
        return container
    }

    // MARK: Containers with empty cgroups

    /// gVisor can leave the containers' cgroups in place, and empty. A process that ever ran used some of both.
    private func attributeIfIdle(_ pod: TrackedPod) {
        if let bearer = pod.bearer, pod.attributed.isEmpty {
            if pod.containers.contains(where: { $0 === bearer }), pod.containers.allSatisfy(isEmptyOrSandbox) { return }
            pod.bearer = nil
            for container in pod.containers where container.role != .sandbox { change(container, of: pod, to: .own) }
            return
        }
        guard pod.bearer == nil, pod.containers.count > 1, pod.containers.allSatisfy(isEmptyOrSandbox),
            let sandbox = pod.containers.first(where: { $0.role == .sandbox }),
            table.records[sandbox.slot]?.workingSetBytes ?? 0 >= Self.leastSentryMemory
        else { return }
        let apps = pod.containers.filter { $0.role == .app }.sorted { $0.identity.inode < $1.identity.inode }
        guard let bearer = apps.last else { return }
        for container in apps where container !== bearer { change(container, of: pod, to: .sibling) }
        bear(bearer, of: pod)
    }

    private func isEmptyOrSandbox(_ container: TrackedContainer) -> Bool {
        if container.role == .sandbox { return true }
        return container.lastCPU == 0 && container.lastUsage == 0 && now &- container.firstSeen >= Self.patience
    }

    private func bear(_ container: TrackedContainer, of pod: TrackedPod) {
        pod.bearer = container
        change(container, of: pod, to: .wholePod)
    }

    /// Other figures are another account: what was counted before cannot be compared with them. The next sweep reads them.
    private func change(_ container: TrackedContainer, of pod: TrackedPod, to attribution: Attribution) {
        guard var record = table.records[container.slot], record.attribution != attribution else { return }
        forget(container)
        record.attribution = attribution
        record.identity.inode = attribution == .wholePod ? pod.directory.inode : container.identity.inode
        record.wasBorn = false
        record.take(Figures())
        container.slot = table.add(record)
    }

    // MARK: Reading

    /// Behind the containers' own figures, which are of no use here.
    func readAttributed(_ pod: TrackedPod, _ split: Split, _ other: CgroupTree?) {
        for container in pod.attributed where container !== pod.bearer {
            table.store(
                container.slot,
                Figures(cpuNanoseconds: 0, usageBytes: 0, workingSetBytes: 0, bootTimeNanoseconds: now))
        }
        if let bearer = pod.bearer { table.store(bearer.slot, figures(of: pod, split, other)) }
    }
}
