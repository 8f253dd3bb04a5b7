// SPDX-License-Identifier: Apache-2.0

/// What a session knows: which slots are in use, and the values that the next differences are against.
///
/// After an error or a doubt it may have taken half a frame: the owner throws it away.
struct SlotDictionary: Sendable {
    /// 24 bytes: an aggregator holds some hundred thousand.
    struct Slot: Sendable {
        var cpu: UInt64
        var memory: UInt64
        /// Tells whether a later entry renames or replaces.
        var fingerprint: UInt32
        /// Below ``WireLimits/slots``.
        var slot: UInt16
    }

    /// Ascending.
    var slots: [Slot] = []
    private var nodeCPU: UInt64 = 0
    private var nodeMemory: UInt64 = 0

    /// Applies one frame, whose entries are in the batch already; a complete one needs an empty dictionary.
    ///
    /// - Returns: why this cannot be a difference to what is known here; nil when it was applied.
    /// - Throws: when it cannot be right whatever is known.
    mutating func apply(
        _ samples: borrowing SamplesMessage, in body: RawSpan, to batch: inout SampleBatch
    ) throws(WireError) -> String? {
        batch.sequence = samples.sequence
        batch.isComplete = samples.isComplete
        try applyNode(samples, to: &batch)
        var reason = try applyDictionary(samples, in: body, to: &batch)
        if reason == nil { reason = try applyColumns(samples, in: body, to: &batch) }
        if let reason {
            // A complete frame starts from nothing: there is nothing on this side to be in doubt of.
            guard !batch.isComplete else { throw .malformed(reason) }
            return reason
        }
        try applyEarlier(samples, in: body, to: &batch)
        return nil
    }
}

// MARK: The node

extension SlotDictionary {
    private mutating func applyNode(
        _ samples: borrowing SamplesMessage, to batch: inout SampleBatch
    ) throws(WireError) {
        guard samples.bootTime <= WireLimits.timeMicroseconds,
            samples.realTime.magnitude <= WireLimits.timeMicroseconds
        else { throw .malformed("the node's clocks are beyond 285 years") }
        batch.bootTimeMicroseconds = samples.bootTime
        batch.realTimeMicroseconds = samples.realTime

        let (withoutCPU, cpuStep) = (samples.nodeWithoutCPU, samples.nodeCPU)
        let (withoutMemory, memoryStep) = (samples.nodeWithoutMemory, samples.nodeMemory)
        guard batch.isComplete || !(withoutCPU && cpuStep != 0 || withoutMemory && memoryStep != 0) else {
            throw .malformed("a difference for a node counter that could not be read")
        }
        guard let time = samples.bootTime.moved(by: samples.nodeTime, atMost: WireLimits.timeMicroseconds),
            let cpu = nodeCPU.moved(by: cpuStep, atMost: WireLimits.cpuMicroseconds),
            let memory = nodeMemory.moved(by: memoryStep, atMost: WireLimits.memoryKiB)
        else { throw .malformed("a node counter leaves its range") }
        nodeCPU = cpu
        nodeMemory = memory
        batch.node = NodeCounters(
            timeMicroseconds: time, cpuMicroseconds: withoutCPU ? nil : cpu, memoryKiB: withoutMemory ? nil : memory)

        let (earlierTime, earlierCPU) = (samples.nodeEarlierTime, samples.nodeEarlierCPU)
        guard earlierTime > 0 else {
            guard earlierCPU == 0 else { throw .malformed("an earlier node counter without its time") }
            return
        }
        guard batch.isComplete else { throw .malformed("an earlier point in a difference") }
        guard earlierTime <= time, earlierCPU <= cpu else {
            throw .malformed("the node's earlier point is before zero")
        }
        batch.nodeEarlier = NodeEarlierPoint(
            timeMicroseconds: time - earlierTime, cpuMicroseconds: cpu - earlierCPU)
    }
}

// MARK: Removals and additions

extension SlotDictionary {
    private mutating func applyDictionary(
        _ samples: borrowing SamplesMessage, in body: RawSpan, to batch: inout SampleBatch
    ) throws(WireError) -> String? {
        if samples.removed.count > 0 {
            var removed = try SlotList(samples.removed, in: body, "removed")
            guard !batch.isComplete else { throw .malformed("a complete frame removes slots") }
            var kept: [Slot] = []
            kept.reserveCapacity(slots.count)
            for slot in slots {
                if try removed.take(slot.slot, in: body) {
                    batch.removed.append(Int(slot.slot))
                } else {
                    kept.append(slot)
                }
            }
            guard removed.next == nil else { return "a slot was removed that is not in use" }
            slots = kept
        }
        if !batch.added.isEmpty { try add(batch.added) }
        return nil
    }

    private mutating func add(_ added: [AddedSlot]) throws(WireError) {
        var new: [Slot] = []
        // Renames need no place; in a complete frame all are new.
        new.reserveCapacity(slots.isEmpty ? added.count : 0)
        var known = 0
        var last = -1
        // By index: a copy would retain five strings.
        for index in added.indices {
            let slot = added[index].slot
            guard slot > last else { throw SlotList.disorder("added") }
            last = slot
            let fingerprint = added[index].identity.fingerprint
            while known < slots.count, slots[known].slot < slot { known += 1 }
            if known < slots.count, slots[known].slot == slot {
                guard slots[known].fingerprint == fingerprint else {
                    throw .malformed("slot \(slot) was given to another container while in use")
                }
            } else {
                new.append(Slot(cpu: 0, memory: 0, fingerprint: fingerprint, slot: UInt16(slot)))
            }
        }
        insert(new)
    }

    /// - Parameter new: ascending, and none of them in use.
    private mutating func insert(_ new: [Slot]) {
        guard !slots.isEmpty, !new.isEmpty else {
            if slots.isEmpty { slots = new }
            return
        }
        var merged: [Slot] = []
        merged.reserveCapacity(slots.count + new.count)
        var next = 0
        for slot in slots {
            while next < new.count, new[next].slot < slot.slot {
                merged.append(new[next])
                next += 1
            }
            merged.append(slot)
        }
        merged.append(contentsOf: new[next...])
        slots = merged
    }
}

extension ContainerIdentity {
    /// Seeded per process, so that no peer can make two containers look the same; one in four billion does so by chance.
    fileprivate var fingerprint: UInt32 {
        var hasher = Hasher()
        hasher.combine(podUID)
        hasher.combine(containerID)
        hasher.combine(generation)
        return UInt32(truncatingIfNeeded: hasher.finalize())
    }
}

extension UInt64 {
    /// self + difference, when that is within 0...most.
    fileprivate func moved(by difference: Int64, atMost most: UInt64) -> UInt64? {
        let (sum, overflow) =
            difference >= 0
            ? addingReportingOverflow(difference.magnitude) : subtractingReportingOverflow(difference.magnitude)
        return overflow || sum > most ? nil : sum
    }
}
