// SPDX-License-Identifier: Apache-2.0

import Wire

/// A node in its everyday life: nothing comes or goes, containers idle or work, memory moves slowly.
struct SteadyLoad {
    private var random = Generator(seed: 42)
    private var bootTime: UInt64 = 86_400_000_000 * 30
    private var nodeCPU: UInt64 = 86_400_000_000 * 90
    private var nodeMemory: UInt64 = 48 << 20
    private var containers: [(rate: Double, cpu: UInt64, memory: UInt64)] = []
    /// Microseconds.
    let interval: UInt64 = 5_000_000

    init(containers count: Int) {
        for _ in 0..<count {
            // Cores in use, log-normal: median 15 mCPU, one in a hundred above 1.6 cores; one in twelve idles entirely.
            let rate = random.chance(8) ? 0 : min(8, 0.015 * exponential(2 * gaussian()))
            containers.append(
                (rate, .random(in: 0...(1 << 40), using: &random), .random(in: 2_000...4_000_000, using: &random)))
        }
    }

    mutating func sweep(_ encoder: inout SampleEncoder) {
        bootTime += interval + .random(in: 0...400, using: &random)
        nodeCPU += .random(in: 8_000_000...20_000_000, using: &random)
        nodeMemory = nodeMemory &+ .random(in: 0...20_000, using: &random) - 10_000
        var time = bootTime + .random(in: 30...90, using: &random)
        encoder.begin(
            bootTimeMicroseconds: bootTime, realTimeMicroseconds: 1_790_000_000_000_000 + Int64(bootTime),
            node: NodeCounters(timeMicroseconds: time, cpuMicroseconds: nodeCPU, memoryKiB: nodeMemory))
        for slot in containers.indices {
            if encoder.sequence == 0 { encoder.add(slot: slot, identity: identity(slot)) }
            // 20-60 µs a container; now and then the sampler loses the processor for a moment.
            time +=
                .random(in: 20...60, using: &random) + (random.chance(2) ? .random(in: 0...3_000, using: &random) : 0)
            containers[slot].cpu += UInt64(
                containers[slot].rate * Double(interval) * Double.random(in: 0.5...1.5, using: &random))
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

    private func identity(_ slot: Int) -> ContainerIdentity {
        let id = String(slot, radix: 16)
        return ContainerIdentity(
            podUID: "6f1c9a52-0d5e-4a6e-9d5f-\(String(repeating: "0", count: 12 - id.count))\(id)",
            containerID: String(repeating: "c", count: 64 - id.count) + id, namespace: "production",
            pod: "checkout-7c9f6d5b8-\(id)", container: "server", startTimeMicroseconds: 1_790_000_000_000_000,
            born: true)
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
