// SPDX-License-Identifier: Apache-2.0

/// The pods' own cgroups. The sweep that pushes does without them.
extension NodeSampler {
    /// Every pod that the last sweep saw, with or without containers. Its figures are read when this is called: three files
    /// a pod, or one without its memory. A pod that went away in between is left out.
    public func readPods(memory: Bool = true) -> [PodRecord] {
        guard let root else { return [] }
        let split = split(root)
        let other = otherTree(split)
        return root.groups.filter { !$0.isStray }.flatMap { group in
            group.pods.compactMap { record(of: $0, split, other, memory ? .read : nil) }
        }
    }

    /// nil: it is gone.
    func record(
        of pod: TrackedPod, _ split: Split, _ other: CgroupTree?, _ turn: StatTurn? = .read
    ) -> PodRecord? {
        sawMissing = false
        let figures = figures(of: pod, split, other, turn)
        if sawMissing, (try? pod.directory.handle.status(of: "."))?.inode != pod.directory.inode { return nil }
        return PodRecord(
            uid: pod.uid, qos: pod.qos, path: pod.directory.path,
            inode: inode(pod.directory.inode, of: pod.directory.handle),
            startTimeUnixNanoseconds: pod.directory.modificationTime, cpuNanoseconds: figures.cpuNanoseconds,
            usageBytes: figures.usageBytes, workingSetBytes: figures.workingSetBytes,
            bootTimeNanoseconds: figures.bootTimeNanoseconds)
    }

    func figures(of pod: TrackedPod, _ split: Split, _ other: CgroupTree?, _ turn: StatTurn? = .read) -> Figures {
        trace?.subject = pod.directory.path
        readingPath = pod.directory.path
        var secondary: HeldDirectory?
        if let other {
            do throws(SystemFailure) {
                secondary = HeldDirectory(handle: try other.handle.directory(pod.directory.path))
            } catch {
                secondary = nil
            }
        }
        var figures = figures(split, primary: pod.directory.handle, secondary: secondary, turn)
        replay(&figures, in: pod.directory.handle)
        return figures
    }
}
