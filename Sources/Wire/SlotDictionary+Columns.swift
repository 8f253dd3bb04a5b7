// SPDX-License-Identifier: Apache-2.0

extension SlotDictionary {
    mutating func applyColumns(
        _ samples: borrowing SamplesMessage, in body: RawSpan, to batch: inout SampleBatch
    ) throws(WireError) -> String? {
        let count = slots.count
        guard samples.cpu.count == count, samples.memory.count == count, samples.time.count == count else {
            return "the columns have not one value for each of \(count) slots"
        }
        batch.resizePoints(count)
        var slots = slots.mutableSpan
        var points = batch.points.mutableSpan
        try Self.readColumns(samples, in: body, &slots, &points)
        guard samples.withoutCPU.count + samples.withoutMemory.count > 0 else { return nil }
        return try markAbsent(samples, in: body, &batch.points)
    }

    /// One pass over three columns and the slots. An aggregator spends most of its time for decoding here: what changes is
    /// in local variables, and nothing is called that comes back.
    private static func readColumns(
        _ samples: borrowing SamplesMessage, in body: RawSpan, _ slots: inout MutableSpan<Slot>,
        _ points: inout MutableSpan<SlotPoint>
    ) throws(WireError) {
        // So that no index is checked below.
        precondition(points.count == slots.count, "there is a point for each slot")
        var cpus = samples.cpu.reader(in: body)
        var memories = samples.memory.reader(in: body)
        var times = samples.time.reader(in: body)
        var time = samples.bootTime
        for index in slots.indices {
            let cpuStep = try cpus.next(in: body)
            let memoryStep = try memories.next(in: body).unzigzagged
            time = time &+ UInt64(bitPattern: try times.next(in: body).unzigzagged)
            let cpu = slots[index].cpu &+ cpuStep
            let memory = slots[index].memory &+ UInt64(bitPattern: memoryStep)
            // Of a counter up to 2^53 and any difference, a sum that leaves 0...2^63 wraps to one that is too large.
            guard cpu <= WireLimits.cpuMicroseconds, cpu >= cpuStep, memory <= WireLimits.memoryKiB,
                time <= WireLimits.timeMicroseconds
            else { throw outOfRange(slots[index].slot) }
            slots[index].cpu = cpu
            slots[index].memory = memory
            points[index] = SlotPoint(
                slot: Int(slots[index].slot), timeMicroseconds: time, cpuMicroseconds: cpu, memoryKiB: memory)
        }
    }

    /// Takes away the values that could not be read. Few frames have any, so that the columns are read again for them.
    private func markAbsent(
        _ samples: borrowing SamplesMessage, in body: RawSpan, _ points: inout [SlotPoint]
    ) throws(WireError) -> String? {
        var withoutCPU = try SlotList(samples.withoutCPU, in: body, "without_cpu")
        var withoutMemory = try SlotList(samples.withoutMemory, in: body, "without_memory")
        var cpus = samples.cpu.reader(in: body)
        var memories = samples.memory.reader(in: body)
        let isComplete = samples.isComplete
        for (index, slot) in slots.enumerated() {
            let hasCPUStep = try cpus.next(in: body) != 0
            let hasMemoryStep = try memories.next(in: body) != 0
            let noCPU = try withoutCPU.take(slot.slot, in: body)
            let noMemory = try withoutMemory.take(slot.slot, in: body)
            guard isComplete || !(noCPU && hasCPUStep || noMemory && hasMemoryStep) else {
                throw .malformed("slot \(slot.slot) has a difference and no value")
            }
            if noCPU { points[index].cpuMicroseconds = nil }
            if noMemory { points[index].memoryKiB = nil }
        }
        guard withoutCPU.next == nil, withoutMemory.next == nil else {
            return "a value is missing of a slot that is not in use"
        }
        return nil
    }

    func applyEarlier(
        _ samples: borrowing SamplesMessage, in body: RawSpan, to batch: inout SampleBatch
    ) throws(WireError) {
        let count = samples.earlierCPU.count
        guard samples.earlierTime.count == count, count == 0 || count == slots.count else {
            throw .malformed("the earlier points are not one for each slot")
        }
        guard count > 0 else { return }
        guard batch.isComplete else { throw .malformed("an earlier point in a difference") }
        batch.earlier.reserveCapacity(count)
        var cpus = samples.earlierCPU.reader(in: body)
        var times = samples.earlierTime.reader(in: body)
        for (slot, point) in zip(slots, batch.points) {
            let (cpu, time) = (try cpus.next(in: body), try times.next(in: body))
            guard time > 0 else {
                guard cpu == 0 else { throw .malformed("an earlier counter without its time") }
                continue
            }
            guard cpu <= slot.cpu, time <= point.timeMicroseconds else {
                throw .malformed("an earlier point is before zero")
            }
            batch.earlier.append(
                EarlierPoint(
                    slot: point.slot, timeMicroseconds: point.timeMicroseconds - time,
                    cpuMicroseconds: slot.cpu - cpu))
        }
    }

    @inline(never)
    private static func outOfRange(_ slot: UInt16) -> WireError {
        .malformed("a counter of slot \(slot) leaves its range")
    }
}
