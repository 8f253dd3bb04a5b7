// SPDX-License-Identifier: Apache-2.0

/// The encoder's side of one slot: what this sweep read, what the sweep before read, and what the decoders know.
struct SlotCounters: Sendable {
    /// The slot stands for a container.
    var isLive = false
    /// Decoders that have the last frame know a container in this slot (perhaps another one).
    var isSent = false
    /// The next frame starts this slot from zero: a new container, or a counter that began again.
    var isNew = false
    /// The next frame has an entry for it.
    var needsEntry = false

    var isRecorded = false
    var time: UInt64 = 0
    var cpu: UInt64?
    var memory: UInt64?

    /// The last values that were read, in any sweep: what differences are against. 0 until there is one.
    var cpuBase: UInt64 = 0
    var memoryBase: UInt64 = 0

    /// The sweep before; nil when the slot was not there, or its CPU counter could not be read.
    var earlierTime: UInt64 = 0
    var earlierCPU: UInt64?

    /// Forgets the container, not what the decoders know.
    mutating func vacate() {
        self = SlotCounters(isSent: isSent)
    }

    mutating func restart() {
        isNew = true
        needsEntry = true
        cpuBase = 0
        memoryBase = 0
        earlierCPU = nil
    }

    mutating func beginSweep() {
        earlierTime = time
        earlierCPU = cpu
        isRecorded = false
    }

    /// The frame has been made: from here on the decoders know it.
    mutating func commit() {
        guard isLive else {
            self = SlotCounters()
            return
        }
        cpuBase = cpu ?? cpuBase
        memoryBase = memory ?? memoryBase
        isSent = true
        isNew = false
        needsEntry = false
    }
}
