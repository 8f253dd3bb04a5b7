// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The walk at fixed depth: root, class, pod, container. A directory is listed when its link count changed; what is below a
/// container is its own business, and counted in it.
extension NodeSampler {
    /// Far more containers than a node runs; beyond it something else makes these directories.
    static let maximumContainers = 16_384

    func walk(_ root: TrackedRoot) throws(CgroupError) {
        let directory = root.directory
        do throws(SystemFailure) {
            let status = try root.root.tree.handle.status(of: directory.path)
            guard status.inode == directory.inode else { throw SystemFailure(errno: ENOENT) }
            if let reason = directory.reasonToList(status, now: now) {
                let entries = try list(directory)
                let isComplete = update(root, entries, reason)
                directory.wasListed(status, now: now, isComplete: isComplete)
            }
        } catch {
            if error.isDenied { throw .permissionDenied(kubepodsPath, errno: error.errno) }
            guard error.isMissing else { return note(error, kubepodsPath) }
            counters.missing &+= 1
            drop(root)
            return
        }
        for group in root.groups where group.directory !== directory && !group.isStray { walk(group, in: root) }
        walkStrays(in: root)
        for group in root.groups where !group.isStray {
            for pod in group.pods { walk(pod, in: group) }
        }
    }

    private func walk(_ group: PodGroup, in root: TrackedRoot) {
        let directory = group.directory
        do throws(SystemFailure) {
            let status = try root.directory.handle.status(of: directory.name)
            guard status.inode == directory.inode else { throw SystemFailure(errno: ENOENT) }
            guard let reason = directory.reasonToList(status, now: now) else { return }
            let entries = try list(directory)
            let isComplete = updatePods(group, entries, names: root.root.names, reason)
            directory.wasListed(status, now: now, isComplete: isComplete)
        } catch {
            guard error.isMissing else { return note(error, absolute(directory)) }
            counters.missing &+= 1
            for pod in group.pods { removeContainers(pod) }
            root.groups.removeAll { $0 === group }
            root.directory.isDirty = true
            walkAgain = true
        }
    }

    private func walk(_ pod: TrackedPod, in group: PodGroup) {
        let directory = pod.directory
        do throws(SystemFailure) {
            // A pod in another's place shows by its containers, which cannot be read any more. Without any, and when
            // something changed, the path has to tell: a removed directory can still be listed, and is empty.
            if !pod.containers.isEmpty, directory.reasonToList(try directory.handle.status(), now: now) == nil {
                return
            }
            let status = try group.directory.handle.status(of: directory.name)
            guard status.inode == directory.inode else { throw SystemFailure(errno: ENOENT) }
            guard let reason = directory.reasonToList(status, now: now) else { return }
            let entries = try list(directory)
            trace?.saw(entries, inPod: directory.path)
            let isComplete = updateContainers(pod, entries, reason)
            directory.wasListed(status, now: now, isComplete: isComplete)
        } catch {
            guard error.isMissing else { return note(error, absolute(directory)) }
            counters.missing &+= 1
            removeContainers(pod)
            group.pods.removeAll { $0 === pod }
            group.directory.isDirty = true
            walkAgain = true
        }
    }

    func list(_ directory: WatchedDirectory) throws(SystemFailure) -> [DirectoryEntry] {
        counters.directoriesListed &+= 1
        // Before the listing: what is made behind it is told.
        births?.watch(absolute(directory))
        return try directory.handle.subdirectories()
    }

    func absolute(_ directory: WatchedDirectory) -> String {
        guard let root else { return directory.path }
        return root.root.tree.path + "/" + directory.path
    }

    // MARK: What a listing shows. Each returns whether everything in it could be looked at.

    private func update(_ root: TrackedRoot, _ entries: [DirectoryEntry], _ reason: WatchedDirectory.Reason) -> Bool {
        let names = root.root.names
        var isComplete = updatePods(root.groups[0], entries, names: names, reason)
        for entry in entries {
            guard let qos = names.qos(entry.name), !root.groups.contains(where: { $0.directory.name == entry.name })
            else { continue }
            switch open(entry, in: root.directory, reason) {
            case .opened(let directory): root.groups.append(PodGroup(directory: directory, qos: qos))
            case .gone: continue
            case .failed: isComplete = false
            }
        }
        return isComplete
    }

    private func updatePods(
        _ group: PodGroup, _ entries: [DirectoryEntry], names: KubepodsNames, _ reason: WatchedDirectory.Reason
    ) -> Bool {
        var isComplete = true
        var known: [String: TrackedPod] = [:]
        for pod in group.pods { known[pod.directory.name] = pod }
        var unknown: [(entry: DirectoryEntry, uid: String)] = []
        group.pods.removeAll(keepingCapacity: true)
        for entry in entries {
            guard let uid = names.podUID(entry.name, qos: group.qos) else { continue }
            // One that was made anew under the same name is found out when its own status is asked for.
            if let pod = known.removeValue(forKey: entry.name) {
                group.pods.append(pod)
            } else {
                unknown.append((entry, uid))
            }
        }
        // Before the new ones come, so that they can have the descriptors, and a renamed one is known for what it is.
        for pod in known.values { removeContainers(pod) }
        known.removeAll()
        for (entry, uid) in unknown {
            switch open(entry, in: group.directory, reason) {
            case .opened(let directory):
                let pod = TrackedPod(directory: directory, uid: uid, qos: group.qos)
                group.pods.append(pod)
                // Now, not when all pods are there: those alone could take all the descriptors, with no container read.
                walk(pod, in: group)
                // Gone again; there may be another one by that name.
                if group.pods.last !== pod { isComplete = false }
            case .gone: continue
            case .failed: isComplete = false
            }
        }
        return isComplete
    }

