// SPDX-License-Identifier: Apache-2.0

/// A frame's lists and columns, as they travel. The encoder reuses one from sweep to sweep.
struct SampleColumns: Sendable {
    var removed: [UInt32] = []
    var added: [UInt32] = []
    var cpu: [UInt64] = []
    var memory: [Int64] = []
    var time: [Int64] = []
    var withoutCPU: [UInt32] = []
    var withoutMemory: [UInt32] = []
    var earlierCPU: [UInt64] = []
    var earlierTime: [UInt64] = []

    mutating func clear() {
        removed.removeAll(keepingCapacity: true)
        added.removeAll(keepingCapacity: true)
        cpu.removeAll(keepingCapacity: true)
        memory.removeAll(keepingCapacity: true)
        time.removeAll(keepingCapacity: true)
        withoutCPU.removeAll(keepingCapacity: true)
        withoutMemory.removeAll(keepingCapacity: true)
        earlierCPU.removeAll(keepingCapacity: true)
        earlierTime.removeAll(keepingCapacity: true)
    }
}
