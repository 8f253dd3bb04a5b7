// SPDX-License-Identifier: Apache-2.0

/// An object's labels, sorted by key in byte order (the order Go's encoders write a map in).
public struct Labels: Sendable, Hashable {
    public struct Pair: Sendable, Hashable {
        public let key: String
        public let value: String
    }

    public let pairs: [Pair]

    public static let empty = Labels([:])

    public init(_ dictionary: [String: String]) {
        self.pairs = dictionary.map { Pair(key: $0.key, value: $0.value) }
            .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    }

    public var isEmpty: Bool { self.pairs.isEmpty }

    /// The value of `key`; nil when there is no such label (which is not the same as an empty value).
    public subscript(key: String) -> String? {
        // Objects carry a handful of labels: a scan beats hashing.
        for pair in self.pairs where pair.key == key { return pair.value }
        return nil
    }
}
