// SPDX-License-Identifier: Apache-2.0

/// One event of a watch (meta/v1 WatchEvent).
enum WatchEvent<Object: KubeObject>: Sendable {
    case change(KubeChange<Object>, resourceVersion: String)
    /// Nothing has changed up to this resourceVersion (KEP-956).
    case bookmark(resourceVersion: String)
    /// The server gives up on the watch.
    case failure(KubeError)

    /// Decodes a frame: type = 1, object = 2, whose field 1 holds an object in an envelope of its own.
    init(frame: RawSpan, options: KubeDecodingOptions) throws(KubeDecodingError) {
        var (type, raw) = (0..<0, 0..<0)
        var cursor = ProtoCursor(0..<frame.byteCount)
        while let field = try cursor.next(in: frame) {
            guard case .bytes(let range) = field.value else { continue }
            if field.number == 1 { type = range }
            guard field.number == 2 else { continue }
            var fields = ProtoCursor(range)
            while let field = try fields.next(in: frame) {
                if field.number == 1, case .bytes(let range) = field.value { raw = range }
            }
        }
        let body = frame.extracting(raw)
        let envelope = try Envelope(body)
        let object = body.extracting(envelope.object)
        if frame.holds(type, "ERROR") {
            try envelope.expect("Status", in: body)
            self = .failure(KubeError(event: try APIStatus(protobuf: object)))
            return
        }
        try envelope.expect(Object.kind, in: body)
        let decoded = try Object(protobuf: object, options: options)
        let version = decoded.metadata.resourceVersion
        guard !version.isEmpty else { throw KubeDecodingError("a watch event without a resourceVersion") }
        if frame.holds(type, "ADDED") {
            self = .change(.added(decoded), resourceVersion: version)
        } else if frame.holds(type, "MODIFIED") {
            self = .change(.modified(decoded), resourceVersion: version)
        } else if frame.holds(type, "DELETED") {
            self = .change(.deleted(decoded), resourceVersion: version)
        } else if frame.holds(type, "BOOKMARK") {
            self = .bookmark(resourceVersion: version)
        } else {
            throw KubeDecodingError("a watch event of type '\(APIStatus.printable(try frame.text(type)))'")
        }
    }
}

/// What has happened to one object.
public enum KubeChange<Object: KubeObject>: Sendable {
    case added(Object)
    case modified(Object)
    /// As it was before it was deleted, or stopped to match the selectors.
    case deleted(Object)
}
