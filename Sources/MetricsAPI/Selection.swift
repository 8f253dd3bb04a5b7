// SPDX-License-Identifier: Apache-2.0

/// Which objects a list or watch is about: all that it says must hold. The source finds them in whatever way is cheapest.
public struct Selection: Hashable, Sendable {
    /// nil: all namespaces. Nodes have none.
    public var namespace: String?
    var labels: LabelSelector
    var fields: FieldSelector

    /// All objects, or all of a namespace.
    public init(namespace: String? = nil) {
        self.init(namespace: namespace, labels: LabelSelector(), fields: FieldSelector())
    }

    init(namespace: String?, labels: LabelSelector, fields: FieldSelector) {
        self.namespace = namespace
        self.labels = labels
        self.fields = fields
    }

    /// Labels that an object must have with one of these values; an index of labels may narrow down by them.
    public var requiredLabels: [(key: String, values: [String])] {
        self.labels.requirements.compactMap { requirement in
            guard case .isIn(let values) = requirement.operation else { return nil }
            switch values {
            case .one(let value): return (requirement.key, [value])
            case .many(let values): return (requirement.key, Array(values))
            }
        }
    }

    /// The only name that fits, if the selection names one.
    public var name: String? { self.fields.exactMatch("metadata.name") }

    /// The only namespace that fits, if the selection or its fields name one.
    public var onlyNamespace: String? { self.namespace ?? self.fields.exactMatch("metadata.namespace") }

    public var selectsByLabels: Bool { !self.labels.isEmpty }

    public func matches(_ labels: Labels) -> Bool { self.labels.matches(labels) }

    public func matches(_ identity: ObjectIdentity) -> Bool {
        if let namespace, !identity.isIn(namespace: namespace) { return false }
        return self.matchesFields(identity) && self.labels.matches(identity.labels)
    }

    /// Name and namespace only.
    public func matchesFields(_ identity: ObjectIdentity) -> Bool {
        self.fields.isEmpty
            || self.fields.matches { field in field == "metadata.name" ? identity.name : identity.namespace }
    }
}
