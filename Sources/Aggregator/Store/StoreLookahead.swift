// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// Fetches the figures of pods from memory while those of others are being read.
///
/// They hang together by references, so that each step fetches what the one before has found: a node's record, what its arrays
/// begin with, and the elements. Each takes the node's lock for a moment, and waits for nothing else.
struct StoreLookahead {
    private let batches: NodeBatches
    private let pods: [WantedPod]
    private let records: [NodeRecord?]
    /// Batches from one step to the next.
    private let distance: Int
    /// Batches have so many pods that a node's arrays are read from end to end.
    private let isWhole: Bool

    init(batches: NodeBatches, pods: [WantedPod], records: [NodeRecord?]) {
        self.batches = batches
        self.pods = pods
        self.records = records
        isWhole = batches.order.count > Self.many * batches.count
        distance = isWhole ? 1 : Self.many
    }

    private static let many = 4

    /// Called before each batch is read.
    func prefetch(beyond batch: Int, rowsOf list: borrowing FiguresList) {
        let (near, middle, far) = (batch + distance, batch + 2 * distance, batch + 3 * distance)
        if far < batches.count { records.prefetchInstance(number(far)) }
        if middle < batches.count, let record = record(middle) {
            if isWhole { record.prefetchCounts() } else { eachPod(middle) { record.prefetch(pod: $0) } }
        }
        guard near < batches.count else { return }
        for place in batches[near] {
            pods.prefetch(Int(batches.order[place]))
            list.prefetch(row: Int(batches.order[place]))
        }
        guard let record = record(near) else { return }
        if isWhole { record.prefetchAll() } else { eachPod(near) { record.prefetchContainers(ofPod: $0) } }
    }

    private func number(_ batch: Int) -> Int {
        Int(pods[Int(batches.order[batches[batch].lowerBound])].place.record)
    }

    private func record(_ batch: Int) -> NodeRecord? {
        let number = number(batch)
        return number < records.count ? records[number] : nil
    }

    private func eachPod(_ batch: Int, _ body: (Int) -> Void) {
        for place in batches[batch] { body(Int(pods[Int(batches.order[place])].place.pod)) }
    }
}

extension NodeRecord {
    fileprivate func prefetchCounts() { withSeries { $0.prefetchCounts() } }
    fileprivate func prefetchAll() { withSeries { $0.prefetchAll() } }
    fileprivate func prefetch(pod: Int) { withSeries { $0.prefetch(pod: pod) } }
    fileprivate func prefetchContainers(ofPod pod: Int) { withSeries { $0.prefetchContainers(ofPod: pod) } }
}

extension NodeSeries {
    /// What each array begins with.
    fileprivate func prefetchCounts() {
        dictionary.pods.prefetchCount()
        dictionary.containers.prefetchCount()
        series.prefetchCount()
    }

    fileprivate func prefetchAll() {
        dictionary.pods.prefetch()
        dictionary.containers.prefetch()
        series.prefetch()
    }

    fileprivate func prefetch(pod: Int) {
        prefetchCounts()
        dictionary.pods.prefetch(pod)
    }

    /// As if they were in slots that follow each other, as they mostly are.
    fileprivate func prefetchContainers(ofPod pod: Int) {
        let pods = dictionary.pods.span
        guard pod < pods.count, pods[pod].first != ContainerEntry.none else { return }
        let (first, count) = (Int(pods[pod].first), Int(pods[pod].containerCount))
        dictionary.containers.prefetch(first, count: min(count, Self.fewContainers))
        series.prefetch(first, count: min(count, Self.fewContainers))
    }

    private static var fewContainers: Int { 8 }
}
