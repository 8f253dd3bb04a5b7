// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// Fetches the figures of pods from memory while those of others are being read.
///
/// They hang together by references, so that each of three steps fetches what the one before has found: a node's record, what
/// its arrays begin with and its pods, their containers. The last two need the node's lock for a moment, and do without where
/// somebody has it.
struct StoreLookahead {
    private let batches: NodeBatches
    private let pods: [WantedPod]
    private let records: [NodeRecord?]
    /// Batches from one step to the next.
    private let distance: Int

    init(batches: NodeBatches, pods: [WantedPod], records: [NodeRecord?]) {
        self.batches = batches
        self.pods = pods
        self.records = records
        distance = batches.order.count > Self.few * batches.count ? 1 : Self.fewDistance
    }

    /// Pods of a batch that is read sooner than the next one's memory comes.
    private static let few = 4
    private static let fewDistance = 4

    /// Called before each batch is read.
    func prefetch(beyond batch: Int, rowsOf list: borrowing FiguresList) {
        let (near, middle, far) = (batch + distance, batch + 2 * distance, batch + 3 * distance)
        if far < batches.count { records.prefetchInstance(number(far), bytes: NodeRecord.size) }
        if middle < batches.count {
            record(middle)?.withFreeSeries { series in
                series.prefetchCounts()
                for place in batches[middle].prefix(Self.few) { series.prefetch(pod: pod(place)) }
            }
        }
        guard near < batches.count else { return }
        for place in batches[near] {
            pods.prefetch(Int(batches.order[place]))
            list.prefetch(row: Int(batches.order[place]))
        }
        record(near)?.withFreeSeries { series in
            if batches[near].count * Self.few >= series.dictionary.pods.count {
                series.prefetchAll()
            } else {
                for place in batches[near] { series.prefetchContainers(ofPod: pod(place)) }
            }
        }
    }

    private func number(_ batch: Int) -> Int {
        Int(pods[Int(batches.order[batches[batch].lowerBound])].place.record)
    }

    private func record(_ batch: Int) -> NodeRecord? {
        let number = number(batch)
        return number < records.count ? records[number] : nil
    }

    /// Its number on its node.
    private func pod(_ place: Int) -> Int { Int(pods[Int(batches.order[place])].place.pod) }
}

extension NodeSeries {
    /// What each array begins with.
    fileprivate func prefetchCounts() {
        dictionary.pods.prefetchCount()
        dictionary.containers.prefetchCount()
        series.prefetchCount()
    }

    fileprivate func prefetchAll() {
        dictionary.pods.prefetch(0, count: dictionary.pods.count)
        dictionary.containers.prefetch(0, count: dictionary.containers.count)
        series.prefetch(0, count: series.count)
    }

    fileprivate func prefetch(pod: Int) { dictionary.pods.prefetch(pod) }

    /// Of a few at most, and as if they were in slots next to each other, as they mostly are; the first is so by its name.
    fileprivate func prefetchContainers(ofPod pod: Int) {
        let pods = dictionary.pods.span
        guard pod < pods.count, pods[pod].first != ContainerEntry.none else { return }
        let others = min(Int(pods[pod].containerCount), 4) - 1
        let start = max(Int(pods[pod].first) - others, 0)
        dictionary.containers.prefetch(start, count: 2 * others + 1)
        series.prefetch(start, count: 2 * others + 1)
    }
}
