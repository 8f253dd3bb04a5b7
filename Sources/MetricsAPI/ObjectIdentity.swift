// SPDX-License-Identifier: Apache-2.0
import CMemory

/// What stays the same in every answer about one incarnation of a node or pod. One instance is shared by all answers; an
/// object that was made anew, or was given other labels, is another instance.
///
/// Kept as answers carry it: the fields of ObjectMeta one after the other, {name = 1, namespace = 3, uid = 5}, so that a list
/// copies them at once. With names of the usual length it takes 150 bytes of the heap, beside the labels.
// Immutable: the memory is written in `init` and freed in `deinit`.
@safe
public final class ObjectIdentity: @unchecked Sendable {
    public let labels: Labels
    private let head: PackedBytes
    /// Names and uid stand in JSON as they are.
    let isPlainJSON: Bool
    let hasNamespace: Bool

    /// - Parameters:
    ///   - namespace: empty for a node.
    ///   - uid: empty when there is none to tell.
    public init(namespace: String = "", name: String, uid: String = "", labels: Labels = .empty) {
        self.labels = labels
        self.hasNamespace = !namespace.isEmpty
        var out = ByteWriter()
        out.protoString(1, name)
        if !namespace.isEmpty { out.protoString(3, namespace) }
        if !uid.isEmpty { out.protoString(5, uid) }
        unsafe self.head = PackedBytes(out)
        self.isPlainJSON = !(name.needsJSONEscape || namespace.needsJSONEscape || uid.needsJSONEscape)
    }

    deinit {
        unsafe self.head.free()
    }

    public var name: String { unsafe self.withParts { name, _, _ in unsafe String(decoding: name, as: UTF8.self) } }

    /// Empty for a node.
    public var namespace: String {
        unsafe self.withParts { _, namespace, _ in unsafe String(decoding: namespace, as: UTF8.self) }
    }

    /// Empty when there is none to tell.
    public var uid: String { unsafe self.withParts { _, _, uid in unsafe String(decoding: uid, as: UTF8.self) } }

    /// The same as the properties, without making strings of them.
    @inline(__always)
    func withParts<Result>(
        _ body: (_ name: UnsafeRawBufferPointer, _ namespace: UnsafeRawBufferPointer, _ uid: UnsafeRawBufferPointer)
            -> Result
    ) -> Result {
        var reader = unsafe PackedReader(self.head.buffer)
        let name = unsafe reader.next()
        let namespace = unsafe reader.field == 3 ? unsafe reader.next() : UnsafeRawBufferPointer(start: nil, count: 0)
        let uid = unsafe reader.field == 5 ? unsafe reader.next() : UnsafeRawBufferPointer(start: nil, count: 0)
        return unsafe body(name, namespace, uid)
    }

    /// ObjectMeta's fields 1, 3 and 5.
    @inline(__always)
    func withFields<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe body(self.head.buffer)
    }

    /// What an instance takes, without its names, which lie elsewhere.
    package static let instanceBytes = 48

    /// Has its names fetched from memory, which will be read soon.
    @inline(__always)
    func prefetchNames() {
        let names = unsafe self.head.buffer
        unsafe CMemory_prefetch(names.baseAddress, names.count)
    }

    /// Bytes of these.
    var fieldsSize: Int { unsafe Int(self.head.count) }
}

extension ObjectIdentity {
    /// The order of answers: by namespace, then by name, in byte order.
    public func precedes(_ other: ObjectIdentity) -> Bool {
        unsafe self.withParts { name, namespace, _ in
            unsafe other.withParts { otherName, otherNamespace, _ in
                unsafe namespace.equals(otherNamespace)
                    ? unsafe name.precedes(otherName) : unsafe namespace.precedes(otherNamespace)
            }
        }
    }

    /// Whether it is this one's, without making a string of it.
    public func isNamed(_ name: String) -> Bool { unsafe self.withParts { own, _, _ in unsafe own.equals(name) } }

    public func isIn(namespace: String) -> Bool {
        unsafe self.withParts { _, own, _ in unsafe own.equals(namespace) }
    }
}

extension String {
    var needsJSONEscape: Bool { self.utf8.contains(where: ByteWriter.mayNeedEscape) }
}
