// SPDX-License-Identifier: Apache-2.0
import Wire

/// What the slots of a node's session stand for, and which pods their containers are in. A value without locks.
struct NodeDictionary: Sendable {
    /// By slot.
    private(set) var containers: [ContainerEntry] = []
    /// A pod keeps its number for as long as it has a container.
    private(set) var pods: [PodEntry] = []
    private var freePods: [UInt16] = []
    private var contestedCount = 0
    /// Slot → since when its container could have been named, boot clock, µs; of those that have no name.
    private(set) var nameless: [Int: UInt64] = [:]

    /// When a sweep was, to tell the age of containers.
    struct Moment {
        let clock: NodeClock
        /// Boot clock, µs.
        let sweptMicroseconds: UInt64
    }

    // MARK: Frames

    /// Takes new slots, and new names for slots in use.
    /// - Returns: the slots that stand for another container now.
    mutating func add(_ added: [AddedSlot], at moment: Moment, _ claims: some PodClaims) -> [Int] {
        var numbers = PodNumbers(pods, lookups: added.count)
        var begun: [Int] = []
        makeRoom(for: added)
        for addition in added {
            let (slot, entry) = (addition.slot, ContainerEntry(addition.identity))
            let uid = PodUID(addition.identity.podUID)
            let known = containers[slot]
            if !known.isVacant, pods[Int(known.pod)].uid == uid, known.key == entry.key {
                rename(slot, entry, addition.identity, moment)
            } else {
                remove(slot, claims)
                put(entry, in: slot, of: uid, &numbers, claims)
                callPod(of: slot, addition.identity)
                noteName(slot, moment)
                begun.append(slot)
            }
        }
        return begun
    }

    mutating func remove(_ slot: Int, _ claims: some PodClaims) {
        guard slot < containers.count, !containers[slot].isVacant else { return }
        let pod = Int(containers[slot].pod)
        unlink(slot)
        containers[slot] = .vacant
        nameless[slot] = nil
        pods[pod].containerCount -= 1
        if pods[pod].containerCount == 0 { vacate(pod, claims) }
    }

    /// Starts anew, as a complete frame does. Pods that stay keep their owner, without a moment in which another could take
    /// them, and containers that stay keep the names that the agent no longer has.
    /// - Returns: by slot, which slot its container had before; `ContainerEntry.none` for one that is new.
    mutating func replace(with added: [AddedSlot], at moment: Moment, _ claims: some PodClaims) -> [UInt16] {
        let before = containers
        var slots: [Known: UInt16] = [:]
        slots.reserveCapacity(before.count)
        for slot in before.indices where !before[slot].isVacant {
            slots[Known(pod: before[slot].pod, key: before[slot].key)] = UInt16(slot)
        }
        for pod in pods.indices { (pods[pod].first, pods[pod].containerCount) = (ContainerEntry.none, 0) }
        containers = []
        nameless.removeAll()
        var numbers = PodNumbers(pods, lookups: added.count)
        makeRoom(for: added)
        var origins = Array(repeating: ContainerEntry.none, count: containers.count)
        for addition in added {
            let (slot, entry) = (addition.slot, ContainerEntry(addition.identity))
            let uid = PodUID(addition.identity.podUID)
            let known = numbers.number(of: uid, in: pods).flatMap { slots[Known(pod: $0, key: entry.key)] }
            if let known {
                put(before[Int(known)].detached, in: slot, of: uid, &numbers, claims)
                rename(slot, entry, addition.identity, moment)
                origins[slot] = known
            } else {
                put(entry, in: slot, of: uid, &numbers, claims)
                callPod(of: slot, addition.identity)
                noteName(slot, moment)
            }
        }
        for pod in pods.indices where pods[pod].standing != .vacant && pods[pod].containerCount == 0 {
            vacate(pod, claims)
        }
        return origins
    }

    private struct Known: Hashable {
        let pod: UInt16
        let key: ContainerEntry.Key
    }

    // MARK: Claims

    /// Claims the pods again that are another node's.
    mutating func claimAgain(_ claims: some PodClaims) {
        guard contestedCount > 0 else { return }
        for pod in pods.indices
        where pods[pod].standing == .contested && claims.claim(pods[pod].uid, as: UInt16(pod)) {
            pods[pod].standing = .owned
            contestedCount -= 1
        }
    }

    /// Gives all pods back, for other nodes to report.
    func release(_ claims: some PodClaims) {
        for pod in pods where pod.standing == .owned { claims.release(pod.uid) }
    }

    private mutating func vacate(_ pod: Int, _ claims: some PodClaims) {
        if pods[pod].standing == .owned { claims.release(pods[pod].uid) } else { contestedCount -= 1 }
        pods[pod] = PodEntry(pods[pod].uid, .vacant)
        freePods.append(UInt16(pod))
    }

    // MARK: Slots

    private mutating func makeRoom(for added: [AddedSlot]) {
        let count = (added.last?.slot ?? -1) + 1
        guard count > containers.count else { return }
        // An array that grows by itself takes twice the room.
        containers.reserveCapacity(containers.isEmpty ? count : count + count / 8)
        while containers.count < count { containers.append(.vacant) }
    }

