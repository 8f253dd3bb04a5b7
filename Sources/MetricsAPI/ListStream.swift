// SPDX-License-Identifier: Apache-2.0
import Formats

/// A list, written row by row as the client takes it.
struct ListStream: BodyStream {
    /// A list of more rows than this is not written on an event loop.
    static let heavyRows = 4_000

    private var encoder: MetricsEncoder
    private let shape: ListShape
    private let layout: JSONLayout
    /// The list's resourceVersion; nil: it has none.
    private let version: UInt64?
    /// Some row has a figure for swap.
    private let hasSwap: Bool
    /// The next row; -1 before the list's head.
    private var at = -1
    /// Leaves room for a row like the largest so far.
    private var largestRow = 512
    /// Bytes of a protobuf list, without its envelope.
    private var protobufSize = 0
    private(set) var length: Int?

    /// As if all rows were like the first ones.
    var estimatedLength: Int? {
        if let length { return length }
        var sample = self
        var out = ByteWriter()
        sample.writeHead(to: &out)
        let rows = self.encoder.list.rows.count
        let looked = min(rows, 8)
        for at in 0..<looked {
            sample.at = at
            sample.writeRow(to: &out)
        }
        return looked == 0 ? out.count : out.count / looked * rows
    }

    var isHeavy: Bool { self.encoder.list.rows.count > Self.heavyRows }

    /// A heavy list's chunk is made on another thread, and each way there and back costs as much as writing some 30 rows.
    var chunkBytes: Int { self.isHeavy ? 256 * 1024 : 64 * 1024 }

    init(_ encoder: MetricsEncoder, _ shape: ListShape, _ layout: JSONLayout, version: UInt64? = nil) {
        self.encoder = encoder
        self.version = version
        self.shape = shape
        self.layout = layout
        if case .table = shape {
            self.hasSwap = encoder.list.usages.contains { $0.usage.swapBytes != nil }
        } else {
            self.hasSwap = false
        }
        self.measure()
    }

    mutating func next(into out: inout ByteWriter) -> BodyProgress {
        if self.at < 0 {
            self.writeHead(to: &out)
            self.at = 0
        }
        let count = self.encoder.list.rows.count
        while self.at < count {
            let start = out.count
            self.encoder.list.prefetchParts(beyond: self.at)
            self.writeRow(to: &out)
            self.at += 1
            self.largestRow = max(self.largestRow, out.count - start)
            if self.at < count, out.room < self.largestRow { return .more }
        }
        self.writeTail(to: &out)
        return .finished
    }

    // MARK: JSON and YAML

    private func jsonHead(to out: inout ByteWriter) {
        switch self.shape {
        case .json, .protobuf, .partialObjectsProtobuf:
            out.text("{\"kind\":\"\(self.encoder.kind)List\",\"apiVersion\":\"\(self.encoder.version.groupVersion)\",")
            out.jsonListMetadata(version: self.version)
            out.literal(",\"items\":[")
        case .table(let meta, _):
            MetricsEncoder.tableHead(meta: meta, version: self.version, hasSwap: self.hasSwap, to: &out)
        case .partialObjects(let meta):
            out.text("{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/\(meta)\",")
            out.jsonListMetadata(version: self.version)
            out.literal(",\"items\":[")
        }
    }

    private mutating func jsonRow(to out: inout ByteWriter) {
        switch self.shape {
        case .json, .protobuf, .partialObjectsProtobuf: self.encoder.json(item: self.at, to: &out)
        case .table(let meta, let rowObject):
            self.encoder.tableRow(self.at, meta: meta, rowObject: rowObject, hasSwap: self.hasSwap, to: &out)
        case .partialObjects(let meta): self.encoder.partialObject(self.at, meta: meta, to: &out)
        }
    }

    /// The list's own members, for those who lay them out anew.
    private func members() -> [JSONValue.Member] {
        var head = ByteWriter()
        self.jsonHead(to: &head)
        head.literal("]}")
        guard case .object(let members)? = JSONValue(parsing: head.bytes) else { return [] }
        return members
    }

    /// The row as a tree; text of ours that does not parse would be a bug, and shows as null.
    private mutating func tree() -> JSONValue {
        var row = ByteWriter()
        self.jsonRow(to: &row)
        return JSONValue(parsing: row.bytes) ?? .null
    }

    // MARK: Head, row, tail

