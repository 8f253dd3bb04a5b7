// SPDX-License-Identifier: Apache-2.0
import Wire

/// What stays the same about a container while it has its slot, and its place among the containers of its pod. A restart is
/// another container id, and so another container.
struct ContainerEntry: Sendable {
    /// Of slots and pods: there is none. Slots, and so pods, are fewer; see `WireLimits.slots`.
    static let none = UInt16.max

    private let containerID: PackedContainerID
    /// The agent saw the cgroup appear.
    private(set) var isBorn: Bool
    /// The agent said what its pod is called.
    private(set) var namesPod: Bool
    /// In `NodeDictionary.pods`; `none` for a slot that is free.
    var pod = Self.none
    /// The pod's next container in order of names, by its slot; `none` after the last.
    var next = Self.none
    /// The cgroup's inode; 0: not known.
    private let generation: UInt64
    /// Unix time, µs, by the node's clock; `.min` while it is not known, so that it is before any other.
    private(set) var startMicroseconds: Int64
    /// Empty while it is not known.
    private(set) var name: String

    init(_ identity: ContainerIdentity) {
        containerID = PackedContainerID(identity.containerID)
        generation = identity.generation
        isBorn = identity.born
        namesPod = !identity.pod.isEmpty
        startMicroseconds = identity.startTimeMicroseconds ?? .min
        name = SharedNames.all.shared(identity.container)
    }

    /// A slot that is free.
    static let vacant = ContainerEntry(ContainerIdentity(podUID: "", containerID: ""))

    var isVacant: Bool { pod == Self.none }

    /// The same container in no pod yet.
    var detached: ContainerEntry {
        var entry = self
        (entry.pod, entry.next) = (Self.none, Self.none)
        return entry
    }

    var id: String { containerID.text }

    var startTimeMicroseconds: Int64? { startMicroseconds == .min ? nil : startMicroseconds }

    /// What stays the same for a container's whole life; within its pod.
    var key: Key { Key(containerID: containerID, generation: generation) }

    struct Key: Hashable, Sendable {
        let containerID: PackedContainerID
        let generation: UInt64
    }

    /// What the agent says now. Names that were known stay when it has none: a container never changes its name, and an
    /// agent that was restarted may not find it a second time.
    mutating func update(_ now: ContainerEntry) {
        isBorn = now.isBorn
        startMicroseconds = now.startMicroseconds
        if now.name.isEmpty, !name.isEmpty { return }
        (name, namesPod) = (now.name, now.namesPod)
    }

    /// The names have become known.
    mutating func name(_ name: String) {
        (self.name, namesPod) = (SharedNames.all.shared(name), true)
    }

    /// A container that was seen being born has used no CPU at its start, so its first sample gives a rate already.
    /// - Parameter first: when its counter was first read, boot clock, µs.
    func birth(before first: UInt64, clock: NodeClock) -> CounterPoint? {
        guard isBorn, let start = startTimeMicroseconds, let boot = clock.bootMicroseconds(unixMicroseconds: start),
            boot < first
        else { return nil }
        return CounterPoint(timeMicroseconds: boot, cpuMicroseconds: 0)
    }
}
