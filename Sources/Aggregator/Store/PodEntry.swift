// SPDX-License-Identifier: Apache-2.0

/// A pod among those of one node.
struct PodEntry: Sendable {
    enum Standing: Sendable {
        /// No pod; its number is free.
        case vacant
        /// This node may report it.
        case owned
        /// It is another node's: it is not served, and claimed again with each sweep.
        case contested
    }

    let uid: PodUID
    var standing: Standing
    /// Its first container in order of names, by its slot.
    var first = ContainerEntry.none
    var containerCount: UInt16 = 0
    /// Whether its containers are in order; not when they are too many.
    var isSorted = true
    /// What the agent calls it; of use only while one of its containers `namesPod`.
    private(set) var namespace = ""
    private(set) var name = ""

    init(_ uid: PodUID, _ standing: Standing) {
        (self.uid, self.standing) = (uid, standing)
    }

    mutating func name(_ name: String, namespace: String) {
        if self.name != name { self.name = name }
        if self.namespace != namespace { self.namespace = SharedNames.all.shared(namespace) }
    }
}