    private mutating func put(
        _ entry: ContainerEntry, in slot: Int, of uid: PodUID, _ numbers: inout PodNumbers, _ claims: some PodClaims
    ) {
        let pod = numbers.number(of: uid, in: pods) ?? makePod(uid, &numbers, claims)
        containers[slot] = entry
        containers[slot].pod = pod
        pods[Int(pod)].containerCount += 1
        link(slot)
    }

    private mutating func makePod(_ uid: PodUID, _ numbers: inout PodNumbers, _ claims: some PodClaims) -> UInt16 {
        let pod = freePods.popLast() ?? UInt16(pods.count)
        let isOwned = claims.claim(uid, as: pod)
        if !isOwned {
            claims.refused(uid)
            contestedCount += 1
        }
        let entry = PodEntry(uid, isOwned ? .owned : .contested)
        if Int(pod) == pods.count { pods.append(entry) } else { pods[Int(pod)] = entry }
        numbers.note(uid, pod)
        return pod
    }

    /// Puts a container among those of its pod, in order of names, behind those of the same name.
    private mutating func link(_ slot: Int) {
        let pod = Int(containers[slot].pod)
        var (before, next) = (ContainerEntry.none, pods[pod].first)
        var steps = 0
        while next != ContainerEntry.none, containers[Int(next)].name <= containers[slot].name {
            (before, next) = (next, containers[Int(next)].next)
            steps += 1
            if steps == Self.sortedContainers {
                pods[pod].isSorted = false
                break
            }
        }
        containers[slot].next = next
        setNext(of: before, in: pod, to: UInt16(slot))
    }

    /// No pod has as many containers. Of an agent that makes them up they are not sorted one by one.
    private static let sortedContainers = 64

    private mutating func unlink(_ slot: Int) {
        let pod = Int(containers[slot].pod)
        var (before, at) = (ContainerEntry.none, pods[pod].first)
        while at != UInt16(slot) { (before, at) = (at, containers[Int(at)].next) }
        setNext(of: before, in: pod, to: containers[slot].next)
    }

    private mutating func setNext(of slot: UInt16, in pod: Int, to next: UInt16) {
        if slot == ContainerEntry.none { pods[pod].first = next } else { containers[Int(slot)].next = next }
    }
}

// MARK: Names

extension NodeDictionary {
    private mutating func rename(
        _ slot: Int, _ entry: ContainerEntry, _ identity: ContainerIdentity, _ moment: Moment
    ) {
        let keepsName = entry.name.isEmpty && !containers[slot].name.isEmpty
        let isMoved = !keepsName && containers[slot].name != entry.name
        if isMoved { unlink(slot) }
        containers[slot].update(entry)
        if isMoved { link(slot) }
        if !keepsName { callPod(of: slot, identity) }
        noteName(slot, moment)
    }

    private mutating func callPod(of slot: Int, _ identity: ContainerIdentity) {
        guard !identity.pod.isEmpty else { return }
        pods[Int(containers[slot].pod)].name(identity.pod, namespace: identity.namespace)
    }

    /// Keeps `nameless` true for a slot whose container was added or renamed.
    private mutating func noteName(_ slot: Int, _ moment: Moment) {
        guard containers[slot].name.isEmpty else {
            if !nameless.isEmpty { nameless[slot] = nil }
            return
        }
        // What started before it was reported has had its time already, such as when the agent was restarted.
        let started = containers[slot].startTimeMicroseconds
            .flatMap { moment.clock.bootMicroseconds(unixMicroseconds: $0) }
        let swept = moment.sweptMicroseconds
        nameless[slot] = min(nameless[slot] ?? swept, started ?? swept)
    }

    /// Names containers of one pod that the agent could not name; those that have a name keep it.
    /// - Parameter names: by the container's id.
    /// - Returns: how many were named.
    mutating func join(_ names: [String: String], pod: (uid: String, namespace: String, name: String)) -> Int {
        guard let number = number(ofPod: PodUID(pod.uid)), pods[number].standing == .owned else { return 0 }
        var joined = 0
        for slot in slots(ofPod: number) where nameless[slot] != nil {
            guard let name = names[containers[slot].id] else { continue }
            unlink(slot)
            containers[slot].name(name)
            link(slot)
            pods[number].name(pod.name, namespace: pod.namespace)
            if !name.isEmpty { nameless[slot] = nil }
            joined += 1
        }
        return joined
    }

    // MARK: Looking up

    /// Looks at every pod.
    func number(ofPod uid: PodUID) -> Int? { pods.firstIndex { $0.standing != .vacant && $0.uid == uid } }

    /// In order of names.
    func slots(ofPod number: Int) -> [Int] {
        var slots: [Int] = []
        var slot = pods[number].first
        while slot != ContainerEntry.none {
            slots.append(Int(slot))
            slot = containers[Int(slot)].next
        }
        return slots
    }
}
