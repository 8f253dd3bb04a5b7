// SPDX-License-Identifier: Apache-2.0

/// The containers by slot, and what changed since the last report.
struct Slots {
    private(set) var records: [ContainerRecord?] = []
    private(set) var changes = SweepChanges()
    /// No slot below is free.
    private var lowestFree = 0

    /// Forgets what was reported; the arrays keep their storage.
    mutating func startReport() {
        changes.vanished.removeAll(keepingCapacity: true)
        changes.appeared.removeAll(keepingCapacity: true)
        changes.renamed.removeAll(keepingCapacity: true)
    }

    mutating func stamp(bootTime: UInt64, realTime: Int64) {
        changes.bootTimeNanoseconds = bootTime
        changes.realTimeNanoseconds = realTime
    }

    mutating func add(_ record: ContainerRecord) -> Int {
        while lowestFree < records.count, records[lowestFree] != nil { lowestFree += 1 }
        let slot = lowestFree
        if slot < records.count { records[slot] = record } else { records.append(record) }
        lowestFree += 1
        changes.appeared.append(slot)
        return slot
    }

    /// One that was never reported leaves no trace; the slot's earlier tenant may still have to be reported.
    mutating func remove(_ slot: Int) {
        guard records.indices.contains(slot), records[slot] != nil else { return }
        records[slot] = nil
        lowestFree = min(lowestFree, slot)
        changes.renamed.removeAll { $0 == slot }
        if let unreported = changes.appeared.firstIndex(of: slot) {
            changes.appeared.remove(at: unreported)
        } else {
            changes.vanished.append(slot)
        }
    }

    /// Changes who the container is said to be.
    mutating func rename(_ slot: Int, _ change: (inout ContainerRecord) -> Void) {
        guard records.indices.contains(slot) else { return }
        guard var record = records[slot] else { return }
        change(&record)
        records[slot] = record
        if !changes.appeared.contains(slot), !changes.renamed.contains(slot) { changes.renamed.append(slot) }
    }

    mutating func store(_ slot: Int, _ figures: Figures) {
        guard records.indices.contains(slot) else { return }
        records[slot]?.take(figures)
    }
}

/// What one sweep reads of a container.
struct Figures {
    var cpuNanoseconds: UInt64?
    var usageBytes: UInt64?
    var workingSetBytes: UInt64?
    var inactiveFileBytes: UInt64?
    var isInactiveFileStale = false
    var bootTimeNanoseconds: UInt64 = 0
}

extension ContainerRecord {
    mutating func take(_ figures: Figures) {
        cpuNanoseconds = figures.cpuNanoseconds
        usageBytes = figures.usageBytes
        workingSetBytes = figures.workingSetBytes
        isInactiveFileStale = figures.isInactiveFileStale
        bootTimeNanoseconds = figures.bootTimeNanoseconds
    }
}
