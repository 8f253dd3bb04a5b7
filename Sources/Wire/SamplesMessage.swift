// SPDX-License-Identifier: Apache-2.0

/// A `Samples` where it lies in the frame: its numbers, and where its columns and entries are. Nothing is copied, so that
/// most frames are decoded without memory of their own; see `wire.proto` for what the fields mean.
struct SamplesMessage: ~Copyable {
    private(set) var sequence: UInt64 = 0
    private(set) var isComplete = false
    private(set) var bootTime: UInt64 = 0
    private(set) var realTime: Int64 = 0
    private(set) var nodeTime: Int64 = 0
    private(set) var nodeCPU: Int64 = 0
    private(set) var nodeMemory: Int64 = 0
    private(set) var nodeWithoutCPU = false
    private(set) var nodeWithoutMemory = false
    private(set) var nodeEarlierCPU: UInt64 = 0
    private(set) var nodeEarlierTime: UInt64 = 0

    private(set) var removed = Column()
    private(set) var cpu = Column()
    private(set) var memory = Column()
    private(set) var time = Column()
    private(set) var withoutCPU = Column()
    private(set) var withoutMemory = Column()
    private(set) var earlierCPU = Column()
    private(set) var earlierTime = Column()

    private(set) var entryCount = 0
    /// From the first entry's tag to the message's end.
    private var entries = 0..<0

    /// - Throws: `fieldTooLarge`, `tooManySlots`, `malformed`, `outOfMemory`.
    init(_ body: RawSpan, _ range: Range<Int>) throws(WireError) {
        var cursor = FieldCursor(range)
        var start = cursor.offset
        while let field = try cursor.next(in: body) {
            switch field {
            case 1: sequence = try cursor.number(in: body)
            case 2: isComplete = try cursor.number(in: body) != 0
            case 3: bootTime = try cursor.number(in: body)
            case 4: realTime = try cursor.number(in: body).unzigzagged
            case 5: nodeTime = try cursor.number(in: body).unzigzagged
            case 6: nodeCPU = try cursor.number(in: body).unzigzagged
            case 7: nodeMemory = try cursor.number(in: body).unzigzagged
            case 8: removed = try Column(cursor.bytes(in: body), of: body, "removed")
            case 9:
                guard entryCount < WireLimits.slots else {
                    throw WireError(.tooManySlots, "added has more than \(WireLimits.slots) entries")
                }
                if entryCount == 0 { entries = start..<range.upperBound }
                entryCount += 1
                _ = try cursor.repeatedBytes(in: body)
            case 10: cpu = try Column(cursor.bytes(in: body), of: body, "cpu_us")
            case 11: memory = try Column(cursor.bytes(in: body), of: body, "memory_kib")
            case 12: time = try Column(cursor.bytes(in: body), of: body, "time_us")
            case 13: withoutCPU = try Column(cursor.bytes(in: body), of: body, "without_cpu")
            case 14: withoutMemory = try Column(cursor.bytes(in: body), of: body, "without_memory")
            case 15: earlierCPU = try Column(cursor.bytes(in: body), of: body, "earlier_cpu_us")
            case 16: earlierTime = try Column(cursor.bytes(in: body), of: body, "earlier_time_us")
            case 17: nodeEarlierCPU = try cursor.number(in: body)
            case 18: nodeEarlierTime = try cursor.number(in: body)
            case 19: nodeWithoutCPU = try cursor.number(in: body) != 0
            case 20: nodeWithoutMemory = try cursor.number(in: body) != 0
            default: try cursor.skip(in: body)
            }
            start = cursor.offset
        }
        // Strings take a small multiple of their bytes; what entries of nothing take must be paid for, too.
        guard entryCount * MemoryLayout<AddedSlot>.stride <= WireLimits.arenaBytes(frameLength: body.byteCount) else {
            throw WireError(.outOfMemory, "the entries take more memory than a frame of this length may")
        }
    }

    /// Appends the entries in their order on the wire.
    ///
    /// - Throws: `fieldTooLarge`, `malformed`.
    func readEntries(in body: RawSpan, to added: inout [AddedSlot]) throws(WireError) {
        guard entryCount > 0 else { return }
        added.reserveCapacity(added.count + entryCount)
        let all = added.count + entryCount
        var cursor = FieldCursor(entries)
        while added.count < all, let field = try cursor.next(in: body) {
            if field == 9 {
                added.append(try AddedSlot(body, cursor.repeatedBytes(in: body)))
            } else {
                try cursor.pass(in: body)
            }
        }
    }

    /// For a frame whose columns are not going to be read: it may still hold what no agent sends.
    func checkColumns(in body: RawSpan) throws(WireError) {
        for column in [removed, cpu, memory, time, withoutCPU, withoutMemory, earlierCPU, earlierTime] {
            try column.check(in: body)
        }
    }
}
