// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Wire

/// Puts a sweep's readings into the push protocol's words.
struct SweepEncoding {
    /// Sandboxes are nobody's container and do not travel.
    private static func travels(_ record: ContainerRecord) -> Bool { record.role != .sandbox }

    static func encode(_ changes: SweepChanges, of sampler: NodeSampler, into encoder: inout SampleEncoder) {
        let node = sampler.node
        encoder.begin(
            bootTimeMicroseconds: changes.bootTimeNanoseconds / 1_000,
            realTimeMicroseconds: changes.realTimeNanoseconds / 1_000,
            node: NodeCounters(
                timeMicroseconds: node.bootTimeNanoseconds / 1_000,
                cpuMicroseconds: node.cpuNanoseconds.map { $0 / 1_000 },
                memoryKiB: node.workingSetBytes.map { $0 / 1_024 }))
        let slots = sampler.slots
        for slot in changes.vanished { encoder.remove(slot: slot) }
        for slot in changes.appeared + changes.renamed {
            guard let record = slots[slot] else { continue }
            if travels(record) {
                encoder.add(slot: slot, identity: identity(of: record))
            } else {
                encoder.remove(slot: slot)
            }
        }
        for (slot, record) in slots.enumerated() {
            guard let record, travels(record) else { continue }
            encoder.record(
                slot: slot, timeMicroseconds: record.bootTimeNanoseconds / 1_000,
                cpuMicroseconds: record.cpuNanoseconds.map { $0 / 1_000 },
                memoryKiB: record.workingSetBytes.map { $0 / 1_024 })
        }
    }

    static func identity(of record: ContainerRecord) -> Wire.ContainerIdentity {
        Wire.ContainerIdentity(
            podUID: record.identity.podUID, containerID: record.identity.containerID,
            namespace: record.name?.namespace ?? "", pod: record.name?.pod ?? "",
            container: record.name?.container ?? "",
            startTimeMicroseconds: record.startTimeUnixNanoseconds.map { $0 / 1_000 }, born: record.wasBorn,
            generation: record.identity.inode)
    }
}
