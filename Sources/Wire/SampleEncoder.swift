// SPDX-License-Identifier: Apache-2.0

/// The agent's side of `Samples`. One serves all sessions: a difference is encoded once per sweep and sent to every session
/// that has the frame before; a session that is new, or missed one, gets a ``snapshot()`` and goes on from there.
///
/// A sweep is `begin`, then any number of `remove`, `add` and `record`, then `finish`; any other order is a mistake in the
/// program and stops it. Slots are small numbers that the caller gives to containers and may give again; the closer their
/// order is to the order of reading, the smaller are the frames.
///
/// What cannot travel costs only itself: a counter beyond ``WireLimits`` counts as not read, a name over its cap as not
/// known, and a container whose ids are over theirs is not added.
public struct SampleEncoder: Sendable {
    /// The number of the last finished sweep; 0 before the first.
    public private(set) var sequence: UInt64 = 0

    private var isSweeping = false
    private var bootTime: UInt64 = 0
    private var realTime: Int64 = 0
    private var node = NodeState()
    /// Index: slot. Both have the same length.
    private var slots: [SlotCounters] = []
    private var identities: [ContainerIdentity?] = []
    private var columns = SampleColumns()

    struct NodeState: Sendable {
        var time: UInt64 = 0
        var cpu: UInt64?
        var memory: UInt64?
        var cpuBase: UInt64 = 0
        var memoryBase: UInt64 = 0
        var earlierTime: UInt64 = 0
        var earlierCPU: UInt64?
    }

    public init() {}

    /// - Parameters:
    ///   - bootTimeMicroseconds: CLOCK_BOOTTIME at the start of the sweep.
    ///   - realTimeMicroseconds: CLOCK_REALTIME at the same moment.
    public mutating func begin(bootTimeMicroseconds: UInt64, realTimeMicroseconds: Int64, node counters: NodeCounters) {
        // A sweep that was begun and never finished leaves no point behind.
        if !isSweeping {
            node.earlierTime = node.time
            node.earlierCPU = node.cpu
            for slot in slots.indices { slots[slot].beginSweep() }
        } else {
            for slot in slots.indices { slots[slot].isRecorded = false }
        }
        isSweeping = true
        bootTime = bootTimeMicroseconds
        realTime = realTimeMicroseconds
        let isTimed = counters.timeMicroseconds <= WireLimits.timeMicroseconds
        node.time = isTimed ? counters.timeMicroseconds : bootTime
        node.cpu = isTimed ? counters.cpuMicroseconds.within(WireLimits.cpuMicroseconds) : nil
        node.memory = counters.memoryKiB.within(WireLimits.memoryKiB)
    }

    /// The container in this slot is gone.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    public mutating func remove(slot: Int) -> Bool {
        precondition(isSweeping, "begin() comes before remove()")
        guard isLive(slot) else { return false }
        slots[slot].vacate()
        identities[slot] = nil
        return true
    }

    /// A container, or new names for the one in this slot (same pod uid and container id). Any other container in the slot
    /// is removed first.
    ///
    /// - Returns: whether it is in the dictionary now; false when the slot number or an id is beyond ``WireLimits``.
    @discardableResult
    public mutating func add(slot: Int, identity: ContainerIdentity) -> Bool {
        precondition(isSweeping, "begin() comes before add()")
        guard (0..<WireLimits.slots).contains(slot), let identity = identity.travelling else { return false }
        while slots.count <= slot {
            slots.append(SlotCounters())
            identities.append(nil)
        }
        if let present = identities[slot] {
            if present == identity { return true }
            if present.isSameContainer(as: identity) {
                identities[slot] = identity
                slots[slot].needsEntry = true
                return true
            }
            remove(slot: slot)
        }
        identities[slot] = identity
        slots[slot].isLive = true
        slots[slot].restart()
        return true
    }

    /// What was read of one container: once per slot and sweep, in any order. A slot that is not recorded counts as read at
    /// the start of the sweep, without either value.
    ///
    /// A CPU counter that goes backwards is another counter: the slot is removed and added again in this frame, no longer
    /// ``ContainerIdentity/born``.
    ///
    /// - Parameters:
    ///   - timeMicroseconds: CLOCK_BOOTTIME when the CPU counter was read.
    ///   - cpuMicroseconds: cumulative.
    public mutating func record(
        slot: Int, timeMicroseconds: UInt64, cpuMicroseconds: UInt64?, memoryKiB: UInt64?
    ) {
        precondition(isSweeping, "begin() comes before record()")
        guard isLive(slot), timeMicroseconds <= WireLimits.timeMicroseconds else { return }
        let cpu = cpuMicroseconds.within(WireLimits.cpuMicroseconds)
        if let cpu, cpu < slots[slot].cpuBase {
            slots[slot].restart()
            identities[slot]?.born = false
        }
        slots[slot].isRecorded = true
        slots[slot].time = timeMicroseconds
        slots[slot].cpu = cpu
        slots[slot].memory = memoryKiB.within(WireLimits.memoryKiB)
    }

    /// The sweep as a difference to the one before; the first is complete.
    ///
    /// - Throws: `invalidState` without `begin`, `invalidValue` for clocks beyond ``WireLimits``; the sweep then stays
    ///   open. `frameTooLarge` when the dictionary does not fit: the sweep counts, its frame is lost to every session.
    public mutating func finish() throws(WireError) -> EncodedFrame {
        guard isSweeping else { throw WireError(.invalidState, "a sweep must be begun before it is finished") }
        guard bootTime <= WireLimits.timeMicroseconds, realTime.magnitude <= WireLimits.timeMicroseconds else {
            throw WireError(.invalidValue, "the clocks say \(bootTime) µs since boot and \(realTime) µs since 1970")
        }
        let before = node
        fillColumns()
        for slot in slots.indices { slots[slot].commit() }
        node.cpuBase = node.cpu ?? node.cpuBase
        node.memoryBase = node.memory ?? node.memoryBase
        isSweeping = false
        sequence += 1
        if sequence == 1 { return try snapshot() }

        let frame = SamplesFrame(
            sequence: sequence, isComplete: false, bootTime: bootTime, realTime: realTime, node: node,
            nodeCPU: Int64(node.cpuBase) - Int64(before.cpuBase),
            nodeMemory: Int64(node.memoryBase) - Int64(before.memoryBase))
        return EncodedFrame(
            sequence: sequence, isComplete: false, bytes: try frame.encoded(columns, identities: identities))
    }

    /// The last finished sweep with everything a decoder needs to start from it, and with the points of the sweep before,
    /// so that a new session has rates at once.
    ///
    /// - Throws: `invalidState` before the first sweep and during one; `frameTooLarge`.
    public func snapshot() throws(WireError) -> EncodedFrame {
        guard sequence > 0, !isSweeping else {
            throw WireError(.invalidState, "a snapshot is of a finished sweep: call finish() first")
        }
        var columns = SampleColumns()
        fillCompleteColumns(&columns)
        let frame = SamplesFrame(
            sequence: sequence, isComplete: true, bootTime: bootTime, realTime: realTime, node: node,
            nodeCPU: Int64(node.cpuBase), nodeMemory: Int64(node.memoryBase))
        return EncodedFrame(
            sequence: sequence, isComplete: true, bytes: try frame.encoded(columns, identities: identities))
    }

    private func isLive(_ slot: Int) -> Bool { slots.indices.contains(slot) && slots[slot].isLive }
}

