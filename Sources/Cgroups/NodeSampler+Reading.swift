// SPDX-License-Identifier: Apache-2.0

extension NodeSampler {
    /// Which files of a container are in which of its directories.
    enum Split {
        case unified
        /// v1: `memory` is walked and `cpuacct` is beside it, or the other way round.
        case memoryFirst
        case accountingFirst
    }

    func split(_ root: TrackedRoot) -> Split {
        if mode == .v2 { return .unified }
        return root.root.tree === trees.memory ? .memoryFirst : .accountingFirst
    }

    /// The v1 tree that is not walked.
    func otherTree(_ split: Split) -> CgroupTree? {
        switch split {
        case .unified: nil
        case .memoryFirst: trees.accounting
        case .accountingFirst: trees.memory
        }
    }

    /// Reads every container that this sweep has not read yet.
    func readContainers(_ root: TrackedRoot) {
        let split = split(root)
        let other = otherTree(split)
        for group in root.groups {
            for pod in group.pods {
                for container in pod.containers where container.readInSweep != sweepNumber {
                    container.readInSweep = sweepNumber
                    read(container, of: pod, split, other)
                }
                if pod.bearer != nil { readAttributed(pod, split, other) }
            }
        }
    }

    private func read(_ container: TrackedContainer, of pod: TrackedPod, _ split: Split, _ other: CgroupTree?) {
        readingPath = container.identity.path
        if other != nil, container.secondary == nil {
            // The runtime makes a v1 container's directories one after the other. What the path leads to in the other tree
            // is this container's only while it leads to this container here.
            if isGone(container, from: pod) {
                remove(container, from: pod)
                return
            }
            do throws(SystemFailure) {
                container.secondary = try secondaryDirectory(container.identity.path)
            } catch {
                note(error, kubepodsPath)
            }
        }
        trace?.subject = container.identity.path
        sawMissing = false
        var figures = figures(
            split, primary: container.primary, secondary: container.secondary, turn(of: container))
        replay(&figures, in: container.primary)
        container.inactiveFile = figures.inactiveFileBytes
        if sawMissing {
            if isGone(container, from: pod) {
                remove(container, from: pod)
                return
            }
            container.secondary = nil
        }
        if figures.cpuNanoseconds != nil || figures.usageBytes != nil { containersRead += 1 }
        if let before = container.lastCPU, let cpu = figures.cpuNanoseconds, cpu < before { restart(container) }
        if let cpu = figures.cpuNanoseconds { container.lastCPU = cpu }
        container.lastUsage = figures.usageBytes
        table.store(container.slot, figures)
    }

    /// Where the inactive part of the page cache comes from in this sweep.
    enum StatTurn {
        case read
        /// As an earlier sweep read it, bytes.
        case reuse(UInt64)
    }

    func turn(of container: TrackedContainer) -> StatTurn {
        guard let known = container.inactiveFile, !pacing.mayRead(slot: container.slot, isKnown: true) else {
            return .read
        }
        return .reuse(known)
    }

    /// What the three files of a cgroup say; `secondary` is its directory in the tree that is not walked. Without a turn
    /// the memory's are left alone.
    func figures(
        _ split: Split, primary: borrowing DirectoryHandle, secondary: HeldDirectory?, _ turn: StatTurn? = .read
    ) -> Figures {
        var figures = Figures(bootTimeNanoseconds: now)
        switch split {
        case .unified:
            // usage_usec is there without the cpu controller too.
            if let microseconds = value("usage_usec", of: "cpu.stat", in: primary, stamped: true) {
                figures.cpuNanoseconds = nanoseconds(microseconds)
                figures.bootTimeNanoseconds = reader.stamp
            }
            if let turn { readUnifiedMemory(primary, turn, &figures) }
        case .memoryFirst:
            if let secondary { readAccounting(secondary.handle, &figures) }
            if let turn { readSplitMemory(primary, turn, &figures) }
        case .accountingFirst:
            readAccounting(primary, &figures)
            if let secondary, let turn { readSplitMemory(secondary.handle, turn, &figures) }
        }
        return figures
    }

