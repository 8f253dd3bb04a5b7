// SPDX-License-Identifier: Apache-2.0

/// A kind of object that can be listed and watched.
public protocol KubeObject: Sendable {
    /// The kind's name in an answer, such as `ConfigMap`.
    static var kind: StaticString { get }
    /// Whether the server is asked for the metadata only (KEP-2334, meta.k8s.io/v1 PartialObjectMetadata).
    static var isMetadataOnly: Bool { get }

    var metadata: ObjectMetadata { get }

    /// Decodes the object's protobuf form, without the envelope. Any bytes give an object or an error.
    init(protobuf body: RawSpan, options: KubeDecodingOptions) throws(KubeDecodingError)
}

extension KubeObject {
    public static var isMetadataOnly: Bool { false }
    static var listKind: String { "\(kind)List" }
}

/// The metadata of an object of any kind.
public struct PartialMetadata: KubeObject, Equatable {
    public static var kind: StaticString { "PartialObjectMetadata" }
    public static var isMetadataOnly: Bool { true }

    public let metadata: ObjectMetadata

    public init(metadata: ObjectMetadata) { self.metadata = metadata }

    public init(protobuf body: RawSpan, options: KubeDecodingOptions) throws(KubeDecodingError) {
        metadata = try ObjectMetadata(body, try Self.metadataRange(body), options)
    }

    /// Field 1 of every Kubernetes object is its ObjectMeta.
    static func metadataRange(_ body: RawSpan) throws(KubeDecodingError) -> Range<Int> {
        var cursor = ProtoCursor(0..<body.byteCount)
        var found: Range<Int>?
        while let field = try cursor.next(in: body) {
            if field.number == 1, case .bytes(let range) = field.value { found = range }
        }
        guard let found else { throw KubeDecodingError("an object without metadata") }
        return found
    }
}
