// SPDX-License-Identifier: Apache-2.0

/// Every length is known before its bytes are written: the list's stands in front of all of it, so rows are measured first,
/// by the same rules.
extension MetricsEncoder {
    /// NodeMetrics and PodMetrics {metadata = 1, timestamp = 2, window = 3, usage or containers = 4}.
    mutating func protobuf(_ at: Int, to out: inout ByteWriter) {
        let row = self.list.rows[at]
        out.lengthTag(1)
        out.varint(UInt64(self.protobufMetadataSize(row.identity)))
        self.protobufMetadata(row.identity, to: &out)
        self.timestamps.set(unixNanoseconds: row.timestampUnixNanoseconds)
        out.append(self.timestamps.field)
        out.lengthTag(3)
        out.byte(UInt8(1 + ByteWriter.varintSize(UInt64(bitPattern: row.windowNanoseconds))))
        out.protoInt(1, row.windowNanoseconds)
        switch self.list.kind {
        case .nodes: EncodedUsage(self.list.usages[Int(row.firstUsage)].usage).write(4, to: &out)
        case .pods:
            for at in row.usages {
                // ContainerMetrics {name = 1, usage = 2}
                let usage = EncodedUsage(self.list.usages[at].usage)
                let name = self.list.usages[at].name.utf8.count
                out.lengthTag(4)
                out.varint(UInt64(Self.fieldSize(name) + usage.size))
                out.protoString(1, self.list.usages[at].name)
                usage.write(2, to: &out)
            }
        }
    }

    /// Bytes of what `protobuf` writes.
    mutating func protobufSize(_ at: Int) -> Int {
        let row = self.list.rows[at]
        self.timestamps.set(unixNanoseconds: row.timestampUnixNanoseconds)
        var size =
            Self.fieldSize(self.protobufMetadataSize(row.identity)) + self.timestamps.field.count
            + 3 + ByteWriter.varintSize(UInt64(bitPattern: row.windowNanoseconds))
        switch self.list.kind {
        case .nodes: size += EncodedUsage(self.list.usages[Int(row.firstUsage)].usage).size
        case .pods:
            for at in row.usages {
                size += Self.fieldSize(
                    Self.fieldSize(self.list.usages[at].name.utf8.count)
                        + EncodedUsage(self.list.usages[at].usage).size)
            }
        }
        return size
    }

    /// Bytes of a field with a number below 16, from those of its value.
    @inline(__always)
    static func fieldSize(_ value: Int) -> Int { 1 + ByteWriter.varintSize(UInt64(value)) + value }

    // MARK: ObjectMeta

    /// ObjectMeta {name = 1, namespace = 3, uid = 5, resourceVersion = 6, creationTimestamp = 8, labels = 11}.
    func protobufMetadata(_ identity: ObjectIdentity, to out: inout ByteWriter) {
        if self.isWholeHead(identity) {
            unsafe identity.withFields { unsafe out.append($0) }
        } else {
            out.protoString(1, identity.name)
            if self.list.kind == .pods {
                out.protoString(3, identity.namespace)
                let uid = identity.uid
                if !uid.isEmpty { out.protoString(5, uid) }
            }
        }
        if let version = self.objectVersion {
            out.lengthTag(6)
            out.byte(UInt8(ByteWriter.digits(version)))
            out.decimal(version)
        }
        out.append(self.createdField)
        unsafe identity.labels.storage?.withFields { unsafe out.append($0) }
    }

    func protobufMetadataSize(_ identity: ObjectIdentity) -> Int {
        let names = self.isWholeHead(identity) ? identity.fieldsSize : self.namesSize(identity)
        let version = self.objectVersion.map { 2 + ByteWriter.digits($0) } ?? 0
        return names + version + self.createdField.count + (identity.labels.storage?.count ?? 0)
    }

    private func namesSize(_ identity: ObjectIdentity) -> Int {
        unsafe identity.withParts { name, namespace, uid in
            var size = Self.fieldSize(name.count)
            if self.list.kind == .pods {
                size += Self.fieldSize(namespace.count)
                if unsafe !uid.isEmpty { size += Self.fieldSize(uid.count) }
            }
            return size
        }
    }

    /// Whether the fields that the identity keeps are those to be sent: a pod always tells its namespace, a node its name
    /// alone.
    @inline(__always)
    private func isWholeHead(_ identity: ObjectIdentity) -> Bool {
        self.list.kind == .pods && identity.hasNamespace
    }
}

/// A map<string, Quantity> with its texts decided and not written yet.
private struct EncodedUsage {
    private let cpu: Quantity
    private let memory: Quantity
    private let swap: Quantity?

    @inline(__always)
    init(_ usage: ResourceUsage) {
        self.cpu = Quantity(nanocores: usage.cpuNanocores)
        self.memory = Quantity(bytes: usage.memoryBytes)
        self.swap = usage.swapBytes.map(Quantity.init(bytes:))
    }

    /// Each entry is its tags and lengths, its key and its text.
    @inline(__always)
    var size: Int {
        (8 + 3 + self.cpu.count) + (8 + 6 + self.memory.count) + (self.swap.map { 8 + 4 + $0.count } ?? 0)
    }

    @inline(__always)
    func write(_ field: UInt8, to out: inout ByteWriter) {
        out.protoQuantity(field, "cpu", self.cpu)
        out.protoQuantity(field, "memory", self.memory)
        if let swap { out.protoQuantity(field, "swap", swap) }
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

    /// ObjectMeta's labels.
    mutating func protoLabels(_ labels: Labels) {
        unsafe labels.storage?.withFields { unsafe self.append($0) }
    }
}