extension SampleEncoder {
    // Values are within WireLimits, so that every difference below fits.

    private mutating func fillColumns() {
        columns.clear()
        var time = Int64(bootTime)
        for slot in slots.indices {
            if slots[slot].isSent, slots[slot].isNew || !slots[slot].isLive { columns.removed.append(UInt32(slot)) }
            guard slots[slot].isLive else { continue }
            if !slots[slot].isRecorded {
                slots[slot].time = bootTime
                slots[slot].cpu = nil
                slots[slot].memory = nil
            }
            let counters = slots[slot]
            if counters.needsEntry { columns.added.append(UInt32(slot)) }
            if counters.cpu == nil { columns.withoutCPU.append(UInt32(slot)) }
            if counters.memory == nil { columns.withoutMemory.append(UInt32(slot)) }
            // Never below the base: record() has started the slot anew then.
            columns.cpu.append((counters.cpu ?? counters.cpuBase) - counters.cpuBase)
            columns.memory.append(
                Int64(counters.memory ?? counters.memoryBase) - Int64(counters.memoryBase))
            columns.time.append(Int64(counters.time) - time)
            time = Int64(counters.time)
        }
    }

    private func fillCompleteColumns(_ columns: inout SampleColumns) {
        var time = Int64(bootTime)
        var hasEarlier = false
        for slot in slots.indices where slots[slot].isLive {
            let counters = slots[slot]
            columns.added.append(UInt32(slot))
            if counters.cpu == nil { columns.withoutCPU.append(UInt32(slot)) }
            if counters.memory == nil { columns.withoutMemory.append(UInt32(slot)) }
            columns.cpu.append(counters.cpuBase)
            columns.memory.append(Int64(counters.memoryBase))
            columns.time.append(Int64(counters.time) - time)
            time = Int64(counters.time)
            if let earlier = counters.earlierCPU, counters.earlierTime < counters.time, earlier <= counters.cpuBase {
                columns.earlierCPU.append(counters.cpuBase - earlier)
                columns.earlierTime.append(counters.time - counters.earlierTime)
                hasEarlier = true
            } else {
                columns.earlierCPU.append(0)
                columns.earlierTime.append(0)
            }
        }
        if !hasEarlier {
            columns.earlierCPU = []
            columns.earlierTime = []
        }
    }
}

extension ContainerIdentity {
    func isSameContainer(as other: ContainerIdentity) -> Bool {
        podUID == other.podUID && containerID == other.containerID && generation == other.generation
    }

    /// As it can travel; nil when it cannot.
    fileprivate var travelling: ContainerIdentity? {
        guard podUID.fits(WireLimits.podUIDBytes), containerID.fits(WireLimits.containerIDBytes) else { return nil }
        var identity = self
        // Three names tell one container; two of them would tell another.
        if !namespace.fits(WireLimits.namespaceBytes) || !pod.fits(WireLimits.podNameBytes)
            || !container.fits(WireLimits.containerNameBytes)
        {
            identity.namespace = ""
            identity.pod = ""
            identity.container = ""
        }
        if let start = startTimeMicroseconds, start <= 0 || start.magnitude > WireLimits.timeMicroseconds {
            identity.startTimeMicroseconds = nil
        }
        return identity
    }
}

extension String {
    fileprivate func fits(_ cap: Int) -> Bool { utf8.count <= cap && !utf8.contains(0) }
}

extension UInt64? {
    fileprivate func within(_ cap: UInt64) -> UInt64? { flatMap { $0 <= cap ? $0 : nil } }
}
