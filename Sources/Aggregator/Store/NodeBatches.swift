// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// Pods whose figures are wanted, by the nodes that they are on: what a node has lies together, and has one lock.
struct NodeBatches {
    /// The pods that have a place, by their indices.
    private(set) var order: [UInt32] = []
    /// Where each batch ends in `order`.
    private var ends: [Int] = []

    var count: Int { ends.count }

    /// Of `order`.
    subscript(batch: Int) -> Range<Int> { (batch == 0 ? 0 : ends[batch - 1])..<ends[batch] }

    /// - Parameter nodeCount: places tell no higher numbers of nodes; if one did, it would be behind the others.
    init(_ pods: [WantedPod], nodeCount: Int) {
        // Of few pods hardly two are on the same node, and sorting would cost more than it saves.
        if pods.count > nodeCount { sort(pods, nodeCount) } else { order = Self.placed(pods.indices, of: pods) }
        split(pods)
    }

    /// Some of the pods, in this order.
    init(_ indices: [Int], of pods: [WantedPod]) {
        order = Self.placed(indices, of: pods)
        split(pods)
    }

    private static func placed(_ indices: some Sequence<Int>, of pods: [WantedPod]) -> [UInt32] {
        indices.lazy.filter { pods[$0].place != .nowhere }.map { UInt32($0) }
    }

    private mutating func sort(_ pods: [WantedPod], _ nodeCount: Int) {
        var starts = Array(repeating: 0, count: nodeCount + 1)
        for pod in pods where pod.place != .nowhere { starts[min(Int(pod.place.record), nodeCount)] += 1 }
        var sum = 0
        for node in starts.indices { (starts[node], sum) = (sum, sum + starts[node]) }
        order = Array(repeating: 0, count: sum)
        for index in pods.indices where pods[index].place != .nowhere {
            let node = min(Int(pods[index].place.record), nodeCount)
            order[starts[node]] = UInt32(index)
            starts[node] += 1
        }
    }

    private mutating func split(_ pods: [WantedPod]) {
        var last: UInt32?
        for (position, index) in order.enumerated() {
            // Pods do not lie in this order.
            if position + Self.ahead < order.count { pods.prefetch(Int(order[position + Self.ahead])) }
            let record = pods[Int(index)].place.record
            if let last, last != record { ends.append(position) }
            last = record
        }
        if !order.isEmpty { ends.append(order.count) }
    }

    /// Pods between one that is looked at and one that is fetched from memory.
    private static let ahead = 16
}
