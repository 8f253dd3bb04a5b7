// SPDX-License-Identifier: Apache-2.0

import CWire

/// What a session knows: which slots are in use, and the values that the next differences are against.
///
/// After an error or a doubt it may have taken half a frame: the owner throws it away.
struct SlotDictionary: Sendable {
    private struct Slot: Sendable {
        var slot: UInt32
        var cpu: UInt64
        var memory: UInt64
        /// Tells whether a later entry renames or replaces. Seeded per process, so that no peer can make two containers
        /// look the same.
        var fingerprint: Int
    }

    /// Ascending.
    private var slots: [Slot] = []
    private var nodeCPU: UInt64 = 0
    private var nodeMemory: UInt64 = 0

    typealias Message = UnsafeMutablePointer<MetricsPush__V1__Samples>

    /// Applies one frame; a complete one needs an empty dictionary.
    ///
    /// - Returns: why this cannot be a difference to what is known here; nil when it was applied.
    /// - Throws: when it cannot be right whatever is known.
    mutating func apply(_ samples: Message, to batch: inout SampleBatch) throws(WireError) -> String? {
        batch.sequence = unsafe samples.pointee.sequence
        batch.isComplete = unsafe samples.pointee.complete != 0
        try unsafe applyNode(samples, to: &batch)
        var reason = try unsafe applyDictionary(samples, to: &batch)
        if reason == nil { reason = try unsafe applyColumns(samples, to: &batch) }
        if let reason {
            // A complete frame starts from nothing: there is nothing on this side to be in doubt of.
            guard !batch.isComplete else { throw .malformed(reason) }
            return reason
        }
        try unsafe applyEarlier(samples, to: &batch)
        return nil
    }
}

// MARK: The node

extension SlotDictionary {
    private mutating func applyNode(_ samples: Message, to batch: inout SampleBatch) throws(WireError) {
        let bootTime = unsafe samples.pointee.boot_time_us
        let realTime = unsafe samples.pointee.real_time_us
        guard bootTime <= WireLimits.timeMicroseconds, realTime.magnitude <= WireLimits.timeMicroseconds else {
            throw .malformed("the node's clocks are beyond 285 years")
        }
        batch.bootTimeMicroseconds = bootTime
        batch.realTimeMicroseconds = realTime

        let withoutCPU = unsafe samples.pointee.node_without_cpu != 0
        let withoutMemory = unsafe samples.pointee.node_without_memory != 0
        let cpu = unsafe samples.pointee.node_cpu_us
        let memory = unsafe samples.pointee.node_memory_kib
        guard batch.isComplete || !(withoutCPU && cpu != 0 || withoutMemory && memory != 0) else {
            throw .malformed("a difference for a node counter that could not be read")
        }
        guard
            let time = bootTime.moved(
                by: unsafe samples.pointee.node_time_us, atMost: WireLimits.timeMicroseconds),
            let cpu = nodeCPU.moved(by: cpu, atMost: WireLimits.cpuMicroseconds),
            let memory = nodeMemory.moved(by: memory, atMost: WireLimits.memoryKiB)
        else { throw .malformed("a node counter leaves its range") }
        nodeCPU = cpu
        nodeMemory = memory
        batch.node = NodeCounters(
            timeMicroseconds: time, cpuMicroseconds: withoutCPU ? nil : cpu, memoryKiB: withoutMemory ? nil : memory)

        let earlierTime = unsafe samples.pointee.node_earlier_time_us
        let earlierCPU = unsafe samples.pointee.node_earlier_cpu_us
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
        _ samples: Message, to batch: inout SampleBatch
    ) throws(WireError) -> String? {
        let removed = unsafe UnsafeBufferPointer(start: samples.pointee.removed, count: samples.pointee.n_removed)
        let added = unsafe UnsafeBufferPointer(start: samples.pointee.added, count: samples.pointee.n_added)
        guard !removed.isEmpty || !added.isEmpty else { return nil }
        try unsafe Self.check(removed, "removed")
        if !removed.isEmpty {
            guard !batch.isComplete else { throw .malformed("a complete frame removes slots") }
            for index in removed.indices { unsafe batch.removed.append(Int(removed[index])) }
            var next = 0
            slots.removeAll { slot in
                guard next < removed.count, unsafe removed[next] == slot.slot else { return false }
                next += 1
                return true
            }
            guard next == removed.count else { return "a slot was removed that is not in use" }
        }
        return try unsafe add(added, to: &batch)
    }

