// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Containers outside of their pods' cgroups. A kubelet with the systemd driver hands the runtime a name of three parts,
/// `<slice>:cri-containerd:<id>`; a runtime with the cgroupfs driver takes it for a directory's name, in its own service's
/// cgroup or at the top, and the pod's slice stays empty.
extension NodeSampler {
    /// Containers that were found outside of their pods' cgroups: kubelet and runtime have different cgroup drivers.
    public var misplacedContainers: Int {
        guard let root else { return 0 }
        return root.groups.reduce(0) { sum, group in
            group.isStray ? group.pods.reduce(sum) { $0 + $1.containers.count } : sum
        }
    }

    func walkStrays(in root: TrackedRoot) {
        guard root.root.names.driver == .systemd else { return }
        if root.straysSearchedAt.map({ now &- $0 >= WatchedDirectory.listingPeriod }) ?? true {
            root.straysSearchedAt = now
            findStrayPlaces(root)
        }
        for group in root.groups where group.isStray { walkStray(group, in: root) }
    }

    private func findStrayPlaces(_ root: TrackedRoot) {
        let tree = root.root.tree
        for place in Self.strayPlaces(in: tree)
        where !root.groups.contains(where: { $0.isStray && $0.directory.path == place }) {
            let name = place.isEmpty ? "." : place
            guard let handle = try? tree.handle.directory(name), let status = try? handle.status() else { continue }
            let directory = WatchedDirectory(
                name: name, path: place, handle: handle, status: status, bornInSweep: nil)
            root.groups.append(PodGroup(directory: directory, qos: .guaranteed, isStray: true))
        }
    }

    /// The top, and the services of containerd there and in `system.slice` (k3s, RKE2 and others bring their own).
    static func strayPlaces(in tree: CgroupTree) -> [String] {
        var places = [""]
        for parent in ["", "system.slice"] {
            guard let entries = try? tree.handle.directory(parent.isEmpty ? "." : parent).subdirectories() else {
                continue
            }
            for entry in entries where entry.name.hasSuffix("containerd.service") {
                places.append(joined(parent, entry.name))
            }
        }
        return places
    }

    private func walkStray(_ group: PodGroup, in root: TrackedRoot) {
        let directory = group.directory
        do throws(SystemFailure) {
            let status = try root.root.tree.handle.status(of: directory.name)
            guard status.inode == directory.inode else { throw SystemFailure(errno: ENOENT) }
            guard let reason = directory.reasonToList(status, now: now) else { return }
            let entries = try list(directory)
            directory.wasListed(
                status, now: now, isComplete: updateStrays(group, entries, names: root.root.names, reason))
        } catch {
            guard error.isMissing else { return note(error, absolute(directory)) }
            for pod in group.pods { removeContainers(pod) }
            root.groups.removeAll { $0 === group }
            root.straysSearchedAt = nil
        }
    }

    private func updateStrays(
        _ group: PodGroup, _ entries: [DirectoryEntry], names: KubepodsNames, _ reason: WatchedDirectory.Reason
    ) -> Bool {
        var found: [String: (qos: QoSClass, entries: [DirectoryEntry])] = [:]
        for entry in entries {
            guard case .misplaced(let uid, let qos, _) = CgroupName(entry.name), names.isBelow(entry.name) else {
                continue
            }
            found[uid, default: (qos, [])].entries.append(entry)
        }
        for pod in group.pods where found[pod.uid] == nil { removeContainers(pod) }
        group.pods.removeAll { found[$0.uid] == nil }
        var isComplete = true
        for (uid, (qos, entries)) in found {
            var pod = group.pods.first { $0.uid == uid }
            if pod == nil {
                let new = TrackedPod(directory: group.directory, uid: uid, qos: qos)
                group.pods.append(new)
                pod = new
            }
            if let pod, !updateContainers(pod, entries, reason) { isComplete = false }
        }
        return isComplete
    }
}

/// A path below a directory, which can be the top.
func joined(_ directory: String, _ name: String) -> String { directory.isEmpty ? name : directory + "/" + name }
