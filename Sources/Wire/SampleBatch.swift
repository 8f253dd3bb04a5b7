// SPDX-License-Identifier: Apache-2.0

/// One sweep as the agent recorded it: absolute values, whatever travelled. Its storage is reused from frame to frame, and
/// one batch can serve many sessions in turn.
public struct SampleBatch: Equatable, Sendable {
    public internal(set) var sequence: UInt64 = 0
    /// The consumer forgets everything it knows of the session's slots before it applies the rest.
    public internal(set) var isComplete = false
    /// CLOCK_BOOTTIME at the start of the sweep.
    public internal(set) var bootTimeMicroseconds: UInt64 = 0
    /// CLOCK_REALTIME at the start of the sweep.
    public internal(set) var realTimeMicroseconds: Int64 = 0
    public internal(set) var node = NodeCounters(timeMicroseconds: 0, cpuMicroseconds: nil, memoryKiB: nil)
    /// The node's point in the sweep before; complete frames only.
    public internal(set) var nodeEarlier: NodeEarlierPoint?

    /// Slots that stand for nothing any more. Applied before ``added``; ascending.
    public internal(set) var removed: [Int] = []
    /// New slots, and new names for slots in use (same pod uid and container id). Ascending.
    public internal(set) var added: [AddedSlot] = []
    /// One for each slot in the dictionary, ascending.
    public internal(set) var points: [SlotPoint] = []
    /// The points of the sweep before, where there is one; complete frames only. Ascending.
    public internal(set) var earlier: [EarlierPoint] = []

    public init() {}

    /// Forgets all but the points, which ``resizePoints(_:)`` makes place for and the decoder overwrites.
    mutating func clear() {
        nodeEarlier = nil
        if !removed.isEmpty { removed.removeAll(keepingCapacity: true) }
        if !added.isEmpty { added.removeAll(keepingCapacity: true) }
        if !earlier.isEmpty { earlier.removeAll(keepingCapacity: true) }
    }

    /// So many points, of any value.
    mutating func resizePoints(_ count: Int) {
        if points.count > count {
            points.removeLast(points.count - count)
        } else if points.count < count {
            let none = SlotPoint(slot: 0, timeMicroseconds: 0, cpuMicroseconds: nil, memoryKiB: nil)
            points.append(contentsOf: repeatElement(none, count: count - points.count))
        }
    }
}

public struct AddedSlot: Equatable, Sendable {
    public var slot: Int
    public var identity: ContainerIdentity

    public init(slot: Int, identity: ContainerIdentity) {
        self.slot = slot
        self.identity = identity
    }
}

/// A container's CPU counter in the sweep before.
public struct EarlierPoint: Equatable, Sendable {
    public var slot: Int
    public var timeMicroseconds: UInt64
    public var cpuMicroseconds: UInt64

    public init(slot: Int, timeMicroseconds: UInt64, cpuMicroseconds: UInt64) {
        self.slot = slot
        self.timeMicroseconds = timeMicroseconds
        self.cpuMicroseconds = cpuMicroseconds
    }
}

/// The node's CPU counter in the sweep before.
public struct NodeEarlierPoint: Equatable, Sendable {
    public var timeMicroseconds: UInt64
    public var cpuMicroseconds: UInt64

    public init(timeMicroseconds: UInt64, cpuMicroseconds: UInt64) {
        self.timeMicroseconds = timeMicroseconds
        self.cpuMicroseconds = cpuMicroseconds
    }
}