    private mutating func add(
        _ added: UnsafeBufferPointer<UnsafeMutablePointer<MetricsPush__V1__Entry>?>, to batch: inout SampleBatch
    ) throws(WireError) -> String? {
        guard !added.isEmpty else { return nil }
        var merged: [Slot] = []
        merged.reserveCapacity(min(slots.count + added.count, WireLimits.slots))
        var next = 0
        var last = -1
        for index in added.indices {
            guard let entry = unsafe added[index] else { throw .malformed("an entry is missing") }
            let slot = unsafe entry.pointee.slot
            guard slot < WireLimits.slots, Int(slot) > last else { throw Self.disorder("added") }
            last = Int(slot)
            while next < slots.count, slots[next].slot < slot {
                merged.append(slots[next])
                next += 1
            }
            let identity = try unsafe ContainerIdentity(entry: entry)
            let fingerprint = identity.fingerprint
            if next < slots.count, slots[next].slot == slot {
                guard slots[next].fingerprint == fingerprint else {
                    throw .malformed("slot \(slot) was given to another container while in use")
                }
                merged.append(slots[next])
                next += 1
            } else {
                merged.append(Slot(slot: slot, cpu: 0, memory: 0, fingerprint: fingerprint))
            }
            batch.added.append(AddedSlot(slot: Int(slot), identity: identity))
        }
        merged.append(contentsOf: slots[next...])
        slots = merged
        return nil
    }

    /// Ascending and in range: one pass can then compare a list to the slots in use.
    private static func check(_ list: UnsafeBufferPointer<UInt32>, _ name: String) throws(WireError) {
        var last = -1
        for index in list.indices {
            let slot = unsafe list[index]
            guard slot < WireLimits.slots, Int(slot) > last else { throw disorder(name) }
            last = Int(slot)
        }
    }

    @inline(never)
    private static func disorder(_ name: String) -> WireError {
        .malformed("\(name) is not in ascending order of slots below \(WireLimits.slots)")
    }
}

// MARK: Columns

extension SlotDictionary {
    private mutating func applyColumns(_ samples: Message, to batch: inout SampleBatch) throws(WireError) -> String? {
        let count = slots.count
        guard unsafe samples.pointee.n_cpu_us == count, unsafe samples.pointee.n_memory_kib == count,
            unsafe samples.pointee.n_time_us == count
        else { return "the columns have not one value for each of \(count) slots" }
        let cpus = unsafe UnsafeBufferPointer(start: samples.pointee.cpu_us, count: count)
        let memories = unsafe UnsafeBufferPointer(start: samples.pointee.memory_kib, count: count)
        let times = unsafe UnsafeBufferPointer(start: samples.pointee.time_us, count: count)
        var withoutCPU = try unsafe SlotList(samples.pointee.without_cpu, samples.pointee.n_without_cpu)
        var withoutMemory = try unsafe SlotList(samples.pointee.without_memory, samples.pointee.n_without_memory)

        batch.points.reserveCapacity(count)
        var time = batch.bootTimeMicroseconds
        for index in 0..<count {
            let slot = slots[index].slot
            let noCPU = unsafe withoutCPU.take(slot)
            let noMemory = unsafe withoutMemory.take(slot)
            guard unsafe batch.isComplete || !(noCPU && cpus[index] != 0 || noMemory && memories[index] != 0) else {
                throw .malformed("slot \(slot) has a difference and no value")
            }
            let (cpu, overflow) = slots[index].cpu.addingReportingOverflow(unsafe cpus[index])
            guard !overflow, cpu <= WireLimits.cpuMicroseconds,
                let memory = slots[index].memory.moved(by: unsafe memories[index], atMost: WireLimits.memoryKiB),
                let read = time.moved(by: unsafe times[index], atMost: WireLimits.timeMicroseconds)
            else { throw .malformed("a counter of slot \(slot) leaves its range") }
            slots[index].cpu = cpu
            slots[index].memory = memory
            time = read
            batch.points.append(
                SlotPoint(
                    slot: Int(slot), timeMicroseconds: time, cpuMicroseconds: noCPU ? nil : cpu,
                    memoryKiB: noMemory ? nil : memory))
        }
        guard unsafe withoutCPU.isEmpty, unsafe withoutMemory.isEmpty else {
            return "a value is missing of a slot that is not in use"
        }
        return nil
    }

