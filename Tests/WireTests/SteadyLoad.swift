// SPDX-License-Identifier: Apache-2.0

import Wire

/// A node in its everyday life: containers idle or work, memory moves slowly, and none comes or goes unless it is replaced.
struct SteadyLoad {
    private struct Container {
        /// Cores in use.
        var rate: Double
        /// µs.
        var cpu: UInt64
        /// KiB.
        var memory: UInt64
        /// The encoder has not heard of it.
        var isNew = true
    }

    private let node: Int
    private var random: Generator
    /// Where the next sweep is on this load's own clock, or the last one on its caller's.
    private var bootTime: UInt64 = 86_400_000_000 * 30
    private var nodeCPU: UInt64 = 86_400_000_000 * 90
    private var nodeMemory: UInt64 = 48 << 20
    private var containers: [Container] = []
    /// Microseconds.
    let interval: UInt64 = 5_000_000

    /// - Parameter node: another number is another node, with other containers.
    init(containers count: Int, node: Int = 0, seed: UInt64 = 42) {
        self.node = node
        random = Generator(seed: seed &+ UInt64(node))
        containers.reserveCapacity(count)
        for _ in 0..<count {
            let rate = rate()
            containers.append(
                Container(
                    rate: rate, cpu: .random(in: 0...(1 << 40), using: &random),
                    memory: .random(in: 2_000...4_000_000, using: &random)))
        }
    }

    /// Cores in use, log-normal: median 15 mCPU, one in a hundred above 1.6 cores; one in twelve idles entirely.
    private mutating func rate() -> Double { random.chance(8) ? 0 : min(8, 0.015 * exponential(2 * gaussian())) }

    /// Another container takes the slot; it was started half-way to the next sweep.
    mutating func replace(slot: Int) {
        let rate = rate()
        containers[slot] = Container(rate: rate, cpu: 0, memory: .random(in: 2_000...400_000, using: &random))
    }

    /// A sweep an interval after the last.
    mutating func sweep(_ encoder: inout SampleEncoder) {
        let start = bootTime + interval + .random(in: 0...400, using: &random)
        sweep(
            &encoder, bootTimeMicroseconds: start, realTimeMicroseconds: 1_790_000_000_000_000 + Int64(start),
            elapsedMicroseconds: interval
        ) { [node] in Self.identity($0, node: node) }
    }

    /// A sweep at a moment of the caller's choice.
    /// - Parameter identity: asked for the slots whose containers are new.
    mutating func sweep(
        _ encoder: inout SampleEncoder, bootTimeMicroseconds: UInt64, realTimeMicroseconds: Int64,
        elapsedMicroseconds: UInt64, identity: (Int) -> ContainerIdentity
    ) {
        bootTime = bootTimeMicroseconds
        nodeCPU += .random(in: 8_000_000...20_000_000, using: &random)
        nodeMemory = nodeMemory &+ .random(in: 0...20_000, using: &random) - 10_000
        var time = bootTime + .random(in: 30...90, using: &random)
        encoder.begin(
            bootTimeMicroseconds: bootTime, realTimeMicroseconds: realTimeMicroseconds,
            node: NodeCounters(timeMicroseconds: time, cpuMicroseconds: nodeCPU, memoryKiB: nodeMemory))
        for slot in containers.indices {
            let span = containers[slot].isNew ? elapsedMicroseconds / 2 : elapsedMicroseconds
            if containers[slot].isNew {
                encoder.add(slot: slot, identity: identity(slot))
                containers[slot].isNew = false
            }
            // 20-60 µs a container; now and then the sampler loses the processor for a moment.
            time +=
                .random(in: 20...60, using: &random) + (random.chance(2) ? .random(in: 0...3_000, using: &random) : 0)
            containers[slot].cpu += UInt64(
                containers[slot].rate * Double(span) * (0.5 + random.unit()))
            if random.chance(60) {
                let step = UInt64(exponential(4 + 1.5 * gaussian()))
                let memory = containers[slot].memory
                containers[slot].memory = random.chance(50) ? memory + step : memory - min(step, memory)
            }
            encoder.record(
                slot: slot, timeMicroseconds: time, cpuMicroseconds: containers[slot].cpu,
                memoryKiB: containers[slot].memory)
        }
    }

    /// Two containers a pod.
    private static func identity(_ slot: Int, node: Int) -> ContainerIdentity {
        let pod = String(node << 16 | slot / 2, radix: 16)
        let id = String(node << 16 | slot, radix: 16)
        return ContainerIdentity(
            podUID: "6f1c9a52-0d5e-4a6e-9d5f-\(String(repeating: "0", count: 12 - pod.count))\(pod)",
            containerID: String(repeating: "c", count: 64 - id.count) + id, namespace: "production",
            pod: "checkout-7c9f6d5b8-\(pod)", container: slot % 2 == 0 ? "server" : "log-shipper",
            startTimeMicroseconds: 1_780_000_000_000_000, born: false)
    }

    private mutating func gaussian() -> Double {
        // Irwin-Hall: near enough, and the same on every libc.
        (0..<12).reduce(-6) { sum, _ in sum + random.unit() }
    }

    private func exponential(_ value: Double) -> Double {
        // (1 + x/n)^n.
        var result = 1 + value / 1_048_576
        for _ in 0..<20 { result *= result }
        return result
    }
}
