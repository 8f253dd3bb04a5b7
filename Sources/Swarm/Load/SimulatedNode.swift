// SPDX-License-Identifier: Apache-2.0
import Wire

/// A node without a kernel: made-up counters in the agents' own encoder. No I/O, no clock.
struct SimulatedNode {
    /// Among all nodes of the swarm.
    let index: Int

    private let shape: NodeShape
    private var load: SteadyLoad
    private var encoder = SampleEncoder()
    private var random: Generator
    /// How often each unit of churn was replaced.
    private var replaced: [Int32]
    private var lastSweep: UInt64?
    /// Containers that were replaced up to now.
    private(set) var replacements = 0
    /// Pods that the last sweep replaced, and how often each was replaced up to now.
    private(set) var replacedPods: [(pod: Int, generation: Int)] = []

    init(index: Int, shape: NodeShape) {
        self.index = index
        self.shape = shape
        load = SteadyLoad(containers: shape.containers, node: index, seed: shape.seed)
        // Apart from the load's, so that its counters are the same with and without churn.
        random = Generator(seed: ~(shape.seed &+ UInt64(index)))
        replaced = Array(repeating: 0, count: shape.churnUnit == .pods ? shape.pods : shape.containers)
    }

    /// The last sweep's number; 0: there was none.
    var sequence: UInt64 { encoder.sequence }

    private var unitSize: Int { shape.churnUnit == .pods ? shape.containersPerPod : 1 }

    /// - Parameters:
    ///   - bootTimeMicroseconds: when the sweep starts; its containers are read within 100 µs each.
    ///   - usualMicroseconds: what passed before the first sweep.
    mutating func sweep(
        bootTimeMicroseconds: UInt64, realTimeMicroseconds: Int64, usualMicroseconds: UInt64, names: NameScheme
    ) throws(WireError) -> EncodedFrame {
        let elapsed = lastSweep.map { bootTimeMicroseconds - min($0, bootTimeMicroseconds) } ?? usualMicroseconds
        replacedPods.removeAll()
        if lastSweep != nil { replace(elapsedMicroseconds: elapsed) }
        lastSweep = bootTimeMicroseconds
        let start = realTimeMicroseconds - Int64(elapsed / 2)
        let identities = (index: index, shape: shape, replaced: replaced, isFirst: encoder.sequence == 0)
        load.sweep(
            &encoder, bootTimeMicroseconds: bootTimeMicroseconds, realTimeMicroseconds: realTimeMicroseconds,
            elapsedMicroseconds: elapsed
        ) { slot in
            Self.identity(
                slot, node: identities.index, shape: identities.shape, replaced: identities.replaced,
                // What was there before the swarm came is a day old.
                startMicroseconds: identities.isFirst ? realTimeMicroseconds - 86_400_000_000 : start,
                born: !identities.isFirst, names: names)
        }
        return try encoder.finish()
    }

    func snapshot() throws(WireError) -> EncodedFrame { try encoder.snapshot() }

    private mutating func replace(elapsedMicroseconds: UInt64) {
        let chance = shape.churn * Double(elapsedMicroseconds) / 60_000_000
        guard chance > 0 else { return }
        for unit in replaced.indices where random.unit() < chance {
            replaced[unit] += 1
            replacements += unitSize
            if shape.churnUnit == .pods { replacedPods.append((unit, Int(replaced[unit]))) }
            for slot in unit * unitSize..<(unit + 1) * unitSize { load.replace(slot: slot) }
        }
    }

    private static func identity(
        _ slot: Int, node: Int, shape: NodeShape, replaced: [Int32], startMicroseconds: Int64, born: Bool,
        names: NameScheme
    ) -> ContainerIdentity {
        let pod = slot / shape.containersPerPod
        let generation = shape.churnUnit == .pods ? Int(replaced[pod]) : 0
        let restart = shape.churnUnit == .pods ? generation : Int(replaced[slot])
        return ContainerIdentity(
            podUID: NameScheme.podUID(node: node, pod: pod, generation: generation),
            containerID: NameScheme.containerID(node: node, slot: slot, restart: restart),
            namespace: names.namespace(node: node, pod: pod),
            pod: names.pod.text(node: node, pod: pod, generation: generation),
            container: NameScheme.containerName(slot % shape.containersPerPod),
            startTimeMicroseconds: startMicroseconds, born: born)
    }
}
