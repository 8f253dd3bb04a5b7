// SPDX-License-Identifier: Apache-2.0

@testable import Wire

/// What `wire.proto` says a session's frames mean, written for reading: values from protobuf-c, numbers without bounds, a
/// dictionary of slots.
struct ReferenceSession {
    private struct Slot {
        var cpu: UInt64 = 0
        var memory: UInt64 = 0
        var identity: ContainerIdentity
    }

    private var sequence: UInt64?
    private var slots: [UInt32: Slot] = [:]
    private var nodeCPU: UInt64 = 0
    private var nodeMemory: UInt64 = 0

    /// - Returns: nil when no decoder may take this frame.
    mutating func batch(of samples: UnpackedSamples) -> SampleBatch? {
        if samples.isComplete {
            self = ReferenceSession()
            guard samples.removed.isEmpty else { return nil }
        } else {
            guard let sequence, samples.sequence == sequence + 1 else { return nil }
        }
        sequence = samples.sequence
        var batch = SampleBatch()
        batch.sequence = samples.sequence
        batch.isComplete = samples.isComplete
        batch.bootTimeMicroseconds = samples.bootTime
        batch.realTimeMicroseconds = samples.realTime
        guard takeNode(samples, &batch), takeDictionary(samples, &batch), takeColumns(samples, &batch) else {
            return nil
        }
        return batch
    }

    private mutating func takeNode(_ samples: UnpackedSamples, _ batch: inout SampleBatch) -> Bool {
        guard let time = samples.bootTime.adding(samples.nodeTime, atMost: WireLimits.timeMicroseconds),
            let cpu = nodeCPU.adding(samples.nodeCPU, atMost: WireLimits.cpuMicroseconds),
            let memory = nodeMemory.adding(samples.nodeMemory, atMost: WireLimits.memoryKiB)
        else { return false }
        (nodeCPU, nodeMemory) = (cpu, memory)
        batch.node = NodeCounters(
            timeMicroseconds: time, cpuMicroseconds: samples.nodeWithoutCPU ? nil : cpu,
            memoryKiB: samples.nodeWithoutMemory ? nil : memory)
        guard samples.nodeEarlierTime > 0 else { return samples.nodeEarlierCPU == 0 }
        guard samples.isComplete, samples.nodeEarlierTime <= time, samples.nodeEarlierCPU <= cpu else { return false }
        batch.nodeEarlier = NodeEarlierPoint(
            timeMicroseconds: time - samples.nodeEarlierTime, cpuMicroseconds: cpu - samples.nodeEarlierCPU)
        return true
    }

    private mutating func takeDictionary(_ samples: UnpackedSamples, _ batch: inout SampleBatch) -> Bool {
        for slot in samples.removed {
            guard slots.removeValue(forKey: slot) != nil else { return false }
            batch.removed.append(Int(slot))
        }
        for entry in samples.added {
            if let present = slots[entry.slot]?.identity {
                guard present.isSameContainer(as: entry.identity) else { return false }
            }
            slots[entry.slot, default: Slot(identity: entry.identity)].identity = entry.identity
            batch.added.append(AddedSlot(slot: Int(entry.slot), identity: entry.identity))
        }
        return true
    }

    private mutating func takeColumns(_ samples: UnpackedSamples, _ batch: inout SampleBatch) -> Bool {
        let order = slots.keys.sorted()
        let counts = [samples.cpu.count, samples.memory.count, samples.time.count]
        guard counts.allSatisfy({ $0 == order.count }),
            samples.earlierCPU.isEmpty || samples.isComplete && samples.earlierCPU.count == order.count,
            samples.earlierTime.count == samples.earlierCPU.count,
            Set(samples.withoutCPU + samples.withoutMemory).isSubset(of: order)
        else { return false }
        let (noCPU, noMemory) = (Set(samples.withoutCPU), Set(samples.withoutMemory))
        var last = samples.bootTime
        for (index, number) in order.enumerated() {
            guard let slot = slots[number],
                let time = last.adding(samples.time[index], atMost: WireLimits.timeMicroseconds),
                let cpu = slot.cpu.adding(samples.cpu[index], atMost: WireLimits.cpuMicroseconds),
                let memory = slot.memory.adding(samples.memory[index], atMost: WireLimits.memoryKiB)
            else { return false }
            slots[number]?.cpu = cpu
            slots[number]?.memory = memory
            last = time
            batch.points.append(
                SlotPoint(
                    slot: Int(number), timeMicroseconds: time, cpuMicroseconds: noCPU.contains(number) ? nil : cpu,
                    memoryKiB: noMemory.contains(number) ? nil : memory))
            guard !samples.earlierCPU.isEmpty, samples.earlierTime[index] > 0 else { continue }
            guard samples.earlierTime[index] <= time, samples.earlierCPU[index] <= cpu else { return false }
            batch.earlier.append(
                EarlierPoint(
                    slot: Int(number), timeMicroseconds: time - samples.earlierTime[index],
                    cpuMicroseconds: cpu - samples.earlierCPU[index]))
        }
        return true
    }
}

extension UInt64 {
    fileprivate func adding(_ step: some BinaryInteger, atMost most: UInt64) -> UInt64? {
        let sum = Int128(self) + Int128(step)
        return (0...Int128(most)).contains(sum) ? UInt64(sum) : nil
    }
}