    private func applyEarlier(_ samples: Message, to batch: inout SampleBatch) throws(WireError) {
        let count = unsafe samples.pointee.n_earlier_cpu_us
        guard unsafe samples.pointee.n_earlier_time_us == count, count == 0 || count == slots.count else {
            throw .malformed("the earlier points are not one for each slot")
        }
        guard count > 0 else { return }
        guard batch.isComplete else { throw .malformed("an earlier point in a difference") }
        let cpus = unsafe UnsafeBufferPointer(start: samples.pointee.earlier_cpu_us, count: count)
        let times = unsafe UnsafeBufferPointer(start: samples.pointee.earlier_time_us, count: count)
        for index in 0..<count {
            let (cpu, time) = unsafe (cpus[index], times[index])
            guard time > 0 else {
                guard cpu == 0 else { throw .malformed("an earlier counter without its time") }
                continue
            }
            guard cpu <= slots[index].cpu, time <= batch.points[index].timeMicroseconds else {
                throw .malformed("an earlier point is before zero")
            }
            batch.earlier.append(
                EarlierPoint(
                    slot: Int(slots[index].slot), timeMicroseconds: batch.points[index].timeMicroseconds - time,
                    cpuMicroseconds: slots[index].cpu - cpu))
        }
    }

    /// An ascending list of slots that is used up in one pass over the dictionary.
    @unsafe private struct SlotList {
        private let slots: UnsafeBufferPointer<UInt32>
        private var next = 0

        init(_ start: UnsafeMutablePointer<UInt32>?, _ count: Int) throws(WireError) {
            unsafe slots = UnsafeBufferPointer(start: start, count: count)
            try unsafe SlotDictionary.check(slots, "a list of slots without a value")
        }

        var isEmpty: Bool { unsafe next == slots.count }

        mutating func take(_ slot: UInt32) -> Bool {
            guard unsafe next < slots.count, unsafe slots[next] == slot else { return false }
            unsafe next += 1
            return true
        }
    }
}

extension ContainerIdentity {
    fileprivate init(entry: UnsafeMutablePointer<MetricsPush__V1__Entry>) throws(WireError) {
        let start = unsafe entry.pointee.start_time_us
        guard start >= 0, start <= WireLimits.timeMicroseconds else {
            throw .malformed("a container's start time is beyond 285 years")
        }
        var containerID = try unsafe String(unpacked: entry.pointee.container_id_text, "a container id")
        let packed = unsafe UnsafeBufferPointer(
            start: entry.pointee.container_id.data, count: entry.pointee.container_id.len)
        if !packed.isEmpty {
            guard containerID.isEmpty else { throw .malformed("a container has two ids") }
            containerID = unsafe ContainerID.unpacked(packed)
        }
        self = try unsafe ContainerIdentity(
            podUID: String(unpacked: entry.pointee.pod_uid, "a pod uid"),
            containerID: containerID,
            namespace: String(unpacked: entry.pointee.namespace_name, "a namespace"),
            pod: String(unpacked: entry.pointee.pod_name, "a pod name"),
            container: String(unpacked: entry.pointee.container_name, "a container name"),
            startTimeMicroseconds: start == 0 ? nil : start,
            born: entry.pointee.born != 0,
            generation: entry.pointee.generation)
    }

    fileprivate var fingerprint: Int {
        var hasher = Hasher()
        hasher.combine(podUID)
        hasher.combine(containerID)
        hasher.combine(generation)
        return hasher.finalize()
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
