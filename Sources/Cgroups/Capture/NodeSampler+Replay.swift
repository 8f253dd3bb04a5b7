// SPDX-License-Identifier: Apache-2.0

/// A sampler on an extracted capture: the first sweep has the earlier of the capture's two readings and every other one the
/// later, with the times of the node. A rate is then the node's own, and nothing looks idle because its copy is.
extension NodeSampler {
    /// Whether the first two sweeps have the two readings of a capture, so that nothing has to be waited for between them.
    public var isOnCapture: Bool { captured != nil }

    /// The CPU time and the time stamp that a cgroup had; `directory` is where its identity comes from.
    func replay(_ figures: inout Figures, in directory: borrowing DirectoryHandle) {
        guard captured != nil else { return }
        replay(&figures, facts(in: directory))
    }

    func replay(_ figures: inout Figures, _ facts: CgroupFacts) {
        guard let captured else { return }
        if sweepNumber <= 1 {
            figures.cpuNanoseconds = facts.cpuBefore
            figures.bootTimeNanoseconds = facts.bootTimeBefore ?? captured.bootTime
        } else {
            figures.bootTimeNanoseconds = facts.bootTime ?? captured.bootTime
        }
    }

    /// What was throttled until the reading that the last sweep had.
    func replay(_ details: inout CgroupDetails, path: String) {
        guard captured != nil, sweepNumber <= 1 else { return }
        var facts = CgroupFacts()
        if let tree = root?.root.tree, let directory = try? tree.handle.directory(path) {
            facts = self.facts(in: directory)
        }
        details.periods = facts.periodsBefore
        details.throttledPeriods = facts.throttledPeriodsBefore
        details.throttledNanoseconds = facts.throttledBefore
    }

    /// A cgroup's inode on its node; `number` is what it has here.
    func inode(_ number: UInt64, of directory: borrowing DirectoryHandle) -> UInt64 {
        guard captured != nil else { return number }
        return facts(in: directory).inode ?? number
    }

    private func facts(in directory: borrowing DirectoryHandle) -> CgroupFacts {
        (try? reader.whole(CgroupFacts.fileName, in: directory) { CgroupFacts($0) }) ?? CgroupFacts()
    }
}
