// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// The pods of one namespace by their labels. A value without locks.
///
/// The pods of a deployment carry the same labels, so selectors are tried on distinct sets of labels, and those that ask
/// for a value find the sets that have it. Pods are known by their handles in `PodIndex`.
struct LabelIndex: Sendable {
    struct LabelSet: Sendable {
        /// Shared by its pods.
        fileprivate(set) var labels: Labels
        /// In no order.
        fileprivate(set) var pods: [UInt32] = []
    }

    /// By number; one without pods is free.
    private(set) var sets: [LabelSet] = []
    private var free: [UInt32] = []
    private var numbers: [Labels: UInt32] = [:]
    private var holders = LabelHolders()

    /// - Returns: the number of the pod's label set.
    mutating func add(_ pod: UInt32, labels: Labels) -> UInt32 {
        if let number = numbers[labels] {
            sets[Int(number)].pods.append(pod)
            return number
        }
        let set = LabelSet(labels: labels, pods: [pod])
        let number: UInt32
        if let reused = free.popLast() {
            number = reused
            sets[Int(number)] = set
        } else {
            number = UInt32(sets.count)
            sets.append(set)
        }
        numbers[labels] = number
        holders.add(number, labels)
        return number
    }

    mutating func remove(_ pod: UInt32, from number: UInt32) {
        let set = Int(number)
        guard let place = sets[set].pods.firstIndex(of: pod) else { return }
        sets[set].pods.swapAt(place, sets[set].pods.count - 1)
        sets[set].pods.removeLast()
        guard sets[set].pods.isEmpty else { return }
        numbers[sets[set].labels] = nil
        holders.remove(number)
        sets[set] = LabelSet(labels: .empty)
        free.append(number)
    }

    /// The sets that may meet the requirement which the fewest meet; whoever asks has yet to check them.
    /// - Returns: nil when nothing is required, or when there are more than `limit`.
    func candidates(_ required: [(key: String, values: [String])], limit: Int) -> [UInt32]? {
        var fewest: (count: Int, values: (key: String, values: [String]))?
        for requirement in required {
            let count = requirement.values.reduce(0) { $0 + holders.count(key: requirement.key, value: $1) }
            if count < fewest?.count ?? .max { fewest = (count, requirement) }
        }
        guard let fewest, fewest.count <= limit else { return nil }
        return fewest.values.values.flatMap { holders.sets(key: fewest.values.key, value: $0) }
    }

    /// - Returns: how many pods these sets have; nil when that is more than `limit`.
    func podCount(of numbers: [UInt32], limit: Int) -> Int? {
        let count = numbers.reduce(0) { $0 + sets[Int($1)].pods.count }
        return count <= limit ? count : nil
    }
}
