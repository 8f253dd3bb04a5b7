// SPDX-License-Identifier: Apache-2.0

/// What every protobuf body of the API server is wrapped in: four bytes and a `runtime.Unknown` that says what is inside
/// (k8s.io/apimachinery/pkg/runtime/serializer/protobuf; kubernetes.io/docs/reference/using-api/api-concepts/
/// #protobuf-encoding).
struct Envelope {
    /// `k8s` and a NUL.
    static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    /// Where the type's name is, such as `ConfigMap`.
    private(set) var kind = 0..<0
    /// Where the object is.
    private(set) var object = 0..<0

    static func isThere(_ body: RawSpan) -> Bool {
        body.byteCount >= magic.count && body.holds(0..<magic.count, utf8: magic)
    }

    init(_ body: RawSpan) throws(KubeDecodingError) {
        guard Self.isThere(body) else {
            throw KubeDecodingError("not a Kubernetes protobuf body: it does not begin with k8s")
        }
        var cursor = ProtoCursor(Self.magic.count..<body.byteCount)
        while let field = try cursor.next(in: body) {
            guard case .bytes(let range) = field.value else { continue }
            switch field.number {
            case 1:
                var meta = ProtoCursor(range)
                while let field = try meta.next(in: body) {
                    if field.number == 2, case .bytes(let range) = field.value { kind = range }
                }
            case 2: object = range
            case 3 where !range.isEmpty:
                throw KubeDecodingError("a body with a content encoding inside, which was not asked for")
            default: continue
            }
        }
    }

    /// - Throws: when the object is of another kind.
    func expect(_ wanted: StaticString, in body: RawSpan) throws(KubeDecodingError) {
        guard body.holds(kind, wanted) else {
            throw KubeDecodingError("a \(wanted) was expected, and the answer is a '\(try body.text(kind))'")
        }
    }
}
