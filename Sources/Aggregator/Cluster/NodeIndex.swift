// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// The cluster's nodes in the order of answers. A value without locks.
struct NodeIndex: Sendable {
    /// Sorted by name in byte order, and shared with answers: the same instance as long as a node's labels stay the same.
    private(set) var nodes: [ObjectIdentity] = []

    mutating func set(_ name: String, _ labels: Labels) {
        let (place, known) = place(of: name)
        guard known?.labels != labels else { return }
        let identity = ObjectIdentity(name: name, labels: labels)
        if known != nil {
            nodes[place] = identity
        } else {
            nodes.insert(identity, at: place)
        }
    }

    mutating func remove(_ name: String) {
        let (place, known) = place(of: name)
        guard known != nil else { return }
        nodes.remove(at: place)
    }

    /// These are all; those that stay the same keep their identity.
    mutating func replace(with labels: [String: Labels]) {
        for node in nodes where labels[node.name] == nil { remove(node.name) }
        for (name, labels) in labels { set(name, labels) }
    }

    func node(named name: String) -> ObjectIdentity? { place(of: name).known }

    private func place(of name: String) -> (index: Int, known: ObjectIdentity?) {
        let wanted = ObjectIdentity(name: name)
        let index = nodes.partitioningIndex { !$0.precedes(wanted) }
        return (index, index < nodes.count && !wanted.precedes(nodes[index]) ? nodes[index] : nil)
    }
}
