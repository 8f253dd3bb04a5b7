// SPDX-License-Identifier: Apache-2.0

/// What stays the same in every answer about one incarnation of a node or pod. One instance is shared by all answers; an
/// object that was made anew, or was given other labels, is another instance.
public final class ObjectIdentity: Sendable {
    /// Empty for a node.
    public let namespace: String
    public let name: String
    /// Empty when there is none to tell.
    public let uid: String
    public let labels: Labels

    public init(namespace: String = "", name: String, uid: String = "", labels: Labels = .empty) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.labels = labels
    }
}

extension ObjectIdentity {
    /// The order of answers: by namespace, then by name, in byte order.
    public func precedes(_ other: ObjectIdentity) -> Bool {
        if self.namespace == other.namespace {
            return self.name.utf8.lexicographicallyPrecedes(other.name.utf8)
        }
        return self.namespace.utf8.lexicographicallyPrecedes(other.namespace.utf8)
    }
}
