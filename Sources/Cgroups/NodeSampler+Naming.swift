// SPDX-License-Identifier: Apache-2.0

/// Container id → namespace, pod, container; and which of a pod's containers is its sandbox.
extension NodeSampler {
    /// The link comes some hundred milliseconds after the cgroup, or later behind a slow image or hook. One that is still
    /// not there then will not come. Nanoseconds.
    public static let patience: UInt64 = 10_000_000_000

    func nameContainers(_ root: TrackedRoot) {
        var cutOff: [LogLink] = []
        for group in root.groups where !group.isStray {
            for pod in group.pods { findSandboxed(pod) }
        }
        do throws(SystemFailure) {
            if try links.hasChanged() || hasNewUnnamed { cutOff = try nameByLinks(root) }
            namesProblem = nil
        } catch {
            if namesProblem?.errno != error.errno {
                namesProblem = .unusable(links.path, errno: error.errno, flag: "--log-root")
            }
        }
        var mayEliminate: [TrackedPod] = []
        for group in root.groups {
            for pod in group.pods {
                if pod.isUnsettled { findSandbox(pod) }
                if isLeftWithOne(pod) { mayEliminate.append(pod) }
            }
        }
        // Behind the sandboxes: of an id that is cut off there may be nothing left to tell a pod's containers apart.
        if !cutOff.isEmpty { nameByTargets(cutOff, root) }
        if !mayEliminate.isEmpty, eliminatedAt.map({ now &- $0 >= Self.patience }) ?? true {
            eliminatedAt = now
            nameByElimination(mayEliminate)
        }
    }

    // MARK: By links

    /// Returns the links whose id is cut off.
    private func nameByLinks(_ root: TrackedRoot) throws(SystemFailure) -> [LogLink] {
        var unnamed: [String: (TrackedContainer, TrackedPod)] = [:]
        var sandboxed: [String: (TrackedPod, links: [LogLink])] = [:]
        for group in root.groups {
            for pod in group.pods {
                if pod.isSandboxed { sandboxed[pod.uid] = (pod, []) }
                for container in pod.containers where !container.isNamed {
                    unnamed[container.identity.containerID] = (container, pod)
                }
            }
        }
        let found = try links.list(
            ids: Set(unnamed.keys), podUIDs: Set(unnamed.values.lazy.map { $0.1.uid }), sandboxed: Set(sandboxed.keys))
        hasNewUnnamed = false
        var cutOff: [LogLink] = []
        for link in found {
            if let uid = link.target?.pod.uid { sandboxed[uid]?.links.append(link) }
            if link.name.isTruncated {
                cutOff.append(link)
            } else if let (container, pod) = unnamed[link.name.id] {
                name(container, of: pod, by: link)
            }
        }
        for (pod, links) in sandboxed.values { nameSandboxed(pod, by: links) }
        return cutOff
    }

    private func name(_ container: TrackedContainer, of pod: TrackedPod, by link: LogLink) {
        let target = link.target.flatMap { $0.pod.uid == container.identity.podUID ? $0 : nil }
        if let names = link.name.name {
            bind(
                container, of: pod,
                ContainerName(
                    namespace: names.namespace, pod: names.pod, container: names.container,
                    restartCount: target?.restartCount, source: .logLink),
                modificationTime: link.modificationTime)
            trace?.decided(container.identity.containerID, .named(by: .init(link), .logLink))
        } else if let target {
            bind(container, of: pod, target.name(.linkTarget), modificationTime: link.modificationTime)
            trace?.decided(container.identity.containerID, .named(by: .init(link), .linkTarget))
        } else {
            trace?.decided(container.identity.containerID, .namelessLink(.init(link)))
        }
    }

    private func nameByTargets(_ links: [LogLink], _ root: TrackedRoot) {
        var pods: [String: [TrackedPod]] = [:]
        for group in root.groups {
            for pod in group.pods { pods[pod.uid, default: []].append(pod) }
        }
        for link in links { nameByTarget(link, pods) }
    }

    /// The target's names are complete, and its uid says whose they are.
    private func nameByTarget(_ link: LogLink, _ pods: [String: [TrackedPod]]) {
        guard let target = link.target else { return }
        var candidates: [(TrackedContainer, TrackedPod)] = []
        for pod in pods[target.pod.uid] ?? [] {
            for container in pod.containers
            where !container.isNamed && container.identity.containerID.hasPrefix(link.name.id) {
                // A sandbox has no link; only the id itself could say otherwise.
                if container.role == .sandbox, link.name.id.utf8.count < Self.tellingPrefix { continue }
                candidates.append((container, pod))
            }
        }
        if candidates.count == 1, let (container, pod) = candidates.first {
            bind(container, of: pod, target.name(.linkTarget), modificationTime: link.modificationTime)
            trace?.decided(container.identity.containerID, .named(by: .init(link), .linkTarget))
        } else if !candidates.isEmpty {
            for (container, _) in candidates {
                trace?.decided(
                    container.identity.containerID, .ambiguousLink(.init(link), candidates: candidates.count))
            }
            // They may be told apart once the sandbox is known.
            hasNewUnnamed = true
        }
    }

