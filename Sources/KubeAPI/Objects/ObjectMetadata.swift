// SPDX-License-Identifier: Apache-2.0

/// What we keep of an object's metadata. Everything else, managedFields above all, is skipped while decoding.
public struct ObjectMetadata: Sendable, Equatable {
    /// A key and its value: a label or an annotation.
    public struct Pair: Sendable, Hashable {
        public let key: String
        public let value: String

        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    /// Empty for objects without one.
    public var namespace: String
    public var name: String
    public var uid: String
    /// Opaque; compared for equality only.
    public var resourceVersion: String
    /// Seconds since 1970; nil when the object has no creation time (a bookmark).
    public var creationUnixSeconds: Int64?
    /// Sorted by key, as the API server encodes them.
    public var labels: [Pair]
    /// Those that ``KubeDecodingOptions/annotations`` asks for.
    public var annotations: [Pair]
    /// The object has a deletion time: it goes as soon as its finalizers and its grace period allow.
    public var isBeingDeleted: Bool

    public init(
        namespace: String = "", name: String, uid: String = "", resourceVersion: String = "",
        creationUnixSeconds: Int64? = nil, labels: [Pair] = [], annotations: [Pair] = [], isBeingDeleted: Bool = false
    ) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.resourceVersion = resourceVersion
        self.creationUnixSeconds = creationUnixSeconds
        self.labels = labels
        self.annotations = annotations
        self.isBeingDeleted = isBeingDeleted
    }

    /// The value of an annotation that was asked for.
    public func annotation(_ key: String) -> String? { annotations.first { $0.key == key }?.value }
    public func label(_ key: String) -> String? { labels.first { $0.key == key }?.value }
}

/// What to keep of the objects that are decoded.
public struct KubeDecodingOptions: Sendable {
    /// Annotations to keep, by key; others can be as large as the object itself (last-applied-configuration).
    let annotations: [[UInt8]]

    public init(annotations: [String] = []) {
        self.annotations = annotations.map { Array($0.utf8) }
    }
}
