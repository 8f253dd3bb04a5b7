// SPDX-License-Identifier: Apache-2.0

/// The two shapes of meta.k8s.io: Table (what `kubectl get` prints) and PartialObjectMetadata (what metadata-only clients
/// list). `meta` is the version of that group, v1 or v1beta1.
extension MetricsEncoder {
    // MARK: Table

    /// What a row carries beside its cells (`?includeObject=`).
    enum RowObject: String {
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

    mutating func table<Item: MetricsItem>(
        _ items: [Item], meta: String, rowObject: RowObject, to out: inout ByteWriter
    ) {
        // The swap column is there when any row has a figure for it; a row without one shows nothing, not zero.
        let totals = items.map(\.totalUsage)
        let hasSwap = totals.contains { $0.swapBytes != nil }
        out.text("{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/\(meta)\",\"metadata\":{},\"columnDefinitions\":[")
        Self.column("Name", format: "name", description: "Name of the resource", to: &out)
        for resource in hasSwap ? ["cpu", "memory", "swap"] : ["cpu", "memory"] {
            out.byte(0x2c)
            Self.column(resource, format: "quantity", description: "", to: &out)
        }
        out.byte(0x2c)
        Self.column("Window", format: "duration", description: "", to: &out)
        out.text("],\"rows\":[")
        for (at, (item, total)) in zip(items, totals).enumerated() {
            if at > 0 { out.byte(0x2c) }
            out.text("{\"cells\":[")
            out.jsonString(item.name)
            Self.cell(total.cpuNanocores, to: &out) { out, value in out.cpuQuantity(nanocores: value) }
            Self.cell(total.memoryBytes, to: &out) { out, value in out.bytesQuantity(value) }
            if hasSwap { Self.cell(total.swapBytes, to: &out) { out, value in out.bytesQuantity(value) } }
            out.text(",\"")
            out.goDuration(nanoseconds: item.windowNanoseconds)
            out.text("\"]")
            switch rowObject {
            case .none: break
            case .metadata:
                out.text(",\"object\":")
                self.partialObject(item, meta: meta, to: &out)
            case .object:
                out.text(",\"object\":")
                self.json(single: item, to: &out)
            }
            out.byte(0x7d)
        }
        out.text("]}")
    }

    private static func column(
        _ name: String, format: String, description: String, to out: inout ByteWriter
    ) {
        out.text("{\"name\":\"\(name)\",\"type\":\"string\",\"format\":\"\(format)\",")
        out.text("\"description\":\"\(description)\",\"priority\":0}")
    }

    private static func cell(
        _ value: UInt64?, to out: inout ByteWriter, _ write: (inout ByteWriter, UInt64) -> Void
    ) {
        guard let value else {
            out.text(",null")
            return
        }
        out.text(",\"")
        write(&out, value)
        out.byte(0x22)
    }

    // MARK: PartialObjectMetadata

    func partialObject<Item: MetricsItem>(_ item: Item, meta: String, to out: inout ByteWriter) {
        out.text("{\"kind\":\"PartialObjectMetadata\",\"apiVersion\":\"meta.k8s.io/\(meta)\",")
        self.jsonMetadata(item, to: &out)
        out.byte(0x7d)
    }

    func partialObjectList<Item: MetricsItem>(_ items: [Item], meta: String, to out: inout ByteWriter) {
        out.text("{\"kind\":\"PartialObjectMetadataList\",\"apiVersion\":\"meta.k8s.io/\(meta)\",")
        out.text("\"metadata\":{},\"items\":[")
        for (at, item) in items.enumerated() {
            if at > 0 { out.byte(0x2c) }
            self.partialObject(item, meta: meta, to: &out)
        }
        out.text("]}")
    }

    /// PartialObjectMetadata {metadata = 1}.
    func partialObjectProtobuf<Item: MetricsItem>(_ item: Item, meta: String, to out: inout ByteWriter) {
        out.kubernetesEnvelope(apiVersion: "meta.k8s.io/\(meta)", kind: "PartialObjectMetadata") { out in
            out.message(1) { out in self.protobufMetadata(item, to: &out) }
        }
    }

    /// PartialObjectMetadataList {metadata = 1, items = 2}. In v1beta1 the list's own metadata came later, as field 2, and
    /// the items are field 1.
    func partialObjectListProtobuf<Item: MetricsItem>(_ items: [Item], meta: String, to out: inout ByteWriter) {
        let (itemsField, listField): (UInt8, UInt8) = meta == "v1beta1" ? (1, 2) : (2, 1)
        let lengthBytes = ByteWriter.varintSize(UInt64(items.count) &* 128)
        out.kubernetesEnvelope(
            apiVersion: "meta.k8s.io/\(meta)", kind: "PartialObjectMetadataList", rawLengthBytes: lengthBytes
        ) { out in
            out.message(listField) { _ in }
            for item in items {
                out.message(itemsField, lengthBytes: 2) { out in
                    out.message(1) { out in self.protobufMetadata(item, to: &out) }
                }
            }
        }
    }
}