    /// A container's directory in the v1 tree that is not walked; nil while it is not there.
    /// - Throws: when there is no descriptor for it.
    func secondaryDirectory(_ path: String) throws(SystemFailure) -> HeldDirectory? {
        guard let root, let tree = otherTree(split(root)) else { return nil }
        do throws(SystemFailure) {
            return HeldDirectory(handle: try tree.handle.directory(path, within: descriptors))
        } catch {
            if error.isExhausted { throw error }
            if error.isMissing { counters.missing &+= 1 } else { note(error, tree.path + "/" + path) }
            return nil
        }
    }

    private func readAccounting(_ directory: borrowing DirectoryHandle, _ figures: inout Figures) {
        if let usage = value("cpuacct.usage", in: directory, stamped: true) {
            figures.cpuNanoseconds = usage
            figures.bootTimeNanoseconds = reader.stamp
        }
    }

    // memory.stat comes first: reading it brings the kernel's own sums up to date, and what grows in between is only
    // in the usage.

    private func readUnifiedMemory(
        _ directory: borrowing DirectoryHandle, _ turn: StatTurn, _ figures: inout Figures
    ) {
        readInactiveFile("inactive_file", in: directory, turn, &figures)
        figures.setMemory(usage: value("memory.current", in: directory), inactive: figures.inactiveFileBytes)
    }

    private func readSplitMemory(
        _ directory: borrowing DirectoryHandle, _ turn: StatTurn, _ figures: inout Figures
    ) {
        readInactiveFile("total_inactive_file", in: directory, turn, &figures)
        figures.setMemory(usage: value("memory.usage_in_bytes", in: directory), inactive: figures.inactiveFileBytes)
    }

    private func readInactiveFile(
        _ key: StaticString, in directory: borrowing DirectoryHandle, _ turn: StatTurn, _ figures: inout Figures
    ) {
        switch turn {
        case .read:
            let start = Clock.bootTime
            figures.inactiveFileBytes = value(key, of: "memory.stat", in: directory)
            pacing.took(Clock.bootTime &- start)
        case .reuse(let known):
            figures.inactiveFileBytes = known
            figures.isInactiveFileStale = true
        }
    }

    /// Whether the path leads to no cgroup or to another one by now.
    private func isGone(_ container: TrackedContainer, from pod: TrackedPod) -> Bool {
        do throws(SystemFailure) {
            let status = try pod.directory.handle.status(of: container.name)
            return inode(status.inode, of: container.primary) != container.identity.inode
        } catch {
            return error.isMissing
        }
    }

    // MARK: One value, and why there is none

    private func value(
        _ name: StaticString, in directory: borrowing DirectoryHandle, stamped: Bool = false
    ) -> UInt64? {
        do throws(ReadFailure) {
            switch try reader.number(name, in: directory, stamped: stamped) {
            case .finite(let number): return number
            case .unlimited: throw .malformed
            }
        } catch {
            note(error, name)
            return nil
        }
    }

    private func value(
        _ key: StaticString, of name: StaticString, in directory: borrowing DirectoryHandle, stamped: Bool = false
    ) -> UInt64? {
        do throws(ReadFailure) {
            return try reader.number(key, of: name, in: directory, stamped: stamped)
        } catch {
            note(error, name)
            return nil
        }
    }
}

extension Figures {
    /// The working set as cAdvisor computes it (container/libcontainer/handler.go), which the kubelet reports.
    mutating func setMemory(usage: UInt64?, inactive: UInt64?) {
        usageBytes = usage
        if let usage, let inactive { workingSetBytes = usage > inactive ? usage - inactive : 0 }
    }
}

/// nil: more than 64 bits hold.
func nanoseconds(_ microseconds: UInt64) -> UInt64? {
    let (value, overflow) = microseconds.multipliedReportingOverflow(by: 1000)
    return overflow ? nil : value
}
