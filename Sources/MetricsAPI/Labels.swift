// SPDX-License-Identifier: Apache-2.0

/// An object's labels, sorted by key in byte order (the order Go's encoders write a map in).
///
/// A reference to storage that copies share: whoever keeps many objects keeps equal labels once. They lie there as
/// answers carry them.
public struct Labels: Sendable, Hashable {
    public struct Pair: Sendable, Hashable {
        public let key: String
        public let value: String
    }

    /// nil: there are none.
    let storage: LabelStorage?

    public static let empty = Labels([:])

    public init(_ dictionary: [String: String]) {
        if dictionary.isEmpty {
            self.storage = nil
        } else {
            self.storage = LabelStorage(
                dictionary.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) })
        }
    }

    public var isEmpty: Bool { self.storage == nil }

    /// Made anew each time.
    public var pairs: [Pair] {
        var pairs: [Pair] = []
        unsafe self.storage?.visitPairs { key, value in
            pairs.append(
                unsafe Pair(key: String(decoding: key, as: UTF8.self), value: String(decoding: value, as: UTF8.self)))
        }
        return pairs
    }

    /// The value of `key`; nil when there is no such label (which is not the same as an empty value).
    public subscript(key: String) -> String? {
        // Objects carry a handful of labels: a scan beats hashing.
        var found: String?
        unsafe self.storage?.visitPairs { own, value in
            if unsafe own.equals(key) { found = unsafe String(decoding: value, as: UTF8.self) }
        }
        return found
    }

    public static func == (left: Labels, right: Labels) -> Bool {
        guard let ours = left.storage, let theirs = right.storage else {
            return left.storage == nil && right.storage == nil
        }
        if ours === theirs { return true }
        return unsafe ours.withFields { ours in unsafe theirs.withFields { unsafe ours.equals($0) } }
    }

    public func hash(into hasher: inout Hasher) {
        unsafe self.storage?.withFields { unsafe hasher.combine(bytes: $0) }
    }
}

/// ObjectMeta's field 11, once for each label: {key = 1, value = 2}.
// Immutable: the memory is written in `init` and freed in `deinit`.
@safe
final class LabelStorage: @unchecked Sendable {
    private let fields: PackedBytes
    /// Keys and values stand in JSON as they are.
    let isPlainJSON: Bool

    init(_ sorted: [(key: String, value: String)]) {
        var out = ByteWriter()
        var isPlain = true
        for (key, value) in sorted {
            out.message(11) { out in
                out.protoString(1, key)
                out.protoString(2, value)
            }
            isPlain = isPlain && !key.needsJSONEscape && !value.needsJSONEscape
        }
        unsafe self.fields = PackedBytes(out)
        self.isPlainJSON = isPlain
    }

    deinit {
        unsafe self.fields.free()
    }

    var count: Int { unsafe Int(self.fields.count) }

    @inline(__always)
    func withFields<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe body(self.fields.buffer)
    }

    /// In their order.
    @inline(__always)
    func visitPairs(_ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        var reader = unsafe PackedReader(self.fields.buffer)
        while unsafe reader.field != nil {
            var pair = unsafe PackedReader(reader.next())
            let key = unsafe pair.next()
            let value = unsafe pair.next()
            unsafe body(key, value)
        }
    }
}
