// SPDX-License-Identifier: Apache-2.0

/// Every length is known before its bytes are written: the list's stands in front of all of it. So rows are measured, by the
/// same rules, when a `FiguresList` completes them.
extension MetricsEncoder {
    /// NodeMetrics and PodMetrics {metadata = 1, timestamp = 2, window = 3, usage or containers = 4}.
    /// - Parameter field: the number of the field that it is; nil: a message by itself.
    mutating func protobuf(_ at: Int, field: UInt8? = nil, to out: inout ByteWriter) {
        self.timestamps.set(unixNanoseconds: self.list.rows[at].timestampUnixNanoseconds)
        // Borrowed: a copy of a row counts a reference to its object, and waits for it.
        let rows = self.list.rows.span
        let size = self.protobufSize(rows[at])
        out.append(upTo: Self.fieldSize(size)) { out in
            if let field { out.head(field, size) }
            out.head(1, self.protobufMetadataSize(rows[at]))
            self.protobufMetadata(rows[at].identity, to: &out)
            out.append(self.timestamps.field)
            let window = UInt64(bitPattern: rows[at].windowNanoseconds)
            out.head(3, 1 + ByteWriter.varintSize(window))
            out.byte(1 << 3)
            out.varint(window)
            switch self.list.kind {
            case .nodes: EncodedUsage(self.list.usages[Int(rows[at].firstUsage)].usage).write(4, to: &out)
            case .pods:
                let usages = self.list.usages.span
                for container in rows[at].usages {
                    // ContainerMetrics {name = 1, usage = 2}
                    let usage = EncodedUsage(usages[container].usage)
                    out.head(4, Self.fieldSize(usages[container].name.utf8.count) + usage.size)
                    out.protoString(1, usages[container].name)
                    usage.write(2, to: &out)
                }
            }
            assert(out.count == (field == nil ? size : Self.fieldSize(size)), "less is written than was measured")
        }
    }

    /// Bytes of what `protobuf` writes.
    @inline(__always)
    func protobufSize(_ row: borrowing FiguresList.Row) -> Int {
        let seconds = wholeSeconds(unixNanoseconds: row.timestampUnixNanoseconds)
        return Self.fieldSize(self.protobufMetadataSize(row)) + ByteWriter.protoTimeSize(unixSeconds: seconds)
            + 3 + ByteWriter.varintSize(UInt64(bitPattern: row.windowNanoseconds)) + Int(row.usageBytes)
    }

    /// Of these, bytes of one container's or the node's figures.
    @inline(__always)
    static func usageSize(_ figures: ContainerFigures, in kind: FiguresList.Kind) -> Int {
        let usage = EncodedUsage(figures.usage).size
        return kind == .nodes ? usage : Self.fieldSize(Self.fieldSize(figures.name.utf8.count) + usage)
    }

    /// Bytes of a field with a number below 16, from those of its value.
    @inline(__always)
    static func fieldSize(_ value: Int) -> Int { 1 + ByteWriter.varintSize(UInt64(value)) + value }

    // MARK: ObjectMeta

    /// ObjectMeta {name = 1, namespace = 3, uid = 5, resourceVersion = 6, creationTimestamp = 8, labels = 11}.
    @inline(__always)
    func protobufMetadata(_ identity: borrowing ObjectIdentity, to out: inout ByteCursor) {
        if Self.isWholeHead(identity, in: self.list.kind) {
            unsafe identity.withFields { unsafe out.append($0) }
        } else {
            unsafe identity.withParts { name, namespace, uid in
                unsafe out.protoBytes(1, name)
                if self.list.kind == .pods {
                    unsafe out.protoBytes(3, namespace)
                    if unsafe !uid.isEmpty { unsafe out.protoBytes(5, uid) }
                }
            }
        }
        if let version = self.objectVersion {
            let digits = ByteWriter.digits(version)
            out.head(6, digits)
            out.decimal(version, digits: digits)
        }
        out.append(self.createdField)
        unsafe identity.labels.storage?.withFields { unsafe out.append($0) }
    }

    @inline(__always)
    func protobufMetadataSize(_ row: borrowing FiguresList.Row) -> Int {
        let version = self.objectVersion.map { 2 + ByteWriter.digits($0) } ?? 0
        return Int(row.metadataBytes) + version + self.createdField.count
    }

    /// Of these, bytes of what the identity tells: all but the fields 6 and 8.
    @inline(__always)
    static func ownMetadataSize(_ identity: ObjectIdentity, in kind: FiguresList.Kind) -> Int {
        let names = Self.isWholeHead(identity, in: kind) ? identity.fieldsSize : Self.namesSize(identity, in: kind)
        return names + (identity.labels.storage?.count ?? 0)
    }

    private static func namesSize(_ identity: ObjectIdentity, in kind: FiguresList.Kind) -> Int {
        unsafe identity.withParts { name, namespace, uid in
            var size = Self.fieldSize(name.count)
            if kind == .pods {
                size += Self.fieldSize(namespace.count)
                if unsafe !uid.isEmpty { size += Self.fieldSize(uid.count) }
            }
            return size
        }
    }

    /// Whether the fields that the identity keeps are those to be sent: a pod always tells its namespace, a node its name
    /// alone.
    @inline(__always)
    private static func isWholeHead(_ identity: ObjectIdentity, in kind: FiguresList.Kind) -> Bool {
        kind == .pods && identity.hasNamespace
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
    func write(_ field: UInt8, to out: inout ByteCursor) {
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

    /// Bytes of what `protoTime` writes.
    @inline(__always)
    static func protoTimeSize(unixSeconds: Int64) -> Int {
        2 + 1 + Self.varintSize(UInt64(bitPattern: unixSeconds)) + 2
    }

    /// ObjectMeta's labels.
    mutating func protoLabels(_ labels: Labels) {
        unsafe labels.storage?.withFields { unsafe self.append($0) }
    }
}
