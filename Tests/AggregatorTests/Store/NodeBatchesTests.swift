// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Aggregator

@Suite("Pods by the nodes that they are on")
struct NodeBatchesTests {
    /// - Parameter records: of the nodes; nil for a pod that has no place.
    private func pods(_ records: [UInt32?]) -> [WantedPod] {
        records.enumerated().map { index, record in
            WantedPod(
                uid: PodUID("\(index)"), place: record.map { PodOwners.Place(record: $0, pod: 0) } ?? .nowhere)
        }
    }

    private func batches(_ batches: NodeBatches) -> [[UInt32]] {
        (0..<batches.count).map { Array(batches.order[batches[$0]]) }
    }

    @Test("many are sorted by their nodes, and stay in their order within each")
    func many() {
        let pods = pods([1, 0, 1, nil, 0, 1])
        #expect(batches(NodeBatches(pods, nodeCount: 2)) == [[1, 4], [0, 2, 5]])
    }

    @Test("few stay in their order, neighbours of one node together")
    func few() {
        let pods = pods([7, 7, 0, nil, 0, 7])
        #expect(batches(NodeBatches(pods, nodeCount: 8)) == [[0, 1], [2, 4], [5]])
    }

    @Test("pods of nodes that nobody counted are behind the others, each node's apart")
    func uncounted() {
        let pods = pods([5, 1, 4, 4, 0])
        #expect(batches(NodeBatches(pods, nodeCount: 2)) == [[4], [1], [0], [2, 3]])
    }

    @Test("there are none without pods that have a place", arguments: [0, 3])
    func none(count: Int) {
        #expect(NodeBatches(pods(Array(repeating: nil, count: count)), nodeCount: 1).count == 0)
    }

    @Test("some of the pods, as they are told")
    func some() {
        let pods = pods([1, 0, 1, nil, 0])
        #expect(batches(NodeBatches([4, 3, 2, 0], of: pods)) == [[4], [2, 0]])
    }
}
