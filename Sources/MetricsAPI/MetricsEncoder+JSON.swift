// SPDX-License-Identifier: Apache-2.0

extension MetricsEncoder {
    /// An object by itself.
    mutating func json(single at: Int, to out: inout ByteWriter) {
        out.text("{\"kind\":\"\(self.kind)\",\"apiVersion\":\"\(self.version.groupVersion)\",")
        self.jsonMembers(at, to: &out)
        out.byte(0x7d)
    }

    /// An item of a list.
    mutating func json(item at: Int, to out: inout ByteWriter) {
        out.byte(0x7b)
        self.jsonMembers(at, to: &out)
        out.byte(0x7d)
    }

    /// Without the braces.
    mutating func jsonMembers(_ at: Int, to out: inout ByteWriter) {
        let row = self.list.rows[at]
        self.jsonMetadata(row.identity, to: &out)
        out.literal(",\"timestamp\":\"")
        self.timestamps.set(unixNanoseconds: row.timestampUnixNanoseconds)
        out.append(self.timestamps.text)
        out.literal("\",\"window\":\"")
        out.goDuration(nanoseconds: row.windowNanoseconds)
        out.literal("\",")
        switch self.list.kind {
        case .nodes: self.list.usages[Int(row.firstUsage)].usage.json(to: &out)
        case .pods:
            out.literal("\"containers\":[")
            for at in row.usages {
                out.literal(at > row.firstUsage ? ",{\"name\":" : "{\"name\":")
                out.jsonString(self.list.usages[at].name)
                out.byte(0x2c)
                self.list.usages[at].usage.json(to: &out)
                out.byte(0x7d)
            }
            out.byte(0x5d)
        }
    }

    /// `"metadata":{…}`
    func jsonMetadata(_ identity: ObjectIdentity, to out: inout ByteWriter) {
        if identity.isPlainJSON {
            self.plainNames(identity, to: &out)
        } else {
            self.escapedNames(identity, to: &out)
        }
        out.append(self.createdText)
        out.byte(0x22)
        if let labels = identity.labels.storage {
            out.literal(",\"labels\":{")
            labels.writeJSON(to: &out)
            out.byte(0x7d)
        }
        out.byte(0x7d)
    }

    /// Up to the opening quote of the creation's time.
    private func plainNames(_ identity: ObjectIdentity, to out: inout ByteWriter) {
        unsafe identity.withParts { name, namespace, uid in
            out.literal("\"metadata\":{\"name\":\"")
            unsafe out.append(name)
            if self.list.kind == .pods {
                out.literal("\",\"namespace\":\"")
                unsafe out.append(namespace)
                if unsafe !uid.isEmpty {
                    out.literal("\",\"uid\":\"")
                    unsafe out.append(uid)
                }
            }
            if let version = self.objectVersion {
                out.literal("\",\"resourceVersion\":\"")
                out.decimal(version)
            }
            out.literal("\",\"creationTimestamp\":\"")
        }
    }

    private func escapedNames(_ identity: ObjectIdentity, to out: inout ByteWriter) {
        out.literal("\"metadata\":{\"name\":")
        out.jsonString(identity.name)
        if self.list.kind == .pods {
            out.literal(",\"namespace\":")
            out.jsonString(identity.namespace)
            let uid = identity.uid
            if !uid.isEmpty {
                out.literal(",\"uid\":")
                out.jsonString(uid)
            }
        }
        if let version = self.objectVersion {
            out.literal(",\"resourceVersion\":\"")
            out.decimal(version)
            out.byte(0x22)
        }
        out.literal(",\"creationTimestamp\":\"")
    }
}

extension LabelStorage {
    /// The members of the object, without its braces.
    func writeJSON(to out: inout ByteWriter) {
        var isFirst = true
        unsafe self.visitPairs { key, value in
            if !isFirst { out.byte(0x2c) }
            isFirst = false
            if self.isPlainJSON {
                out.byte(0x22)
                unsafe out.append(key)
                out.literal("\":\"")
                unsafe out.append(value)
                out.byte(0x22)
            } else {
                out.jsonString(unsafe String(decoding: key, as: UTF8.self))
                out.byte(0x3a)
                out.jsonString(unsafe String(decoding: value, as: UTF8.self))
            }
        }
    }
}

extension ResourceUsage {
    /// `"usage":{…}`
    fileprivate func json(to out: inout ByteWriter) {
        out.literal("\"usage\":{\"cpu\":\"")
        Quantity(nanocores: self.cpuNanocores).write(to: &out)
        out.literal("\",\"memory\":\"")
        Quantity(bytes: self.memoryBytes).write(to: &out)
        if let swap = self.swapBytes {
            out.literal("\",\"swap\":\"")
            Quantity(bytes: swap).write(to: &out)
        }
        out.literal("\"}")
    }
}
