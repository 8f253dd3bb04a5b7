// SPDX-License-Identifier: Apache-2.0

/// One page of a list (kubernetes.io/docs/reference/using-api/api-concepts/#retrieving-large-results-sets-in-chunks).
public struct ListPage<Object: KubeObject>: Sendable {
    public let objects: [Object]
    /// Of the whole list, the same on every page: a watch goes on from here.
    public let resourceVersion: String
    /// What asks for the next page; empty on the last one.
    public let continueToken: String

    /// Decodes a whole answer: the envelope, then metadata = 1 and items = 2, which every list has.
    init(_ body: RawSpan, options: KubeDecodingOptions) throws(KubeDecodingError) {
        let envelope = try Envelope(body)
        guard body.holds(envelope.kind, utf8: Array(Object.listKind.utf8)) else {
            throw KubeDecodingError(
                "a \(Object.listKind) was expected, and the answer is a '\(try body.text(envelope.kind))'")
        }
        var objects: [Object] = []
        var (resourceVersion, continueToken) = ("", "")
        var cursor = ProtoCursor(envelope.object)
        while let field = try cursor.next(in: body) {
            guard case .bytes(let range) = field.value else { continue }
            if field.number == 2 {
                objects.append(try Object(protobuf: body.extracting(range), options: options))
            } else if field.number == 1 {
                var meta = ProtoCursor(range)
                while let field = try meta.next(in: body) {
                    guard case .bytes(let range) = field.value else { continue }
                    if field.number == 2 { resourceVersion = try body.text(range) }
                    if field.number == 3 { continueToken = try body.text(range) }
                }
            }
        }
        guard !resourceVersion.isEmpty else { throw KubeDecodingError("a list without a resourceVersion") }
        (self.objects, self.resourceVersion, self.continueToken) = (objects, resourceVersion, continueToken)
    }
}
