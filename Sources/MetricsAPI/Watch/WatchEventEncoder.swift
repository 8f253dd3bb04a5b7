// SPDX-License-Identifier: Apache-2.0

/// Writes a watch's events. A line of JSON each, `{"type":…,"object":…}`, or the length in four bytes, big-endian, and then a
/// meta/v1 WatchEvent {type = 1, object = 2 {raw = 1}}, whose object has an envelope of its own.
struct WatchEventEncoder {
    let format: WatchFormat
    let kind: FiguresList.Kind
    private var now: Int64 = 0
    /// Of the snapshot whose rows are being written.
    private var current: (snapshot: FiguresSnapshot, encoder: MetricsEncoder)?
    /// The columns that the client was told, with swap or without; nil: none yet. As API servers do, they are told once.
    private var toldSwap: Bool?

    private let apiVersion: String
    /// What every object begins with in JSON.
    private let jsonStart: [UInt8]

    init(_ format: WatchFormat, kind: FiguresList.Kind) {
        self.format = format
        self.kind = kind
        self.apiVersion = format.version.groupVersion
        self.jsonStart = Array(
            "{\"kind\":\"\(kind.objectKind)\",\"apiVersion\":\"\(self.apiVersion)\",".utf8)
    }

    /// Of what follows.
    /// - Parameter nowUnixNanoseconds: when the events are made, which is their objects' `creationTimestamp`.
    mutating func begin(nowUnixNanoseconds: Int64) { self.now = nowUnixNanoseconds }

    /// Lets go of the snapshot that was written last.
    mutating func end() { self.current = nil }

    /// - Parameter resourceVersion: the object's, in its metadata.
    mutating func event(
        _ type: WatchEventType, _ at: Int, of snapshot: FiguresSnapshot, resourceVersion: UInt64,
        to out: inout ByteWriter
    ) {
        var encoder = self.encoder(for: snapshot)
        encoder.objectVersion = resourceVersion
        switch self.format.shape {
        case .table(let meta, let rowObject):
            let usages = snapshot.list.usages(of: snapshot.rows[at])
            let columns = self.columns(withSwap: usages.contains { $0.usage.swapBytes != nil })
            Self.json(type.rawValue, to: &out) { out in
                Self.tableHead(meta: meta, resourceVersion, columns.news, to: &out)
                encoder.tableRow(at, meta: meta, rowObject: rowObject, hasSwap: columns.hasSwap, to: &out)
                out.literal("]}")
            }
        case .object where self.format.isProtobuf:
            Self.protobuf(type.rawValue, to: &out) { out in
                out.kubernetesEnvelope(apiVersion: self.apiVersion, kind: self.kind.objectKind) {
                    out in
                    encoder.protobuf(at, to: &out)
                }
            }
        case .object:
            Self.json(type.rawValue, to: &out) { out in
                out.append(self.jsonStart)
                encoder.jsonMembers(at, to: &out)
                out.byte(0x7d)
            }
        case .partialObject(let meta) where self.format.isProtobuf:
            Self.protobuf(type.rawValue, to: &out) { out in
                out.kubernetesEnvelope(apiVersion: "meta.k8s.io/\(meta)", kind: "PartialObjectMetadata") { out in
                    encoder.partialObjectProtobuf(at, to: &out)
                }
            }
        case .partialObject(let meta):
            Self.json(type.rawValue, to: &out) { out in encoder.partialObject(at, meta: meta, to: &out) }
        }
        self.current = (snapshot, encoder)
    }

    /// Taken out, so that it has one owner while it writes.
    private mutating func encoder(for snapshot: FiguresSnapshot) -> MetricsEncoder {
        defer { self.current = nil }
        if let current = self.current, current.snapshot === snapshot { return current.encoder }
        return MetricsEncoder(snapshot.list, version: self.format.version, nowUnixNanoseconds: self.now)
    }

