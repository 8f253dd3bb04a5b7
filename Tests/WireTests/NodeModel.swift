// SPDX-License-Identifier: Apache-2.0

import Wire

/// A node as a test drives it, and what every decoder must say about its last sweep.
struct NodeModel {
    struct Container {
        var identity: ContainerIdentity
        var cpu: UInt64
        var memory: UInt64
        /// The last value that was recorded, in any sweep.
        var lastCPU: UInt64 = 0
        var isNew = true
        var point: SlotPoint?
        var before: SlotPoint?
    }

    var containers: [Int: Container] = [:]
    var bootTime: UInt64 = 10_000_000
    var realTime: Int64 = 1_700_000_000_000_000
    var node = NodeCounters(timeMicroseconds: 0, cpuMicroseconds: nil, memoryKiB: nil)
    var nodeBefore: NodeCounters?
    var sweeps = 0
    /// What the last sweep changed.
    var removed: Set<Int> = []
    var added: Set<Int> = []
    private var made = 0

    /// Slots up to here are used, so that they are used again soon.
    let slotLimit: Int

    init(slotLimit: Int) { self.slotLimit = slotLimit }

    var dictionary: [Int: ContainerIdentity] { containers.mapValues(\.identity) }

    var points: [SlotPoint] { containers.sorted { $0.key < $1.key }.compactMap(\.value.point) }

    /// What a snapshot knows about the sweep before.
    var earlier: [EarlierPoint] {
        containers.sorted { $0.key < $1.key }.compactMap { slot, container in
            guard let before = container.before, let cpu = before.cpuMicroseconds, let point = container.point,
                before.timeMicroseconds < point.timeMicroseconds
            else { return nil }
            return EarlierPoint(slot: slot, timeMicroseconds: before.timeMicroseconds, cpuMicroseconds: cpu)
        }
    }

    var nodeEarlier: NodeEarlierPoint? {
        guard let nodeBefore, let cpu = nodeBefore.cpuMicroseconds, nodeBefore.timeMicroseconds < node.timeMicroseconds
        else { return nil }
        return NodeEarlierPoint(timeMicroseconds: nodeBefore.timeMicroseconds, cpuMicroseconds: cpu)
    }

    /// One sweep in which anything may happen, told to the encoder in a random order.
    mutating func sweep(_ encoder: inout SampleEncoder, _ random: inout Generator) {
        bootTime += .random(in: 1...6_000_000, using: &random)
        realTime += .random(in: -1_000_000...6_000_000, using: &random)
        removed = []
        added = []
        // Compared across frames: a decoder knows the last value even when a sweep had none.
        let lastCPU = lastNodeCPU
        nodeBefore = sweeps == 0 ? nil : node
        node = NodeCounters(
            timeMicroseconds: bootTime + .random(in: 0...90_000, using: &random),
            cpuMicroseconds: random.chance(90) ? lastCPU + .random(in: 0...50_000_000, using: &random) : nil,
            memoryKiB: random.chance(90) ? .random(in: 0...(1 << 30), using: &random) : nil)
        lastNodeCPU = node.cpuMicroseconds ?? lastCPU
        encoder.begin(bootTimeMicroseconds: bootTime, realTimeMicroseconds: realTime, node: node)
        containers = containers.mapValues { container in
            var container = container
            container.before = container.point
            container.point = nil
            return container
        }
        changeDictionary(&encoder, &random)
        for slot in containers.keys.sorted().shuffled(using: &random) { read(slot, &encoder, &random) }
        sweeps += 1
    }

    private var lastNodeCPU: UInt64 = 0

    private mutating func changeDictionary(_ encoder: inout SampleEncoder, _ random: inout Generator) {
        let known = Set(containers.filter { !$0.value.isNew }.keys)
        for slot in containers.keys.sorted() where random.chance(8) {
            encoder.remove(slot: slot)
            containers[slot] = nil
            added.remove(slot)
            removed.insert(slot)
        }
        for slot in containers.keys.sorted() where random.chance(8) {
            guard var container = containers[slot] else { continue }
            container.identity.namespace = "ns-\(Int.random(in: 0...3, using: &random))"
            container.identity.pod = "pod-é-\(Int.random(in: 0...3, using: &random))"
            container.identity.container = "c"
            if container.identity != containers[slot]?.identity { added.insert(slot) }
            encoder.add(slot: slot, identity: container.identity)
            containers[slot] = container
        }
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let slot = Int.random(in: 0..<slotLimit, using: &random)
            let identity = newIdentity(&random)
            // A slot in use: the encoder removes the old container itself.
            encoder.add(slot: slot, identity: identity)
            if containers[slot] != nil { removed.insert(slot) }
            containers[slot] = Container(
                identity: identity, cpu: .random(in: 0...(1 << 40), using: &random),
                memory: .random(in: 0...(1 << 24), using: &random))
            added.insert(slot)
        }
        if random.chance(5) {
            // Came and went between two sweeps.
            let slot = slotLimit + 3
            encoder.add(slot: slot, identity: newIdentity(&random))
            encoder.remove(slot: slot)
        }
        removed.formIntersection(known)
    }

    private mutating func read(_ slot: Int, _ encoder: inout SampleEncoder, _ random: inout Generator) {
        guard var container = containers[slot] else { return }
        defer {
            container.isNew = false
            containers[slot] = container
        }
        if random.chance(4) {
            container.point = SlotPoint(
                slot: slot, timeMicroseconds: bootTime, cpuMicroseconds: nil, memoryKiB: nil)
            return
        }
        let bits = Int.random(in: 1...30, using: &random)
        container.cpu += random.chance(30) ? 0 : .random(in: 0...(1 << bits), using: &random)
        if random.chance(3) { container.cpu /= 2 }
        container.memory = random.chance(50) ? container.memory : .random(in: 0...(1 << 24), using: &random)
        // Some clocks stand still, some readings come late.
        let point = SlotPoint(
            slot: slot, timeMicroseconds: bootTime + (random.chance(5) ? 0 : .random(in: 0...200_000, using: &random)),
            cpuMicroseconds: random.chance(93) ? container.cpu : nil,
            memoryKiB: random.chance(93) ? container.memory : nil)
        if let cpu = point.cpuMicroseconds {
            if cpu < container.lastCPU {
                if !container.isNew { removed.insert(slot) }
                added.insert(slot)
                container.identity.born = false
                container.before = nil
            }
            container.lastCPU = cpu
        }
        container.point = point
        encoder.record(
            slot: slot, timeMicroseconds: point.timeMicroseconds, cpuMicroseconds: point.cpuMicroseconds,
            memoryKiB: point.memoryKiB)
    }

    private mutating func newIdentity(_ random: inout Generator) -> ContainerIdentity {
        made += 1
        let hex = (0..<64).map { _ in "0123456789abcdef".randomElement(using: &random).map(String.init) ?? "" }.joined()
        let forms = [hex, hex, hex, hex.uppercased(), String(hex.prefix(32)), "crio-\(made)", "", hex + "0"]
        return ContainerIdentity(
            podUID: "uid-\(made)-é", containerID: forms.randomElement(using: &random) ?? hex,
            namespace: random.chance(50) ? "kube-system" : "", pod: random.chance(50) ? "coredns-\(made)" : "",
            container: random.chance(50) ? "coredns" : "",
            startTimeMicroseconds: random.chance(70) ? realTime - .random(in: 0...1_000_000, using: &random) : nil,
            born: random.chance(50), generation: random.chance(50) ? .random(in: 1...(1 << 48), using: &random) : 0)
    }
}
