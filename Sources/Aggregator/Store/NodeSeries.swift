// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Wire

/// All that one node reported: its own counters and its containers', by the slots of its session's dictionary.
///
/// A value without locks or clocks; `NodeRecord` guards it.
struct NodeSeries: Sendable {
    private(set) var clock = NodeClock()
    private(set) var cpu = CounterRing()
    /// Whether the node's CPU could be read in the newest sweep.
    private(set) var hasCPU = false
    private(set) var memoryKiB: UInt64?
    private(set) var slots: [ContainerSeries?] = []
    /// Pod uid → its slots, in no order.
    private(set) var pods: [String: [Int]] = [:]
    private var bootID = ""

    var containerCount: Int { pods.values.reduce(0) { $0 + $1.count } }

    /// A new boot id means that the counters began again: what came before cannot be compared with what comes.
    mutating func beginSession(bootID: String) {
        guard bootID != self.bootID || bootID.isEmpty else { return }
        self = NodeSeries()
        self.bootID = bootID
    }

    /// Takes one sweep.
    /// - Returns: whether the node's clock had to be corrected, or no longer has to.
    mutating func apply(_ batch: borrowing SampleBatch, ourUnixMicroseconds: Int64, window: RateWindow) -> Bool {
        let clockChanged = clock.observe(
            bootMicroseconds: batch.bootTimeMicroseconds, nodeUnixMicroseconds: batch.realTimeMicroseconds,
            ourUnixMicroseconds: ourUnixMicroseconds)
        if batch.isComplete {
            replaceDictionary(batch)
        } else {
            for slot in batch.removed { remove(slot) }
            for addition in batch.added { add(slot: addition.slot, ContainerSeries(identity: addition.identity)) }
        }
        applyPoints(batch, window: window)
        applyNode(batch, window: window)
        return clockChanged
    }

    private mutating func applyPoints(_ batch: borrowing SampleBatch, window: RateWindow) {
        for point in batch.earlier {
            slots[point.slot]?.appendEarlier(
                timeMicroseconds: point.timeMicroseconds, cpuMicroseconds: point.cpuMicroseconds, window: window)
        }
        for point in batch.points {
            slots[point.slot]?.addZeroPoint(clock: clock, before: point.timeMicroseconds, window: window)
            slots[point.slot]?.append(point, window: window)
        }
    }

    private mutating func applyNode(_ batch: borrowing SampleBatch, window: RateWindow) {
        if let earlier = batch.nodeEarlier {
            cpu.append(
                CounterPoint(
                    timeMicroseconds: earlier.timeMicroseconds, cpuMicroseconds: earlier.cpuMicroseconds),
                window: window)
        }
        memoryKiB = batch.node.memoryKiB
        hasCPU = batch.node.cpuMicroseconds != nil
        if let used = batch.node.cpuMicroseconds {
            cpu.append(
                CounterPoint(timeMicroseconds: batch.node.timeMicroseconds, cpuMicroseconds: used), window: window)
        }
    }

    /// A complete frame starts a new dictionary; what the containers in it did before is kept.
    private mutating func replaceDictionary(_ batch: borrowing SampleBatch) {
        var known: [ContainerSeries.Key: ContainerSeries] = [:]
        for series in slots {
            if let series { known[series.key] = series }
        }
        slots.removeAll(keepingCapacity: true)
        pods.removeAll(keepingCapacity: true)
        for addition in batch.added {
            var series = known[ContainerSeries.Key(addition.identity)] ?? ContainerSeries(identity: addition.identity)
            series.rename(addition.identity)
            add(slot: addition.slot, series)
        }
    }

    private mutating func add(slot: Int, _ series: ContainerSeries) {
        while slots.count <= slot { slots.append(nil) }
        if slots[slot]?.key == series.key {
            slots[slot]?.rename(series.identity)
            return
        }
        remove(slot)
        slots[slot] = series
        pods[series.identity.podUID, default: []].append(slot)
    }

    private mutating func remove(_ slot: Int) {
        guard slot < slots.count, let series = slots[slot] else { return }
        slots[slot] = nil
        let uid = series.identity.podUID
        pods[uid]?.removeAll { $0 == slot }
        if pods[uid]?.isEmpty == true { pods[uid] = nil }
    }
}