    /// The kubelet itself takes a container's id as given when it has this many digits.
    private static let tellingPrefix = 6

    private func bind(
        _ container: TrackedContainer, of pod: TrackedPod, _ name: ContainerName, modificationTime: Int64?
    ) {
        pod.isUnsettled = true
        container.isNamed = true
        container.role = .app
        let isNew = container.firstSeen == now
        table.rename(container.slot) { record in
            record.name = name
            record.role = .app
            guard let linked = modificationTime else { return }
            if record.wasBorn {
                let earlier = startTime(of: linked, isBorn: true)
                record.startTimeUnixNanoseconds = min(record.startTimeUnixNanoseconds ?? earlier, earlier)
            } else if isNew {
                record.startTimeUnixNanoseconds = linked
            } else {
                record.startTimeUnixNanoseconds = min(record.startTimeUnixNanoseconds ?? linked, linked)
            }
        }
    }

    // MARK: The sandbox

    /// The sandbox is made before every container of its pod and outlives them, so it is the lowest inode of those without
    /// a link, and it has the least CPU weight there is.
    private func findSandbox(_ pod: TrackedPod) {
        // A runtime sets the weight behind making the cgroup; once it had the time, only another set of containers or
        // another name can change the answer.
        pod.isUnsettled = pod.containers.contains { $0.role == .pending && now &- $0.firstSeen < Self.patience }
        var lowest: TrackedContainer?
        for container in pod.containers where !container.isNamed {
            if container.role == .sandbox { return }
            if let found = lowest, found.identity.inode < container.identity.inode { continue }
            lowest = container
        }
        guard let lowest else { return }
        let isSandbox: Bool
        switch hasLeastWeight(lowest) {
        case .some(let isLeast):
            isSandbox = isLeast
            trace?.decided(lowest.identity.containerID, .lowestInode(hasLeastWeight: isLeast))
        case .none:
            // No cpu controller: then it takes a sibling that is younger, and none that is older.
            let isOldest = pod.containers.allSatisfy { $0.identity.inode >= lowest.identity.inode }
            isSandbox = isOldest && pod.containers.count > 1
            trace?.decided(
                lowest.identity.containerID, .lowestInodeUnweighed(containers: pod.containers.count, isOldest: isOldest)
            )
        }
        if let trace {
            for container in pod.containers where !container.isNamed && container !== lowest {
                trace.decided(container.identity.containerID, .higherInode(lowest: lowest.identity.inode))
            }
        }
        guard isSandbox else { return }
        lowest.role = .sandbox
        table.rename(lowest.slot) { $0.role = .sandbox }
    }

    /// `cpu.weight` 1, `cpu.shares` 2: what containerd and CRI-O give a sandbox. nil: cannot be read.
    private func hasLeastWeight(_ container: TrackedContainer) -> Bool? {
        trace?.subject = container.identity.path
        do throws(ReadFailure) {
            if mode == .v2 { return try reader.number("cpu.weight", in: container.primary) == .finite(1) }
            guard let tree = trees.cpu else { return nil }
            return try reader.number(path: container.identity.path + "/cpu.shares", in: tree.handle) == .finite(2)
        } catch {
            return nil
        }
    }

    // MARK: By elimination

    /// A pod with one container that waits in vain for its link, next to a known sandbox.
    private func isLeftWithOne(_ pod: TrackedPod) -> Bool {
        var pending = 0
        var hasSandbox = false
        for container in pod.containers {
            switch container.role {
            case .app: continue
            case .sandbox: hasSandbox = true
            case .pending:
                if now &- container.firstSeen < Self.patience { return false }
                pending += 1
            }
        }
        return hasSandbox && pending == 1
    }

    /// The container whose log directory is the only one in its pod's that belongs to no other. Several may be left when
    /// init containers are through, and then nothing is said.
    private func nameByElimination(_ pods: [TrackedPod]) {
        guard let directory = try? DirectoryHandle(root: roots.logs + "/pods"),
            let entries = try? directory.subdirectories()
        else { return }
        for entry in entries {
            guard let name = PodLogDirectory(entry.name), let pod = pods.first(where: { $0.uid == name.uid }),
                let containers = try? directory.directory(entry.name).subdirectories()
            else { continue }
            let taken = pod.containers.compactMap { table.records[$0.slot]?.name?.container }
            let left = containers.map(\.name).filter { isKubernetesName($0) && !taken.contains($0) }
            guard let container = pod.containers.first(where: { $0.role == .pending }) else { continue }
            trace?.decided(
                container.identity.containerID, .eliminated(directory: entry.name, taken: taken, left: left))
            guard left.count == 1 else { continue }
            bind(
                container, of: pod,
                ContainerName(
                    namespace: name.namespace, pod: name.pod, container: left[0], restartCount: nil,
                    source: .byElimination),
                modificationTime: nil)
        }
    }
}

extension LogTarget {
    func name(_ source: NameSource) -> ContainerName {
        ContainerName(
            namespace: pod.namespace, pod: pod.pod, container: container, restartCount: restartCount, source: source)
    }
}
