// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Console

/// Reads a node through the sampler that pushes, and compares with what it read before.
final class DumpCollector {
    private let sampler: NodeSampler
    private let nodeName: String
    private let selection: DumpSelection
    private let isSinceStart: Bool
    private let parts: CgroupDetails.Parts
    /// For a person: zeros need not be read from every cgroup when one file tells them of all.
    private let isTable: Bool
    private let isRepeated: Bool
    private let comparesReadings: Bool
    private var earlier = Earlier()

    /// What the next report is compared with.
    private struct Earlier {
        var node = NodeReading()
        var slots: [ContainerRecord?] = []
        var pods: [String: PodRecord] = [:]
        /// By path.
        var throttling: [String: ThrottledPeriods] = [:]
    }

    init(sampler: NodeSampler, nodeName: String, selection: DumpSelection, options: DumpOptions) {
        self.sampler = sampler
        self.nodeName = nodeName
        self.selection = selection
        isSinceStart = options.sinceStart
        isTable = options.format.isTable
        isRepeated = options.watches
        // Counters alone, and means since the start, need no earlier reading.
        comparesReadings = !options.sinceStart && options.format != .openmetrics
        parts = options.format.parts.union(selection.neededParts)
    }

    /// Whether there has to be a first reading: to compare with, and on a capture because the second is the newer one.
    var beginsWithReading: Bool { comparesReadings || sampler.isOnCapture }

    /// How long after the first reading the second is of use. A capture has the times of its node.
    var pause: Duration { comparesReadings && !sampler.isOnCapture ? Dump.pause : .zero }

    /// The first reading, which only reads what a later one is compared with.
    func begin() throws(CgroupError) {
        _ = try sampler.sweep()
        earlier.node = sampler.node
        earlier.slots = sampler.slots
        let pods = sampler.readPods(memory: false)
        remember(pods)
        guard parts.contains(.throttling) else { return }
        for record in pods { rememberThrottling(record.path) }
        for case .some(let record) in sampler.slots { rememberThrottling(record.identity.path) }
    }

    private func rememberThrottling(_ path: String) {
        earlier.throttling[path] = ThrottledPeriods(sampler.details(path: path, .throttling))
    }

