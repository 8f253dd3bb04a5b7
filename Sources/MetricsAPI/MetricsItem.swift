// SPDX-License-Identifier: Apache-2.0

/// What NodeMetrics and PodMetrics have in common on the wire.
protocol MetricsItem {
    static var kind: String { get }
    var name: String { get }
    var objectNamespace: String? { get }
    var objectUID: String? { get }
    var labels: Labels { get }
    var timestampUnixNanoseconds: Int64 { get }
    var windowNanoseconds: Int64 { get }
    /// `"usage":{…}` or `"containers":[…]`.
    func jsonUsage(to out: inout ByteWriter)
    /// Field 4.
    func protobufUsage(to out: inout ByteWriter)
    /// What a Table's row shows.
    var totalUsage: TotalUsage { get }
}

/// A row's sums; nil where no part of the object reports the resource.
struct TotalUsage: Equatable {
    var cpuNanocores: UInt64?
    var memoryBytes: UInt64?
    var swapBytes: UInt64?

    /// Sums stop at the largest number: 18 billion cores are wrong anyway, and no reason to trap.
    mutating func add(_ usage: ResourceUsage) {
        self.cpuNanocores = Self.sum(self.cpuNanocores ?? 0, usage.cpuNanocores)
        self.memoryBytes = Self.sum(self.memoryBytes ?? 0, usage.memoryBytes)
        if let swap = usage.swapBytes { self.swapBytes = Self.sum(self.swapBytes ?? 0, swap) }
    }

    private static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? .max : sum
    }
}

extension NodeFigures: MetricsItem {
    static let kind = "NodeMetrics"
    var objectNamespace: String? { nil }
    var objectUID: String? { nil }

    func jsonUsage(to out: inout ByteWriter) { self.usage.json(to: &out) }
    func protobufUsage(to out: inout ByteWriter) { self.usage.protobuf(field: 4, to: &out) }

    var totalUsage: TotalUsage {
        var total = TotalUsage()
        total.add(self.usage)
        return total
    }
}

extension PodFigures: MetricsItem {
    static let kind = "PodMetrics"
    var objectNamespace: String? { self.namespace }
    var objectUID: String? { self.uid.isEmpty ? nil : self.uid }

    func jsonUsage(to out: inout ByteWriter) {
        out.text("\"containers\":[")
        for at in self.containers.indices {
            if at > 0 { out.byte(0x2c) }
            out.text("{\"name\":")
            out.jsonString(self.containers[at].name)
            out.byte(0x2c)
            self.containers[at].usage.json(to: &out)
            out.byte(0x7d)
        }
        out.byte(0x5d)
    }

    /// ContainerMetrics {name = 1, usage = 2}.
    func protobufUsage(to out: inout ByteWriter) {
        for at in self.containers.indices {
            out.message(4) { out in
                out.protoString(1, self.containers[at].name)
                self.containers[at].usage.protobuf(field: 2, to: &out)
            }
        }
    }

    var totalUsage: TotalUsage {
        var total = TotalUsage()
        for container in self.containers { total.add(container.usage) }
        return total
    }
}

extension ResourceUsage {
    fileprivate func json(to out: inout ByteWriter) {
        out.text("\"usage\":{\"cpu\":\"")
        out.cpuQuantity(nanocores: self.cpuNanocores)
        out.text("\",\"memory\":\"")
        out.bytesQuantity(self.memoryBytes)
        if let swap = self.swapBytes {
            out.text("\",\"swap\":\"")
            out.bytesQuantity(swap)
        }
        out.text("\"}")
    }

    /// A map<string, Quantity>: one {key = 1, value = 2 {string = 1}} per resource.
    fileprivate func protobuf(field: UInt8, to out: inout ByteWriter) {
        let usage = self
        out.protoQuantity(field, "cpu") { out in out.cpuQuantity(nanocores: usage.cpuNanocores) }
        out.protoQuantity(field, "memory") { out in out.bytesQuantity(usage.memoryBytes) }
        if let swap = self.swapBytes { out.protoQuantity(field, "swap") { out in out.bytesQuantity(swap) } }
    }
}

extension ByteWriter {
    /// An entry of a map<string, Quantity>. Key and text are a few bytes, so each length is one byte, filled in at once.
    @inline(__always)
    mutating func protoQuantity(_ field: UInt8, _ key: String, _ quantity: (inout ByteWriter) -> Void) {
        self.lengthTag(field)
        let entry = self.count
        self.byte(0)
        self.protoString(1, key)
        self.lengthTag(2)
        self.byte(0)
        self.lengthTag(1)
        self.byte(0)
        let start = self.count
        quantity(&self)
        let length = self.count - start
        self.patch(start - 1, UInt8(truncatingIfNeeded: length))
        self.patch(start - 3, UInt8(truncatingIfNeeded: length + 2))
        self.patch(entry, UInt8(truncatingIfNeeded: self.count - entry - 1))
    }
}
