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
    /// Uid → slots, in no order, of the pods that this node may report.
    private(set) var pods: [String: [Int]] = [:]
    /// The same of pods that are another node's; they are not served, and claimed again with each sweep.
    private(set) var contested: [String: [Int]] = [:]
    /// Slot → since when its container could have been named, boot clock, µs; of those that have no name.
    private(set) var nameless: [Int: UInt64] = [:]
    /// The newest sweep, boot clock, µs.
    private(set) var sweptMicroseconds: UInt64 = 0
    /// When the newest batch came, Unix time in µs by our clock; grows with each.
    private(set) var version: UInt64 = 0
    private var bootID = ""

    var containerCount: Int { pods.values.reduce(0) { $0 + $1.count } }

    /// A new boot id means that the counters began again: what came before cannot be compared with what comes.
    mutating func beginSession(bootID: String, claims: some PodClaims = SoleClaims()) {
        guard bootID != self.bootID || bootID.isEmpty else { return }
        for uid in pods.keys { claims.release(uid) }
        let version = version
        self = NodeSeries()
        self.version = version
        self.bootID = bootID
    }

    /// Takes one sweep.
    /// - Returns: whether the node's clock had to be corrected, or no longer has to.
    mutating func apply(
        _ batch: borrowing SampleBatch, ourUnixMicroseconds: Int64, window: RateWindow,
        claims: some PodClaims = SoleClaims()
    ) -> Bool {
        let clockChanged = clock.observe(
            bootMicroseconds: batch.bootTimeMicroseconds, nodeUnixMicroseconds: batch.realTimeMicroseconds,
            ourUnixMicroseconds: ourUnixMicroseconds)
        sweptMicroseconds = batch.bootTimeMicroseconds
        version = max(version + 1, UInt64(clamping: ourUnixMicroseconds))
        if batch.isComplete {
            replaceDictionary(batch, claims)
        } else {
            for slot in batch.removed { remove(slot, claims) }
            for addition in batch.added {
                add(slot: addition.slot, ContainerSeries(identity: addition.identity), claims)
            }
        }
        for (uid, slots) in contested where claims.claim(uid) {
            contested[uid] = nil
            pods[uid] = slots
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
    private mutating func replaceDictionary(_ batch: borrowing SampleBatch, _ claims: some PodClaims) {
        var known: [ContainerSeries.Key: ContainerSeries] = [:]
        for series in slots {
            if let series { known[series.key] = series }
        }
        let (owned, refused) = (pods, contested)
        nameless.removeAll()
        slots.removeAll(keepingCapacity: true)
        // Pods that stay keep their owner, without a moment in which another could take them.
        pods = owned.mapValues { _ in [] }
        contested = refused.mapValues { _ in [] }
        for addition in batch.added {
            var series = known[ContainerSeries.Key(addition.identity)] ?? ContainerSeries(identity: addition.identity)
            series.rename(addition.identity)
            add(slot: addition.slot, series, claims)
        }
        for (uid, slots) in pods where slots.isEmpty {
            pods[uid] = nil
            claims.release(uid)
        }
        for (uid, slots) in contested where slots.isEmpty { contested[uid] = nil }
    }

    private mutating func add(slot: Int, _ series: ContainerSeries, _ claims: some PodClaims) {
        while slots.count <= slot { slots.append(nil) }
        if slots[slot]?.key == series.key {
            slots[slot]?.rename(series.identity)
            noteName(slot)
            return
        }
        remove(slot, claims)
        slots[slot] = series
        noteName(slot)
        let uid = series.identity.podUID
        if contested[uid] == nil, pods[uid] != nil || claims.claim(uid) {
            pods[uid, default: []].append(slot)
        } else {
            if contested[uid] == nil { claims.refused(uid) }
            contested[uid, default: []].append(slot)
        }
    }

    private mutating func remove(_ slot: Int, _ claims: some PodClaims) {
        guard slot < slots.count, let series = slots[slot] else { return }
        slots[slot] = nil
        nameless[slot] = nil
        let uid = series.identity.podUID
        contested[uid]?.removeAll { $0 == slot }
        if contested[uid]?.isEmpty == true { contested[uid] = nil }
        pods[uid]?.removeAll { $0 == slot }
        if pods[uid]?.isEmpty == true {
            pods[uid] = nil
            claims.release(uid)
        }
    }

    // MARK: Names

    /// Keeps `nameless` true for a slot whose container was added or renamed.
    private mutating func noteName(_ slot: Int) {
        guard let identity = slots[slot]?.identity, identity.container.isEmpty else {
            nameless[slot] = nil
            return
        }
        // What started before it was reported has had its time already, such as when the agent was restarted.
        let started = identity.startTimeMicroseconds.flatMap { clock.bootMicroseconds(unixMicroseconds: $0) }
        nameless[slot] = min(nameless[slot] ?? sweptMicroseconds, started ?? sweptMicroseconds)
    }

    /// Names containers of one pod that the agent could not name; those that have a name keep it.
    /// - Parameter names: by the container's id.
    /// - Returns: how many were named.
    mutating func join(_ names: [String: String], pod: (uid: String, namespace: String, name: String)) -> Int {
        var joined = 0
        for slot in pods[pod.uid] ?? [] where nameless[slot] != nil {
            guard let id = slots[slot]?.identity.containerID, let name = names[id] else { continue }
            slots[slot]?.name(name, pod: pod.name, namespace: pod.namespace)
            noteName(slot)
            joined += 1
        }
        return joined
    }
}
