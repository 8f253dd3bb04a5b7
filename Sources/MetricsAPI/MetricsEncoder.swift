// SPDX-License-Identifier: Apache-2.0

/// Writes figures straight into bytes. One value per answer: it carries what all items of the answer share.
struct MetricsEncoder {
    let version: MetricsVersion
    /// `creationTimestamp` of every item: the time of the answer, as the peer has it. Figures are made when asked for.
    let createdSeconds: Int64
    private let createdText: [UInt8]
    /// The same as field 8 of ObjectMeta.
    private let createdField: [UInt8]
    private var timestamps = TimestampCache()

    init(version: MetricsVersion, nowUnixNanoseconds: Int64) {
        self.version = version
        self.createdSeconds = wholeSeconds(unixNanoseconds: nowUnixNanoseconds)
        var text = ByteWriter()
        text.rfc3339(unixSeconds: self.createdSeconds)
        self.createdText = text.bytes
        var field = ByteWriter()
        field.protoTime(8, unixSeconds: self.createdSeconds)
        self.createdField = field.bytes
    }

    // MARK: JSON

    mutating func json<Item: MetricsItem>(list items: [Item], to out: inout ByteWriter) {
        out.text("{\"kind\":\"\(Item.kind)List\",\"apiVersion\":\"\(self.version.groupVersion)\",")
        out.text("\"metadata\":{},\"items\":[")
        for at in items.indices {
            if at > 0 { out.byte(0x2c) }
            out.byte(0x7b)
            self.jsonBody(items[at], to: &out)
        }
        out.text("]}")
    }

    mutating func json<Item: MetricsItem>(single item: Item, to out: inout ByteWriter) {
        out.text("{\"kind\":\"\(Item.kind)\",\"apiVersion\":\"\(self.version.groupVersion)\",")
        self.jsonBody(item, to: &out)
    }

    /// The members of an item and its closing brace.
    mutating func jsonBody<Item: MetricsItem>(_ item: Item, to out: inout ByteWriter) {
        self.jsonMetadata(item, to: &out)
        out.text(",\"timestamp\":\"")
        self.timestamps.write(unixNanoseconds: item.timestampUnixNanoseconds, to: &out)
        out.text("\",\"window\":\"")
        out.goDuration(nanoseconds: item.windowNanoseconds)
        out.text("\",")
        item.jsonUsage(to: &out)
        out.byte(0x7d)
    }

    func jsonMetadata<Item: MetricsItem>(_ item: Item, to out: inout ByteWriter) {
        out.text("\"metadata\":{\"name\":")
        out.jsonString(item.name)
        if let namespace = item.objectNamespace {
            out.text(",\"namespace\":")
            out.jsonString(namespace)
        }
        if let uid = item.objectUID {
            out.text(",\"uid\":")
            out.jsonString(uid)
        }
        out.text(",\"creationTimestamp\":\"")
        out.append(self.createdText)
        out.byte(0x22)
        if !item.labels.isEmpty {
            out.text(",\"labels\":{")
            let pairs = item.labels.pairs
            for at in pairs.indices {
                if at > 0 { out.byte(0x2c) }
                out.jsonString(pairs[at].key)
                out.byte(0x3a)
                out.jsonString(pairs[at].value)
            }
            out.byte(0x7d)
        }
        out.byte(0x7d)
    }

    // MARK: Protobuf

    func protobuf<Item: MetricsItem>(list items: [Item], to out: inout ByteWriter) {
        // A guess at the length of the whole, from an item of a few hundred bytes.
        let lengthBytes = ByteWriter.varintSize(UInt64(items.count) &* 256)
        out.kubernetesEnvelope(
            apiVersion: self.version.groupVersion, kind: "\(Item.kind)List", rawLengthBytes: lengthBytes
        ) { out in
            out.message(1) { _ in }
            for at in items.indices {
                out.message(2, lengthBytes: 2) { out in self.protobufBody(items[at], to: &out) }
            }
        }
    }

    func protobuf<Item: MetricsItem>(single item: Item, to out: inout ByteWriter) {
        out.kubernetesEnvelope(apiVersion: self.version.groupVersion, kind: Item.kind) { out in
            self.protobufBody(item, to: &out)
        }
    }

    /// NodeMetrics and PodMetrics {metadata = 1, timestamp = 2, window = 3, usage or containers = 4}.
    private func protobufBody<Item: MetricsItem>(_ item: Item, to out: inout ByteWriter) {
        out.message(1) { out in self.protobufMetadata(item, to: &out) }
        out.protoTime(2, unixSeconds: wholeSeconds(unixNanoseconds: item.timestampUnixNanoseconds))
        out.message(3) { out in out.protoInt(1, item.windowNanoseconds) }
        item.protobufUsage(to: &out)
    }

    /// ObjectMeta {name = 1, namespace = 3, uid = 5, creationTimestamp = 8, labels = 11}.
    func protobufMetadata<Item: MetricsItem>(_ item: Item, to out: inout ByteWriter) {
        out.protoString(1, item.name)
        if let namespace = item.objectNamespace { out.protoString(3, namespace) }
        if let uid = item.objectUID { out.protoString(5, uid) }
        out.append(self.createdField)
        out.protoMap(11, item.labels)
    }
}

extension ByteWriter {
    /// Time {seconds = 1, nanos = 2}: whole seconds only, as metav1.Time writes them, so that both encodings of an answer
    /// carry the same instant.
    mutating func protoTime(_ field: UInt8, unixSeconds: Int64) {
        self.message(field) { out in
            out.protoInt(1, unixSeconds)
            out.protoInt(2, 0)
        }
    }

    /// A map<string, string>: one {key = 1, value = 2} per pair.
    mutating func protoMap(_ field: UInt8, _ labels: Labels) {
        for at in labels.pairs.indices {
            self.message(field) { out in
                out.protoString(1, labels.pairs[at].key)
                out.protoString(2, labels.pairs[at].value)
            }
        }
    }
}