    /// An event without an object: a version that a client can go on from.
    /// - Parameter endsInitialEvents: as KEP-3157 marks it.
    mutating func bookmark(resourceVersion: UInt64, endsInitialEvents: Bool, to out: inout ByteWriter) {
        let mark = BookmarkMetadata(resourceVersion: resourceVersion, endsInitialEvents: endsInitialEvents)
        let (kind, apiVersion) = (self.kind.objectKind, self.apiVersion)
        let isNode = self.kind == .nodes
        switch self.format.shape {
        case .table(let meta, _):
            let columns = self.columns(withSwap: false)
            Self.json("BOOKMARK", to: &out) { out in
                Self.tableHead(meta: meta, resourceVersion, columns.news, to: &out)
                out.text("{\"cells\":[\"\",null,null,\(columns.hasSwap ? "null," : "")\"0s\"],\"object\":")
                mark.json(kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/\(meta)", to: &out)
                out.text("}}]}")
            }
        case .object where self.format.isProtobuf:
            Self.protobuf("BOOKMARK", to: &out) { out in
                out.kubernetesEnvelope(apiVersion: apiVersion, kind: kind) { out in
                    out.message(1) { out in mark.protobuf(to: &out) }
                    out.message(2) { _ in }
                    out.message(3) { out in out.protoInt(1, 0) }
                }
            }
        case .object:
            Self.json("BOOKMARK", to: &out) { out in
                mark.json(kind: kind, apiVersion: apiVersion, to: &out)
                out.text(",\"timestamp\":null,\"window\":\"0s\",\"\(isNode ? "usage" : "containers")\":null}")
            }
        case .partialObject(let meta) where self.format.isProtobuf:
            Self.protobuf("BOOKMARK", to: &out) { out in
                out.kubernetesEnvelope(apiVersion: "meta.k8s.io/\(meta)", kind: "PartialObjectMetadata") { out in
                    out.message(1) { out in mark.protobuf(to: &out) }
                }
            }
        case .partialObject(let meta):
            Self.json("BOOKMARK", to: &out) { out in
                mark.json(kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/\(meta)", to: &out)
                out.text("}")
            }
        }
    }

    /// Why the stream ends, when it does not end as it should. A Status, whatever the shape.
    func error(_ status: Status, to out: inout ByteWriter) {
        if self.format.isProtobuf {
            Self.protobuf("ERROR", to: &out) { out in status.writeProtobuf(to: &out) }
        } else {
            Self.json("ERROR", to: &out) { out in status.json.write(to: &out) }
        }
    }

    /// Whether rows have a swap cell, and whether that is news to the client. Once there was one they all do.
    private mutating func columns(withSwap: Bool) -> (hasSwap: Bool, news: Bool?) {
        let hasSwap = withSwap || self.toldSwap == true
        defer { self.toldSwap = hasSwap }
        return (hasSwap, self.toldSwap == hasSwap ? nil : hasSwap)
    }

    /// - Parameter swapColumns: columns to tell, with swap or without; nil: those that were told before.
    private static func tableHead(
        meta: String, _ resourceVersion: UInt64, _ swapColumns: Bool?, to out: inout ByteWriter
    ) {
        MetricsEncoder.tableStart(meta: meta, version: resourceVersion, to: &out)
        if let swapColumns { MetricsEncoder.columns(hasSwap: swapColumns, to: &out) } else { out.text("null") }
        out.text(",\"rows\":[")
    }

    private static func json(_ type: String, to out: inout ByteWriter, _ object: (inout ByteWriter) -> Void) {
        out.literal("{\"type\":\"")
        out.text(type)
        out.literal("\",\"object\":")
        object(&out)
        out.literal("}\n")
    }

    private static func protobuf(_ type: String, to out: inout ByteWriter, _ object: (inout ByteWriter) -> Void) {
        let start = out.count
        out.text("\0\0\0\0")
        out.protoString(1, type)
        out.message(2, lengthBytes: 2) { out in out.message(1, lengthBytes: 2, object) }
        let length = UInt32(truncatingIfNeeded: out.count - start - 4)
        for at in 0..<4 { out.patch(start + at, UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * at))) }
    }
}

/// The metadata of a bookmark's object.
private struct BookmarkMetadata {
    let resourceVersion: UInt64
    let endsInitialEvents: Bool

    private static let mark = "k8s.io/initial-events-end"

    /// Kind and metadata; the closing brace is the caller's.
    func json(kind: String, apiVersion: String, to out: inout ByteWriter) {
        out.text("{\"kind\":\"\(kind)\",\"apiVersion\":\"\(apiVersion)\",\"metadata\":{\"resourceVersion\":\"")
        out.decimal(self.resourceVersion)
        out.text(self.endsInitialEvents ? "\",\"annotations\":{\"\(Self.mark)\":\"true\"}}" : "\"}")
    }

    /// ObjectMeta {resourceVersion = 6, annotations = 12 {key = 1, value = 2}}.
    func protobuf(to out: inout ByteWriter) {
        out.protoString(6, String(self.resourceVersion))
        if self.endsInitialEvents {
            out.message(12) { out in
                out.protoString(1, Self.mark)
                out.protoString(2, "true")
            }
        }
    }
}

extension FiguresList.Kind {
    /// The API's name for them.
    var resource: String {
        switch self {
        case .nodes: "nodes"
        case .pods: "pods"
        }
    }
}
