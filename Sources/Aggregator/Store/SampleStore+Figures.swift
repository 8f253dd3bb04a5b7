// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

extension SampleStore {
    /// Appends those of the pods that can be served, in their order.
    ///
    /// Node by node where there are more pods than nodes: what a node has lies together, and its lock is taken once.
    /// - Parameter pods: given the places where they were found, if these were not known.
    /// - Returns: the pods that were given another place.
    @discardableResult
    func append(_ pods: inout [ListedPod], now: ContinuousClock.Instant, to list: inout FiguresList) -> [Int] {
        let firstRow = list.rows.count
        list.reserveCapacity(rows: firstRow + pods.count, usages: list.usages.count + 2 * pods.count)
        for index in pods.indices { list.expect(pods[index].identity) }
        let unknown = pods.indices.filter { pods[$0].place == .nowhere }
        owners.locate(&pods, unknown)
        // What is not where it was last time may be elsewhere by now.
        let placed = pods.indices.filter { pods[$0].place != .nowhere }
        let lost = complete(placed, of: pods, firstRow, now, &list)
        let before = lost.map { pods[$0].place }
        owners.locate(&pods, lost)
        let moved = zip(lost, before).filter { pods[$0].place != $1 }.map { $0.0 }
        _ = complete(moved, of: pods, firstRow, now, &list)
        list.dropIncomplete()
        return (unknown + moved).filter { pods[$0].place != .nowhere }
    }

    /// Completes the rows of these pods.
    /// - Returns: the pods that were not where they should be.
    private func complete(
        _ indices: [Int], of pods: [ListedPod], _ firstRow: Int, _ now: ContinuousClock.Instant,
        _ list: inout FiguresList
    ) -> [Int] {
        let records = owners.records
        let order = Self.byNode(indices, of: pods, nodeCount: records.count)
        var lost: [Int] = []
        var start = 0
        while start < order.count {
            let number = Int(pods[order[start]].place.record)
            var end = start + 1
            while end < order.count, Int(pods[order[end]].place.record) == number { end += 1 }
            let record = number < records.count ? records[number] : nil
            let isFresh: Void? = record?.whileFresh(configuration, now: now) { series in
                for place in start..<end {
                    let index = order[place]
                    let isThere = series.complete(
                        row: firstRow + index, pod: Int(pods[index].place.pod), uid: pods[index].uid, window: window,
                        in: &list)
                    if !isThere { lost.append(index) }
                }
            }
            if isFresh == nil { lost.append(contentsOf: order[start..<end]) }
            start = end
        }
        return lost
    }

    /// The order in which to look at pods: by node if there are many.
    private static func byNode(_ indices: [Int], of pods: [ListedPod], nodeCount: Int) -> [Int] {
        guard indices.count > nodeCount else { return indices }
        // Pods that no node reports are put behind those of the last node.
        var ends = Array(repeating: 0, count: nodeCount + 1)
        for index in indices { ends[min(Int(pods[index].place.record), nodeCount)] += 1 }
        var sum = 0
        for node in ends.indices {
            sum += ends[node]
            ends[node] = sum
        }
        var order = Array(repeating: 0, count: indices.count)
        for index in indices.reversed() {
            let node = min(Int(pods[index].place.record), nodeCount)
            ends[node] -= 1
            order[ends[node]] = index
        }
        return order
    }
}
