// SPDX-License-Identifier: Apache-2.0

import CWire

/// A sweep on its way into bytes; the columns are apart because their storage is reused.
struct SamplesFrame {
    var sequence: UInt64
    var isComplete: Bool
    var bootTime: UInt64
    var realTime: Int64
    var node: SampleEncoder.NodeState
    /// Differences to the frame before.
    var nodeCPU: Int64
    var nodeMemory: Int64

    /// The frame, header included.
    func encoded(
        _ columns: SampleColumns, identities: [ContainerIdentity?]
    ) throws(WireError) -> [UInt8] {
        guard columns.added.isEmpty else {
            // Strings of one entry take less than twice what the caps allow them on the wire.
            let arena = try Arena(expected: 512 * columns.added.count, limit: 64 << 20)
            let entries = try unsafe Self.entries(columns.added, identities, in: arena)
            return try unsafe encoded(columns, entries)
        }
        return try unsafe encoded(columns, nil)
    }

    private typealias Entries = UnsafeMutablePointer<UnsafeMutablePointer<MetricsPush__V1__Entry>?>

    private func encoded(_ columns: SampleColumns, _ entries: Entries?) throws(WireError) -> [UInt8] {
        var samples = unsafe MetricsPush__V1__Samples()
        unsafe metrics_push__v1__samples__init(&samples)
        unsafe samples.sequence = sequence
        unsafe samples.complete = isComplete ? 1 : 0
        unsafe samples.boot_time_us = bootTime
        unsafe samples.real_time_us = realTime
        unsafe samples.node_time_us = Int64(node.time) - Int64(bootTime)
        unsafe samples.node_cpu_us = nodeCPU
        unsafe samples.node_memory_kib = nodeMemory
        unsafe samples.node_without_cpu = node.cpu == nil ? 1 : 0
        unsafe samples.node_without_memory = node.memory == nil ? 1 : 0
        if isComplete, let earlier = node.earlierCPU, node.earlierTime < node.time, earlier <= node.cpuBase {
            unsafe samples.node_earlier_cpu_us = node.cpuBase - earlier
            unsafe samples.node_earlier_time_us = node.time - node.earlierTime
        }
        unsafe samples.n_added = columns.added.count
        unsafe samples.added = unsafe entries
        return try unsafe columns.lent(to: &samples) { (samples) throws(WireError) in
            var frame = unsafe MetricsPush__V1__AgentFrame()
            unsafe metrics_push__v1__agent_frame__init(&frame)
            unsafe frame.body_case = METRICS_PUSH__V1__AGENT_FRAME__BODY_SAMPLES
            unsafe frame.samples = unsafe samples
            return try unsafe frame.packed(cap: WireLimits.agentFrameBytes)
        }
    }

    private static func entries(
        _ slots: [UInt32], _ identities: [ContainerIdentity?], in arena: borrowing Arena
    ) throws(WireError) -> Entries {
        let pointers = try unsafe arena.allocate(
            UnsafeMutablePointer<MetricsPush__V1__Entry>?.self, count: slots.count)
        let entries = try unsafe arena.allocate(MetricsPush__V1__Entry.self, count: slots.count)
        for (index, slot) in slots.enumerated() {
            let entry = unsafe entries + index
            unsafe metrics_push__v1__entry__init(entry)
            unsafe pointers[index] = unsafe entry
            unsafe entry.pointee.slot = slot
            // Slots are listed because they have an identity.
            guard let identity = identities[Int(slot)] else { continue }
            unsafe entry.pointee.pod_uid = try unsafe arena.cString(identity.podUID)
            if let packed = ContainerID.packed(identity.containerID) {
                let bytes = try unsafe arena.allocate(UInt8.self, count: ContainerID.packedBytes)
                for index in packed.indices { unsafe bytes[index] = packed[index] }
                unsafe entry.pointee.container_id = unsafe ProtobufCBinaryData(
                    len: ContainerID.packedBytes, data: bytes)
            } else {
                unsafe entry.pointee.container_id_text = try unsafe arena.cString(identity.containerID)
            }
            unsafe entry.pointee.namespace_name = try unsafe arena.cString(identity.namespace)
            unsafe entry.pointee.pod_name = try unsafe arena.cString(identity.pod)
            unsafe entry.pointee.container_name = try unsafe arena.cString(identity.container)
            unsafe entry.pointee.start_time_us = identity.startTimeMicroseconds ?? 0
            unsafe entry.pointee.born = identity.born ? 1 : 0
            unsafe entry.pointee.generation = identity.generation
        }
        return unsafe pointers
    }
}

extension SampleColumns {
    /// Lets the message point at our arrays while `body` runs; it must not keep the pointer.
    fileprivate func lent<Result>(
        to samples: inout MetricsPush__V1__Samples,
        _ body: (UnsafeMutablePointer<MetricsPush__V1__Samples>) throws(WireError) -> Result
    ) throws(WireError) -> Result {
        try unsafe withUnsafeMutablePointer(to: &samples) { (samples) throws(WireError) in
            try unsafe removed.lent { (removed, count) throws(WireError) in
                unsafe (samples.pointee.removed, samples.pointee.n_removed) = (removed, count)
                return try unsafe cpu.lent { (cpu, count) throws(WireError) in
                    unsafe (samples.pointee.cpu_us, samples.pointee.n_cpu_us) = (cpu, count)
                    return try unsafe memory.lent { (memory, count) throws(WireError) in
                        unsafe (samples.pointee.memory_kib, samples.pointee.n_memory_kib) = (memory, count)
                        return try unsafe time.lent { (time, count) throws(WireError) in
                            unsafe (samples.pointee.time_us, samples.pointee.n_time_us) = (time, count)
                            return try unsafe lentRest(to: samples, body)
                        }
                    }
                }
            }
        }
    }

    private func lentRest<Result>(
        to samples: UnsafeMutablePointer<MetricsPush__V1__Samples>,
        _ body: (UnsafeMutablePointer<MetricsPush__V1__Samples>) throws(WireError) -> Result
    ) throws(WireError) -> Result {
        try unsafe withoutCPU.lent { (slots, count) throws(WireError) in
            unsafe (samples.pointee.without_cpu, samples.pointee.n_without_cpu) = (slots, count)
            return try unsafe withoutMemory.lent { (slots, count) throws(WireError) in
                unsafe (samples.pointee.without_memory, samples.pointee.n_without_memory) = (slots, count)
                return try unsafe earlierCPU.lent { (cpu, count) throws(WireError) in
                    unsafe (samples.pointee.earlier_cpu_us, samples.pointee.n_earlier_cpu_us) = (cpu, count)
                    return try unsafe earlierTime.lent { (time, count) throws(WireError) in
                        unsafe (samples.pointee.earlier_time_us, samples.pointee.n_earlier_time_us) = (time, count)
                        return try unsafe body(samples)
                    }
                }
            }
        }
    }
}

extension Array where Element: BitwiseCopyable {
    /// protobuf-c's structs have no const pointers; packing only reads.
    fileprivate func lent<Result>(
        _ body: (UnsafeMutablePointer<Element>?, Int) throws(WireError) -> Result
    ) throws(WireError) -> Result {
        try unsafe withUnsafeBufferPointer { (buffer) throws(WireError) in
            try unsafe body(UnsafeMutablePointer(mutating: buffer.baseAddress), buffer.count)
        }
    }
}