    private func remember(_ pods: [PodRecord]) {
        earlier.pods = Dictionary(pods.map { ($0.uid, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Reads the node. Means are over the time since the reading before, or since the start.
    func report() throws(CgroupError) -> DumpReport {
        let changes = try sampler.sweep()
        let records = sampler.readPods()
        let now = changes.realTimeNanoseconds
        let all = assemble(records, now: now)
        let nodeCPU = meanOfNode()
        earlier.node = sampler.node
        earlier.slots = sampler.slots
        remember(records)

        var pods = all.filter { selection.includes($0) }
        let isCutLast = !selection.neededParts.isEmpty
        if !isCutLast { pods = selection.ordered(pods, at: now) }
        readDetails(&pods)
        if isCutLast { pods = selection.ordered(pods, at: now) }
        return DumpReport(
            nodeName: nodeName, mode: sampler.mode, driver: sampler.driver, kubepodsPath: sampler.kubepodsPath,
            bootID: sampler.bootID, capacity: sampler.capacity, node: sampler.node, nodeCPU: nodeCPU, pods: pods,
            counts: Self.counts(all), statistics: sampler.statistics,
            problems: sampler.problems.map { "\($0)" },
            unixNanoseconds: now, bootTimeNanoseconds: changes.bootTimeNanoseconds, isSinceStart: isSinceStart)
    }

    // MARK: Pods with their containers

    private func assemble(_ records: [PodRecord], now: Int64) -> [DumpPod] {
        var rows: [String: [DumpRow]] = [:]
        for (slot, record) in sampler.slots.enumerated() {
            guard let record else { continue }
            var row = DumpRow(record)
            row.figures.cpu =
                isSinceStart
                ? CPUMean(sinceStart: record.cpuNanoseconds, age: row.figures.age(at: now))
                : mean(of: record, slot: slot)
            rows[record.identity.podUID, default: []].append(row)
        }
        var pods = records.map { record in
            pod(record, rows: rows.removeValue(forKey: record.uid) ?? [], now: now)
        }
        // Containers that a runtime put elsewhere than into their pod's cgroup.
        for (uid, rows) in rows {
            guard let qos = rows.first?.identity.qos else { continue }
            pods.append(DumpPod(uid: uid, qos: qos, cgroup: nil, figures: DumpFigures(), rows: rows))
        }
        return pods
    }

    private func pod(_ record: PodRecord, rows: [DumpRow], now: Int64) -> DumpPod {
        var figures = DumpFigures(record)
        // The kernel makes a directory's time up anew when it dropped the inode; the pod is as old as any of its containers.
        figures.startTimeUnixNanoseconds = rows.compactMap(\.figures.startTimeUnixNanoseconds)
            .reduce(record.startTimeUnixNanoseconds, min)
        if isSinceStart {
            figures.cpu = CPUMean(sinceStart: record.cpuNanoseconds, age: figures.age(at: now))
        } else if let before = earlier.pods[record.uid], before.inode == record.inode {
            figures.cpu = CPUMean(
                from: before.cpuNanoseconds, at: before.bootTimeNanoseconds, to: record.cpuNanoseconds,
                at: record.bootTimeNanoseconds)
        }
        return DumpPod(
            uid: record.uid, qos: record.qos, cgroup: .init(path: record.path, inode: record.inode), figures: figures,
            rows: rows)
    }

    /// nil for a container that was not there, or not readable, in both readings.
    private func mean(of record: ContainerRecord, slot: Int) -> CPUMean? {
        guard earlier.slots.indices.contains(slot), let before = earlier.slots[slot],
            before.identity == record.identity
        else { return nil }
        return CPUMean(
            from: before.cpuNanoseconds, at: before.bootTimeNanoseconds, to: record.cpuNanoseconds,
            at: record.bootTimeNanoseconds)
    }

    /// The node's counters began with the boot clock.
    private func meanOfNode() -> CPUMean? {
        let node = sampler.node
        if isSinceStart { return CPUMean(sinceStart: node.cpuNanoseconds, age: node.bootTimeNanoseconds) }
        return CPUMean(
            from: earlier.node.cpuNanoseconds, at: earlier.node.bootTimeNanoseconds, to: node.cpuNanoseconds,
            at: node.bootTimeNanoseconds)
    }

    private static func counts(_ pods: [DumpPod]) -> DumpCounts {
        var counts = DumpCounts(pods: pods.count)
        for pod in pods {
            for row in pod.rows where row.role != .sandbox {
                counts.containers += 1
                if row.name != nil { counts.named += 1 }
            }
        }
        return counts
    }

    // MARK: Details

    private func readDetails(_ pods: inout [DumpPod]) {
        let (parts, known) = partsToRead()
        var throttling: [String: ThrottledPeriods] = [:]
        func read(_ figures: inout DumpFigures, _ path: String) {
            let before = earlier.throttling[path]
            // A cgroup that had no quota a second ago has been throttled in none of its periods.
            let isIdle = isTable && !isRepeated && before?.periods == 0
            figures.details = sampler.details(path: path, isIdle ? parts.subtracting(.throttling) : parts)
            if let kills = known.outOfMemoryKills { figures.details.outOfMemoryKills = kills }
            guard let all = ThrottledPeriods(figures.details) else { return }
            throttling[path] = all
            // Without a quota no period is ever counted.
            guard all.periods > 0 else { return }
            figures.throttling = isSinceStart ? all : all.since(before)
        }
        for index in pods.indices {
            let own = pods[index].cgroup?.path
            for row in pods[index].rows.indices {
                let path = pods[index].rows[row].identity.path
                // A container without a cgroup has its pod's path; what is set there is not set for it alone.
                if path != own { read(&pods[index].rows[row].figures, path) }
            }
            guard let own else { continue }
            read(&pods[index].figures, own)
            if sampler.mode != .v2 { pods[index].addKillsOfContainers() }
        }
        earlier.throttling = throttling
    }

    /// What the node as a whole does not have, no cgroup of it has: most nodes have no swap, a v1 kernel has no pressure, and
    /// where nobody was killed nobody need be asked. Raw formats get each cgroup's own word wherever there is one.
    private func partsToRead() -> (CgroupDetails.Parts, known: CgroupDetails) {
        var (parts, known) = (parts, CgroupDetails())
        let all = sampler.kubepodsDetails(parts.intersection([.swap, .pressure]))
        if all.swapBytes == nil || all.swapBytes == 0 && isTable { parts.remove(.swap) }
        if all.cpuPressure == nil, all.memoryPressure == nil, all.ioPressure == nil { parts.remove(.pressure) }
        if isTable, sampler.readOutOfMemoryKills() == 0 {
            parts.remove(.outOfMemory)
            known.outOfMemoryKills = 0
        }
        return (parts, known)
    }
}

extension DumpPod {
    /// v1 counts a kill only in the cgroup that the process was in, v2 in those above as well.
    fileprivate mutating func addKillsOfContainers() {
        guard let own = figures.details.outOfMemoryKills else { return }
        let inside = rows.compactMap(\.figures.details.outOfMemoryKills).reduce(0, &+)
        figures.details.outOfMemoryKills = own &+ inside
    }
}

extension DumpFormat {
    var isTable: Bool { self == .table || self == .wide }

    /// What it shows. Each costs a file or more for every cgroup.
    var parts: CgroupDetails.Parts {
        switch self {
        case .table: [.throttling, .memoryLimit, .swap, .outOfMemory, .pressure]
        case .wide: CgroupDetails.Parts.all.subtracting(.swapLimit)
        case .json, .csv: .all
        case .openmetrics: [.swap, .swapLimit]
        }
    }
}
