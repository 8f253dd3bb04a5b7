// SPDX-License-Identifier: Apache-2.0

/// The two shapes of meta.k8s.io: Table (what `kubectl get` prints) and PartialObjectMetadata (what metadata-only clients
/// list). `meta` is the version of that group, v1 or v1beta1.
extension MetricsEncoder {
    // MARK: Table

    /// What a row carries beside its cells (`?includeObject=`).
    enum RowObject: String, Sendable {
        case none = "None"
        case metadata = "Metadata"
        case object = "Object"

        init(_ query: URLQuery) throws(Status) {
            switch query["includeObject"] ?? "" {
            case "", "Metadata": self = .metadata
            case "None": self = .none
            case "Object": self = .object
            case let other:
                throw .badRequest(
                    "Unable to convert to Table as requested: includeObject: Invalid value: \(GoText.quote(other)): "
                        + "must be 'Metadata', 'Object', 'None', or empty")
            }
        }
    }

    /// Up to the first row. The swap column is there when any row has a figure for it; a row without one shows nothing, not
    /// zero.
    static func tableHead(meta: String, version: UInt64?, hasSwap: Bool, to out: inout ByteWriter) {
        Self.tableStart(meta: meta, version: version, to: &out)
        Self.columns(hasSwap: hasSwap, to: &out)
        out.literal(",\"rows\":[")
    }

    /// Up to the columns.
    static func tableStart(meta: String, version: UInt64?, to out: inout ByteWriter) {
        out.text("{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/\(meta)\",")
        out.jsonListMetadata(version: version)
        out.literal(",\"columnDefinitions\":")
    }

    static func columns(hasSwap: Bool, to out: inout ByteWriter) {
        out.byte(0x5b)
        Self.column("Name", format: "name", description: "Name of the resource", to: &out)
        for resource in hasSwap ? ["cpu", "memory", "swap"] : ["cpu", "memory"] {
            out.byte(0x2c)
            Self.column(resource, format: "quantity", description: "", to: &out)
        }
        out.byte(0x2c)
        Self.column("Window", format: "duration", description: "", to: &out)
        out.byte(0x5d)
    }

    mutating func tableRow(
        _ at: Int, meta: String, rowObject: RowObject, hasSwap: Bool, to out: inout ByteWriter
    ) {
        let row = self.list.rows[at]
        let total = TotalUsage(self.list.usages(of: row))
        out.literal("{\"cells\":[")
        if row.identity.isPlainJSON {
            out.byte(0x22)
            unsafe row.identity.withParts { name, _, _ in unsafe out.append(name) }
            out.byte(0x22)
        } else {
            out.jsonString(row.identity.name)
        }
        Self.cell(total.cpuNanocores.map(Quantity.init(nanocores:)), to: &out)
        Self.cell(total.memoryBytes.map(Quantity.init(bytes:)), to: &out)
        if hasSwap { Self.cell(total.swapBytes.map(Quantity.init(bytes:)), to: &out) }
        out.literal(",\"")
        out.goDuration(nanoseconds: row.windowNanoseconds)
        out.literal("\"]")
        switch rowObject {
        case .none: break
        case .metadata:
            out.literal(",\"object\":")
            self.partialObject(at, meta: meta, to: &out)
        case .object:
            out.literal(",\"object\":")
            self.json(single: at, to: &out)
        }
        out.byte(0x7d)
    }

    private static func column(
        _ name: String, format: String, description: String, to out: inout ByteWriter
    ) {
        out.text("{\"name\":\"\(name)\",\"type\":\"string\",\"format\":\"\(format)\",")
        out.text("\"description\":\"\(description)\",\"priority\":0}")
    }

    private static func cell(_ value: Quantity?, to out: inout ByteWriter) {
        guard let value else {
            out.literal(",null")
            return
        }
        out.literal(",\"")
        value.write(to: &out)
        out.byte(0x22)
    }

    // MARK: PartialObjectMetadata

    func partialObject(_ at: Int, meta: String, to out: inout ByteWriter) {
        out.literal("{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/")
        out.text(meta)
        out.literal("\",")
        self.jsonMetadata(self.list.rows[at].identity, to: &out)
        out.byte(0x7d)
    }

    /// PartialObjectMetadata {metadata = 1}.
    func partialObjectProtobuf(_ at: Int, to out: inout ByteWriter) {
        let rows = self.list.rows.span
        let size = self.protobufMetadataSize(rows[at])
        out.append(upTo: Self.fieldSize(size)) { out in
            out.head(1, size)
            self.protobufMetadata(rows[at].identity, to: &out)
            assert(out.count == Self.fieldSize(size), "less is written than was measured")
        }
    }

    /// Bytes of what `partialObjectProtobuf` writes.
    func partialObjectProtobufSize(_ at: Int) -> Int {
        Self.fieldSize(self.protobufMetadataSize(self.list.rows[at]))
    }
}

extension ByteWriter {
    /// `"metadata":{…}` of a list; `version`: its resourceVersion.
    mutating func jsonListMetadata(version: UInt64?) {
        self.literal("\"metadata\":{")
        if let version {
            self.literal("\"resourceVersion\":\"")
            self.decimal(version)
            self.byte(0x22)
        }
        self.byte(0x7d)
    }
}
