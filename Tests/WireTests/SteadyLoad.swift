// SPDX-License-Identifier: Apache-2.0

import Wire

/// A node in its everyday life: nothing comes or goes, containers idle or work, memory moves slowly.
struct SteadyLoad {
    private let node: Int
    private var random: Generator
    /// Where the next sweep is on this load's own clock, or the last one on its caller's.
    private var bootTime: UInt64 = 86_400_000_000 * 30
    private var nodeCPU: UInt64 = 86_400_000_000 * 90
    private var nodeMemory: UInt64 = 48 << 20
    private var containers: [(rate: Double, cpu: UInt64, memory: UInt64)] = []
    /// Microseconds.
    let interval: UInt64 = 5_000_000

    /// - Parameter node: another number is another node, with other containers.
    init(containers count: Int, node: Int = 0) {
        self.node = node
        random = Generator(seed: 42 &+ UInt64(node))
        for _ in 0..<count {
            // Cores in use, log-normal: median 15 mCPU, one in a hundred above 1.6 cores; one in twelve idles entirely.
            let rate = random.chance(8) ? 0 : min(8, 0.015 * exponential(2 * gaussian()))
            containers.append(
                (rate, .random(in: 0...(1 << 40), using: &random), .random(in: 2_000...4_000_000, using: &random)))
        }
    }

    /// A sweep an interval after the last.
    mutating func sweep(_ encoder: inout SampleEncoder) {
        let start = bootTime + interval + .random(in: 0...400, using: &random)
        sweep(
            &encoder, bootTimeMicroseconds: start, realTimeMicroseconds: 1_790_000_000_000_000 + Int64(start),
            elapsedMicroseconds: interval)
    }

    /// A sweep at a moment of the caller's choice.
    mutating func sweep(
        _ encoder: inout SampleEncoder, bootTimeMicroseconds: UInt64, realTimeMicroseconds: Int64,
        elapsedMicroseconds: UInt64
    ) {
        bootTime = bootTimeMicroseconds
        nodeCPU += .random(in: 8_000_000...20_000_000, using: &random)
        nodeMemory = nodeMemory &+ .random(in: 0...20_000, using: &random) - 10_000
        var time = bootTime + .random(in: 30...90, using: &random)
        encoder.begin(
            bootTimeMicroseconds: bootTime, realTimeMicroseconds: realTimeMicroseconds,
            node: NodeCounters(timeMicroseconds: time, cpuMicroseconds: nodeCPU, memoryKiB: nodeMemory))
        for slot in containers.indices {
            if encoder.sequence == 0 { encoder.add(slot: slot, identity: identity(slot)) }
            // 20-60 µs a container; now and then the sampler loses the processor for a moment.
            time +=
                .random(in: 20...60, using: &random) + (random.chance(2) ? .random(in: 0...3_000, using: &random) : 0)
            containers[slot].cpu += UInt64(
                containers[slot].rate * Double(elapsedMicroseconds) * Double.random(in: 0.5...1.5, using: &random))
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
    private func identity(_ slot: Int) -> ContainerIdentity {
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
        (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0..<1, using: &random) }
    }

    private func exponential(_ value: Double) -> Double {
        // (1 + x/n)^n.
        var result = 1 + value / 1_048_576
        for _ in 0..<20 { result *= result }
        return result
    }
}
