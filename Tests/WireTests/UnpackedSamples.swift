// SPDX-License-Identifier: Apache-2.0

import CWire
import Wire

/// A `Samples` as protobuf-c unpacks it: what the decoder, which reads the bytes itself, must agree with.
struct UnpackedSamples {
    struct Entry {
        var slot: UInt32
        var identity: ContainerIdentity
    }

    let sequence: UInt64
    let isComplete: Bool
    let bootTime: UInt64
    let realTime: Int64
    let nodeTime: Int64
    let nodeCPU: Int64
    let nodeMemory: Int64
    let nodeWithoutCPU: Bool
    let nodeWithoutMemory: Bool
    let nodeEarlierCPU: UInt64
    let nodeEarlierTime: UInt64
    let removed: [UInt32]
    let added: [Entry]
    let cpu: [UInt64]
    let memory: [Int64]
    let time: [Int64]
    let withoutCPU: [UInt32]
    let withoutMemory: [UInt32]
    let earlierCPU: [UInt64]
    let earlierTime: [UInt64]

    /// nil when protobuf-c cannot unpack the frame, or finds no samples.
    init?(body: [UInt8]) {
        guard let frame = metrics_push__v1__agent_frame__unpack(nil, body.count, body) else { return nil }
        defer { metrics_push__v1__agent_frame__free_unpacked(frame, nil) }
        guard frame.pointee.body_case == METRICS_PUSH__V1__AGENT_FRAME__BODY_SAMPLES,
            let samples = frame.pointee.samples?.pointee
        else { return nil }
        sequence = samples.sequence
        isComplete = samples.complete != 0
        bootTime = samples.boot_time_us
        realTime = samples.real_time_us
        nodeTime = samples.node_time_us
        nodeCPU = samples.node_cpu_us
        nodeMemory = samples.node_memory_kib
        nodeWithoutCPU = samples.node_without_cpu != 0
        nodeWithoutMemory = samples.node_without_memory != 0
        nodeEarlierCPU = samples.node_earlier_cpu_us
        nodeEarlierTime = samples.node_earlier_time_us
        removed = Self.column(samples.removed, samples.n_removed)
        added = UnsafeBufferPointer(start: samples.added, count: samples.n_added).compactMap { $0.map(Entry.init) }
        cpu = Self.column(samples.cpu_us, samples.n_cpu_us)
        memory = Self.column(samples.memory_kib, samples.n_memory_kib)
        time = Self.column(samples.time_us, samples.n_time_us)
        withoutCPU = Self.column(samples.without_cpu, samples.n_without_cpu)
        withoutMemory = Self.column(samples.without_memory, samples.n_without_memory)
        earlierCPU = Self.column(samples.earlier_cpu_us, samples.n_earlier_cpu_us)
        earlierTime = Self.column(samples.earlier_time_us, samples.n_earlier_time_us)
    }

    private static func column<Number>(_ start: UnsafeMutablePointer<Number>?, _ count: Int) -> [Number] {
        Array(UnsafeBufferPointer(start: start, count: count))
    }
}

extension UnpackedSamples.Entry {
    fileprivate init(_ pointer: UnsafeMutablePointer<MetricsPush__V1__Entry>) {
        let entry = pointer.pointee
        let packed = UnsafeBufferPointer(start: entry.container_id.data, count: entry.container_id.len)
        let digits = packed.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        slot = entry.slot
        identity = ContainerIdentity(
            podUID: String(cString: entry.pod_uid),
            containerID: packed.isEmpty ? String(cString: entry.container_id_text) : digits,
            namespace: String(cString: entry.namespace_name), pod: String(cString: entry.pod_name),
            container: String(cString: entry.container_name),
            startTimeMicroseconds: entry.start_time_us == 0 ? nil : entry.start_time_us, born: entry.born != 0,
            generation: entry.generation)
    }
}
