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
    /// By slot, one for each of the dictionary's.
    private(set) var series: [ContainerSeries] = []
    private(set) var dictionary = NodeDictionary()
    /// The newest sweep, boot clock, µs.
    private(set) var sweptMicroseconds: UInt64 = 0
    /// When the newest batch came, Unix time in µs by our clock; grows with each.
    private(set) var version: UInt64 = 0
    private var bootID = ""

    /// A new boot id means that the counters began again: what came before cannot be compared with what comes.
    mutating func beginSession(bootID: String, claims: some PodClaims = SoleClaims()) {
        guard bootID != self.bootID || bootID.isEmpty else { return }
        dictionary.release(claims)
        let version = version
        self = NodeSeries()
        self.version = version
        self.bootID = bootID
    }

    /// Gives the node's pods back, for other nodes to report; nothing is to come any more.
    func release(_ claims: some PodClaims) { dictionary.release(claims) }

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
        applyDictionary(batch, claims)
        applyPoints(batch, window: window)
        applyNode(batch, window: window)
        return clockChanged
    }

    private mutating func applyDictionary(_ batch: borrowing SampleBatch, _ claims: some PodClaims) {
        let moment = NodeDictionary.Moment(clock: clock, sweptMicroseconds: sweptMicroseconds)
        if batch.isComplete {
            let known = series
            series = dictionary.replace(with: batch.added, at: moment, claims)
                .map { $0 == ContainerEntry.none ? ContainerSeries() : known[Int($0)] }
        } else {
            for slot in batch.removed { dictionary.remove(slot, claims) }
            if !batch.added.isEmpty {
                let begun = dictionary.add(batch.added, at: moment, claims)
                series.reserveCapacity(dictionary.containers.capacity)
                while series.count < dictionary.containers.count { series.append(ContainerSeries()) }
                for slot in begun { series[slot] = ContainerSeries() }
            }
        }
        dictionary.claimAgain(claims)
    }

    private mutating func applyPoints(_ batch: borrowing SampleBatch, window: RateWindow) {
        for point in batch.earlier {
            series[point.slot].appendEarlier(
                CounterPoint(timeMicroseconds: point.timeMicroseconds, cpuMicroseconds: point.cpuMicroseconds),
                window: window)
        }
        Self.append(batch.points, to: &series, dictionary, clock, window: window)
    }

    private static func append(
        _ points: [SlotPoint], to all: inout [ContainerSeries], _ dictionary: borrowing NodeDictionary,
        _ clock: NodeClock, window: RateWindow
    ) {
        let spacing = window.spacingMicroseconds
        // Checked once for all points that nobody else has the array.
        var series = all.mutableSpan
        for point in points {
            if series[point.slot].cpu.count == 0,
                let birth = dictionary.containers[point.slot].birth(before: point.timeMicroseconds, clock: clock)
            {
                series[point.slot].appendEarlier(birth, window: window)
            }
            series[point.slot].append(point, spacing: spacing)
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

    /// Names containers of one pod that the agent could not name; see `NodeDictionary.join`.
    mutating func join(_ names: [String: String], pod: (uid: String, namespace: String, name: String)) -> Int {
        dictionary.join(names, pod: pod)
    }
}
