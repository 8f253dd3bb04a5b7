// SPDX-License-Identifier: Apache-2.0

import AllocationCounting
import Testing

@testable import Wire

@Suite("Steady state")
struct SteadyStateTests {
    /// Bodies of so many frames, the first one complete.
    private func bodies(containers: Int, count: Int) throws -> [[UInt8]] {
        var load = SteadyLoad(containers: containers)
        var encoder = SampleEncoder()
        return try (0..<count).map { _ in
            load.sweep(&encoder)
            return try encoder.finish().body
        }
    }

    private static let counts = AllocationCounting_works()

    @Test(
        "decoding a frame that changes no dictionary allocates nothing",
        .enabled(if: counts, "a sanitizer has its own allocation functions"), arguments: [1, 60, 250])
    func noAllocation(containers: Int) throws {
        let bodies = try bodies(containers: containers, count: 40)
        var decoder = AgentFrameDecoder()
        var batch = SampleBatch()
        // The first frame makes the dictionary and the batch's storage.
        _ = try decoder.decode(body: bodies[0], into: &batch)
        let before = AllocationCounting_count()
        var taken = 0
        // A `for` loop over a collection allocates by itself when it is not optimized.
        while taken + 1 < bodies.count, case .samples = try decoder.decode(body: bodies[taken + 1], into: &batch) {
            taken += 1
        }
        let allocations = AllocationCounting_count() - before
        #expect(allocations == 0)
        #expect(taken == bodies.count - 1)
        // The counter counts.
        let kept = [UInt8](repeating: 1, count: taken)
        #expect(AllocationCounting_count() > before + allocations && kept.count == taken)
    }

    @Test(
        "a session holds 24 bytes a container between frames, and one block's overhead",
        .enabled(if: counts, "a sanitizer has its own allocation functions"), arguments: [60, 250, 5_000])
    func heldBytes(containers: Int) throws {
        #expect(MemoryLayout<SlotDictionary.Slot>.stride == 24 && MemoryLayout<SlotPoint>.stride == 32)
        let bodies = try bodies(containers: containers, count: 4)
        var batch = SampleBatch()
        var first = AgentFrameDecoder()
        // The batch has its storage before anything is counted.
        for body in bodies { _ = try first.decode(body: body, into: &batch) }
        let before = AllocationCounting_bytes()
        var decoder = AgentFrameDecoder()
        for body in bodies { _ = try decoder.decode(body: body, into: &batch) }
        let held = AllocationCounting_bytes() - before
        // 32 bytes before an array's elements, and up to as many after them.
        #expect(held <= 24 * containers + 64)
        #expect(held >= 24 * containers)
        _ = try decoder.decode(body: bodies[0], into: &batch)
    }

    @Test(
        "names that become known later take no place in the session",
        .enabled(if: counts, "a sanitizer has its own allocation functions"))
    func heldAfterNames() throws {
        let containers = 100
        var encoder = SampleEncoder()
        var decoder = AgentFrameDecoder()
        var batch = SampleBatch()
        var held: [Int64] = []
        for namespace in ["", "default"] {
            encoder.begin(
                bootTimeMicroseconds: 1, realTimeMicroseconds: 1,
                node: NodeCounters(timeMicroseconds: 1, cpuMicroseconds: 1, memoryKiB: 1))
            for slot in 0..<containers {
                encoder.add(
                    slot: slot, identity: ContainerIdentity(podUID: "p", containerID: "\(slot)", namespace: namespace))
            }
            let body = try encoder.finish().body
            let before = AllocationCounting_bytes()
            #expect(try decoder.decode(body: body, into: &batch) == .samples)
            #expect(batch.added.count == containers)
            // Small strings: what the batch keeps is in place since the first frame.
            held.append(AllocationCounting_bytes() - before)
        }
        #expect(held[1] == 0)
    }

    @Test("at most 8 bytes per container and sample, whole frames counted", arguments: [60, 250])
    func bytesPerContainer(containers: Int) throws {
        var load = SteadyLoad(containers: containers)
        var encoder = SampleEncoder()
        var session = Session()
        var batch = SampleBatch()
        load.sweep(&encoder)
        let complete = try encoder.finish()
        #expect(try session.feed(complete, into: &batch) == .samples)
        let sweeps = 200
        var bytes = 0
        for _ in 0..<sweeps {
            load.sweep(&encoder)
            let frame = try encoder.finish()
            bytes += frame.bytes.count
            #expect(try session.feed(frame, into: &batch) == .samples)
            #expect(batch.points.count == containers)
        }
        let hundredths = bytes * 100 / (sweeps * containers)
        print(
            "\(containers) containers: \(Double(hundredths) / 100) bytes per container and sample,",
            "complete frame \(complete.bytes.count / containers)")
        #expect(hundredths <= 800)
        #expect(hundredths >= 300, "less than one byte a column: the load is no load")
    }
}
