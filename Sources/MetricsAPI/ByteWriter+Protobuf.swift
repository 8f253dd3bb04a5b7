// SPDX-License-Identifier: Apache-2.0

/// Protobuf wire format (protobuf.dev/programming-guides/encoding), written forwards in one pass: a nested message's
/// length is reserved, then patched. Lengths stay minimal varints, as Go's encoder writes them.
extension ByteWriter {
    @inline(__always)
    mutating func varint(_ value: UInt64) {
        if value < 0x80 {
            self.byte(UInt8(truncatingIfNeeded: value))
        } else {
            self.longVarint(value)
        }
    }

    private mutating func longVarint(_ value: UInt64) { self.append(upTo: 10) { $0.varint(value) } }

    /// A field number below 16 with wire type 2 (length-delimited); every field of our schemas is below 16.
    @inline(__always)
    mutating func lengthTag(_ field: UInt8) { self.byte(field << 3 | 2) }

    mutating func protoString(_ field: UInt8, _ value: String) {
        self.lengthTag(field)
        self.varint(UInt64(value.utf8.count))
        self.text(value)
    }

    mutating func protoVarint(_ field: UInt8, _ value: UInt64) {
        self.byte(field << 3)
        self.varint(value)
    }

    /// int32 and int64: two's complement, as the format wants it (negative numbers take ten bytes).
    mutating func protoInt(_ field: UInt8, _ value: Int64) {
        self.protoVarint(field, UInt64(bitPattern: value))
    }

    /// A nested message. `lengthBytes` is a guess of its length's size: a wrong one costs a move of the body, no more.
    @inline(__always)
    mutating func message(_ field: UInt8, lengthBytes: Int = 1, _ body: (inout ByteWriter) -> Void) {
        self.lengthTag(field)
        let start = self.count
        for _ in 0..<lengthBytes { self.byte(0) }
        body(&self)
        let length = self.count - start - lengthBytes
        if lengthBytes == 1 && length < 0x80 {
            self.patch(start, UInt8(truncatingIfNeeded: length))
        } else {
            self.patchLength(UInt64(length), at: start, reserved: lengthBytes)
        }
    }

    private mutating func patchLength(_ length: UInt64, at start: Int, reserved: Int) {
        let needed = Self.varintSize(length)
        if needed != reserved { self.shift(from: start + reserved, by: needed - reserved) }
        var rest = length
        for at in start..<(start + needed) {
            let more: UInt8 = at + 1 < start + needed ? 0x80 : 0
            self.patch(at, UInt8(truncatingIfNeeded: rest & 0x7f) | more)
            rest >>= 7
        }
    }

    /// Bytes that `value` takes as a varint.
    @inline(__always)
    static func varintSize(_ value: UInt64) -> Int {
        // One byte for every seven bits: (bits + 6) / 7, without the division.
        ((64 &- (value | 1).leadingZeroBitCount) &* 9 &+ 64) >> 6
    }

    /// The storage envelope every Kubernetes protobuf body travels in: four magic bytes, then runtime.Unknown
    /// {typeMeta = 1, raw = 2, contentEncoding = 3, contentType = 4}.
    @inline(__always)
    mutating func kubernetesEnvelope(apiVersion: String, kind: String, _ raw: (inout ByteWriter) -> Void) {
        self.kubernetesEnvelopeTypes(apiVersion: apiVersion, kind: kind)
        self.message(2, lengthBytes: 2, raw)
        self.kubernetesEnvelopeTail()
    }

    /// Up to the object, which must have `rawSize` bytes.
    mutating func kubernetesEnvelopeHead(apiVersion: String, kind: String, rawSize: Int) {
        self.kubernetesEnvelopeTypes(apiVersion: apiVersion, kind: kind)
        self.lengthTag(2)
        self.varint(UInt64(rawSize))
    }

    mutating func kubernetesEnvelopeTail() {
        self.protoString(3, "")
        self.protoString(4, "")
    }

    private mutating func kubernetesEnvelopeTypes(apiVersion: String, kind: String) {
        self.literal("k8s\0")
        self.message(1) { meta in
            meta.protoString(1, apiVersion)
            meta.protoString(2, kind)
        }
    }
}
