// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

extension SampleStore {
    /// Completes the rows of those of the pods that can be served, and drops the others.
    ///
    /// - Parameters:
    ///   - pods: given the places where they were found, if these were not known.
    ///   - list: expects these pods, in their order, and nothing else.
    /// - Returns: the pods that were given another place.
    @discardableResult
    func complete(_ pods: inout [WantedPod], now: ContinuousClock.Instant, in list: inout FiguresList) -> [Int] {
        precondition(list.rows.count == pods.count, "a list expects other pods than are wanted")
        let unknown = pods.indices.filter { pods[$0].place == .nowhere }
        owners.locate(&pods, unknown)
        let records = owners.records
        // What is not where it was last time may be elsewhere by now.
        let lost = complete(NodeBatches(pods, nodeCount: records.count), of: pods, records, now, &list)
        let before = lost.map { pods[$0].place }
        owners.locate(&pods, lost)
        let moved = zip(lost, before).filter { pods[$0].place != $1 }.map { $0.0 }
        if !moved.isEmpty { _ = complete(NodeBatches(moved, of: pods), of: pods, owners.records, now, &list) }
        list.dropIncomplete()
        return (unknown + moved).filter { pods[$0].place != .nowhere }
    }

    /// Completes the rows of these pods.
    /// - Returns: the pods that were not where they should be.
    private func complete(
        _ batches: NodeBatches, of pods: [WantedPod], _ records: [NodeRecord?], _ now: ContinuousClock.Instant,
        _ list: inout FiguresList
    ) -> [Int] {
        let lookahead = StoreLookahead(batches: batches, pods: pods, records: records)
        var lost: [Int] = []
        for batch in 0..<batches.count {
            lookahead.prefetch(beyond: batch, rowsOf: list)
            let places = batches[batch]
            let number = Int(pods[Int(batches.order[places.lowerBound])].place.record)
            let record = number < records.count ? records[number] : nil
            let isFresh: Void? = record?.whileFresh(configuration, now: now) { series in
                for place in places {
                    let index = Int(batches.order[place])
                    let isThere = series.complete(
                        row: index, pod: Int(pods[index].place.pod), uid: pods[index].uid, window: window, in: &list)
                    if !isThere { lost.append(index) }
                }
            }
            if isFresh == nil { lost.append(contentsOf: batches.order[places].lazy.map { Int($0) }) }
        }
        return lost
    }
}
