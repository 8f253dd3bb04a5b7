// SPDX-License-Identifier: Apache-2.0

/// Finds a node's pods by their uids while its dictionary changes. For a few look-ups it looks at each pod, for many a table
/// is made; none is kept, as it would cost more memory than the pods.
struct PodNumbers {
    /// Of so many additions a table costs less than looking.
    private static let worthTable = 8

    private var table: [PodUID: UInt16]?

    init(_ pods: [PodEntry], lookups: Int) {
        guard lookups > Self.worthTable else { return }
        var table: [PodUID: UInt16] = [:]
        table.reserveCapacity(pods.count)
        for (number, pod) in pods.enumerated() where pod.standing != .vacant { table[pod.uid] = UInt16(number) }
        self.table = table
    }

    func number(of uid: PodUID, in pods: [PodEntry]) -> UInt16? {
        guard let table else {
            return pods.firstIndex { $0.standing != .vacant && $0.uid == uid }.map { UInt16($0) }
        }
        // What was noted may have ended since, and its number be another's.
        guard let number = table[uid], pods[Int(number)].standing != .vacant, pods[Int(number)].uid == uid else {
            return nil
        }
        return number
    }

    mutating func note(_ uid: PodUID, _ number: UInt16) { table?[uid] = number }
}