    private enum Opening {
        case opened(WatchedDirectory)
        case gone
        case failed
    }

    private func open(
        _ entry: DirectoryEntry, in parent: WatchedDirectory, _ reason: WatchedDirectory.Reason
    ) -> Opening {
        let path = parent.path + "/" + entry.name
        do throws(SystemFailure) {
            let handle = try parent.handle.directory(entry.name, within: descriptors)
            let status = try handle.status()
            let isBorn =
                parent.showsBirths(sweep: sweepNumber, reason: reason) && !survivors.contains(status.inode)
            return .opened(
                WatchedDirectory(
                    name: entry.name, path: path, handle: handle, status: status,
                    bornInSweep: isBorn ? sweepNumber : nil))
        } catch {
            if error.isMissing {
                counters.missing &+= 1
                return .gone
            }
            note(error, absolute(parent) + "/" + entry.name)
            return .failed
        }
    }

    func updateContainers(
        _ pod: TrackedPod, _ entries: [DirectoryEntry], _ reason: WatchedDirectory.Reason
    ) -> Bool {
        var isComplete = true
        var known: [String: TrackedContainer] = [:]
        for container in pod.containers { known[container.name] = container }
        var containers: [TrackedContainer] = []
        var unknown: [DirectoryEntry] = []
        for entry in entries {
            if let container = known[entry.name], container.listedInode == entry.inode {
                known[entry.name] = nil
                containers.append(container)
            } else {
                unknown.append(entry)
            }
        }
        // Before the new ones come, so that they can have the slots.
        for container in known.values {
            if container.primary.isLiveCgroup { survivors.insert(container.identity.inode) }
            forget(container)
        }
        for entry in unknown {
            let id: String
            var isSpoofed = false
            switch CgroupName(entry.name) {
            case .container(let found, let runtime, let isScope):
                id = found
                // CRI-O gives the sandbox of a systemd pod a directory of its own making when it has no process.
                isSpoofed = runtime == "crio" && !isScope && pod.directory.name.hasSuffix(".slice")
                if isSpoofed { trace?.decided(id, .spoofedSandbox) }
            case .misplaced(_, _, let found): id = found
            case .sandboxVM:
                pod.hasVirtualMachine = true
                continue
            case .overhead, .mount: continue
            }
            do throws(SystemFailure) {
                guard table.records.count < Self.maximumContainers else { throw SystemFailure(errno: E2BIG) }
                let isBorn = pod.directory.showsBirths(sweep: sweepNumber, reason: reason)
                containers.append(
                    try admit(entry, id: id, to: pod, role: isSpoofed ? .sandbox : .pending, isBorn: isBorn))
            } catch {
                if error.isMissing {
                    counters.missing &+= 1
                    continue
                }
                note(error, absolute(pod.directory) + "/" + entry.name)
                isComplete = false
            }
        }
        pod.containers = containers
        pod.isUnsettled = true
        return isComplete
    }

    private func admit(
        _ entry: DirectoryEntry, id: String, to pod: TrackedPod, role: ContainerRole, isBorn: Bool
    ) throws(SystemFailure) -> TrackedContainer {
        let handle = try pod.directory.handle.directory(entry.name, within: descriptors)
        let status = try handle.status()
        let isBorn = isBorn && !survivors.contains(status.inode)
        let identity = ContainerIdentity(
            podUID: pod.uid, containerID: id, inode: inode(status.inode, of: handle), qos: pod.qos,
            path: joined(pod.directory.path, entry.name))
        // A container of which only one half is read is of no use to anybody.
        let secondary = try secondaryDirectory(identity.path)
        let container = TrackedContainer(
            name: entry.name, identity: identity, listedInode: entry.inode, primary: handle, role: role, firstSeen: now)
        container.secondary = secondary
        container.slot = table.add(
            ContainerRecord(
                identity: identity, role: role,
                startTimeUnixNanoseconds: startTime(of: status.modificationTime, isBorn: isBorn), wasBorn: isBorn))
        hasNewUnnamed = true
        return container
    }

    /// A file's time as a start time. A container that was born since the sweep before cannot be older than that, and
    /// none is from the future.
    func startTime(of modificationTime: Int64, isBorn: Bool) -> Int64 {
        guard isBorn, let previousRealTime, previousRealTime <= realTime else { return modificationTime }
        return max(previousRealTime, min(modificationTime, max(realTime, Clock.realTime)))
    }

    // MARK: What is gone

    private func drop(_ gone: TrackedRoot) {
        for group in gone.groups {
            for pod in group.pods { removeContainers(pod) }
        }
        root = nil
        walkAgain = true
    }

    func removeContainers(_ pod: TrackedPod) {
        if pod.directory.handle.isLiveCgroup { survivors.insert(pod.directory.inode) }
        for container in pod.containers + pod.attributed { forget(container) }
        pod.containers = []
        pod.attributed = []
        pod.bearer = nil
    }

    func forget(_ container: TrackedContainer) {
        table.remove(container.slot)
        counters.vanished &+= 1
    }

    /// A read found it gone: its pod is listed again in this sweep, for there may be another in its place.
    func remove(_ container: TrackedContainer, from pod: TrackedPod) {
        forget(container)
        pod.containers.removeAll { $0 === container }
        pod.directory.isDirty = true
        walkAgain = true
    }

    /// Its counter went back, so what was counted before is no longer comparable: the same cgroup under another account.
    func restart(_ container: TrackedContainer) {
        guard table.records.indices.contains(container.slot), var record = table.records[container.slot] else { return }
        forget(container)
        record.wasBorn = false
        container.slot = table.add(record)
    }
}