    private func writeHead(to out: inout ByteWriter) {
        switch (self.shape, self.layout) {
        case (.protobuf, _), (.partialObjectsProtobuf, _): self.protobufHead(to: &out)
        case (_, .compact): self.jsonHead(to: &out)
        case (_, .indented):
            JSONValue.object(self.members()).writeIndented(to: &out)
            // Opened again: the list comes last, and is empty so far.
            out.truncate(to: out.count - Self.closedList.utf8CodeUnitCount)
        case (_, .yaml):
            let before = self.members().filter { $0.name < self.shape.listName }
            if !before.isEmpty { JSONValue.object(before).writeYAML(to: &out) }
            out.text(self.shape.listName)
            out.text(self.encoder.list.rows.isEmpty ? ": []\n" : ":\n")
        }
    }

    private static let closedList: StaticString = "]\n}"

    private mutating func writeRow(to out: inout ByteWriter) {
        switch (self.shape, self.layout) {
        case (.protobuf, _): self.encoder.protobuf(self.at, field: 2, to: &out)
        case (.partialObjectsProtobuf(let meta), _):
            out.message(Self.itemsField(meta), lengthBytes: 2) { out in
                self.encoder.partialObjectProtobuf(self.at, to: &out)
            }
        case (_, .compact):
            if self.at > 0 { out.byte(0x2c) }
            self.jsonRow(to: &out)
        case (_, .indented):
            out.literal(self.at > 0 ? ",\n    " : "\n    ")
            self.tree().writeIndented(to: &out, depth: 2)
        case (_, .yaml): self.tree().writeYAMLItem(to: &out)
        }
    }

    private func writeTail(to out: inout ByteWriter) {
        switch (self.shape, self.layout) {
        case (.protobuf, _), (.partialObjectsProtobuf, _): out.kubernetesEnvelopeTail()
        case (_, .compact): out.literal("]}\n")
        case (_, .indented):
            if !self.encoder.list.rows.isEmpty { out.literal("\n  ") }
            out.literal(Self.closedList)
        case (_, .yaml):
            let after = self.members().filter { $0.name > self.shape.listName }
            if !after.isEmpty { JSONValue.object(after).writeYAML(to: &out) }
        }
    }

    // MARK: Protobuf

    /// In v1beta1 of meta.k8s.io the list's own metadata came later, as field 2, and the items are field 1.
    private static func itemsField(_ meta: String) -> UInt8 { meta == "v1beta1" ? 1 : 2 }

    /// The length of a protobuf list stands in front of it.
    private mutating func measure() {
        guard let size = self.rowsSize() else { return }
        // The list's own metadata is part of the head that is written.
        self.protobufSize = size + MetricsEncoder.fieldSize(self.version.map { 2 + ByteWriter.digits($0) } ?? 0)
        var ends = ByteWriter()
        self.protobufHead(to: &ends)
        ends.kubernetesEnvelopeTail()
        self.length = ends.count + size
    }

    /// Bytes of all rows of a protobuf list.
    private func rowsSize() -> Int? {
        let rows = self.encoder.list.rows.span
        var size = 0
        switch self.shape {
        case .json, .table, .partialObjects: return nil
        case .protobuf:
            for at in rows.indices { size += MetricsEncoder.fieldSize(self.encoder.protobufSize(rows[at])) }
        case .partialObjectsProtobuf:
            for at in rows.indices { size += MetricsEncoder.fieldSize(self.encoder.partialObjectProtobufSize(at)) }
        }
        return size
    }

    private func protobufHead(to out: inout ByteWriter) {
        if case .partialObjectsProtobuf(let meta) = self.shape {
            out.kubernetesEnvelopeHead(
                apiVersion: "meta.k8s.io/\(meta)", kind: "PartialObjectMetadataList", rawSize: self.protobufSize)
            out.message(Self.itemsField(meta) == 1 ? 2 : 1, self.protobufListMetadata)
        } else {
            out.kubernetesEnvelopeHead(
                apiVersion: self.encoder.version.groupVersion, kind: "\(self.encoder.kind)List",
                rawSize: self.protobufSize)
            out.message(1, self.protobufListMetadata)
        }
    }

    /// ListMeta {resourceVersion = 2}.
    private func protobufListMetadata(to out: inout ByteWriter) {
        if let version = self.version { out.protoString(2, String(version)) }
    }
}
