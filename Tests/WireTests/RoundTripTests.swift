// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite("Any sequence of readings comes out as it went in")
struct RoundTripTests {
    @Test("sessions that join, miss frames and resync at random times", arguments: seeds)
    func sessions(seed: UInt64) throws {
        var random = Generator(seed: seed)
        var model = NodeModel(slotLimit: .random(in: 3...24, using: &random))
        var encoder = SampleEncoder()
        var sessions = [Session()]
        var batch = SampleBatch()
        for sweep in 1...250 {
            model.sweep(&encoder, &random)
            let frame = try encoder.finish()
            #expect(frame.sequence == UInt64(sweep) && encoder.sequence == frame.sequence)
            #expect(frame.isComplete == (sweep == 1))
            if random.chance(5) { sessions.append(Session()) }
            for index in sessions.indices {
                switch Int.random(in: 0..<100, using: &random) {
                case 0..<6:
                    continue  // The frame was replaced before it was sent.
                case 6..<9 where !frame.isComplete:
                    // An agent that sends a difference all the same.
                    guard sessions[index].sequence + 1 != frame.sequence else { fallthrough }
                    let event = try sessions[index].feed(frame, into: &batch)
                    guard case .resyncNeeded = event else {
                        Issue.record("sweep \(sweep): \(event)")
                        return
                    }
                    #expect(try sessions[index].feed(frame, into: &batch) == .ignored)
                    try sessions[index].take(encoder.snapshot(), model, into: &batch)
                default:
                    let isNext = sessions[index].sequence + 1 == frame.sequence
                    let chosen = isNext && !random.chance(5) ? frame : try encoder.snapshot()
                    try sessions[index].take(chosen, model, into: &batch)
                }
            }
            if sessions.count > 6 { sessions.remove(at: .random(in: 0..<sessions.count, using: &random)) }
        }
    }

    @Test("a snapshot does not change the encoder, and is the same however often it is taken")
    func snapshotIsPure() throws {
        var random = Generator(seed: 11)
        var model = NodeModel(slotLimit: 8)
        var encoder = SampleEncoder()
        var twin = SampleEncoder()
        var twinModel = model
        var twinRandom = random
        for _ in 0..<30 {
            model.sweep(&encoder, &random)
            twinModel.sweep(&twin, &twinRandom)
            let frames = (try encoder.finish(), try twin.finish())
            #expect(frames.0 == frames.1)
            let snapshots = (try encoder.snapshot(), try encoder.snapshot())
            #expect(snapshots.0 == snapshots.1)
        }
    }

    @Test("a sweep that is begun again leaves no trace")
    func abortedSweep() throws {
        var encoder = SampleEncoder()
        var session = Session()
        var batch = SampleBatch()
        let node = NodeCounters(timeMicroseconds: 5, cpuMicroseconds: 5, memoryKiB: 5)
        encoder.begin(bootTimeMicroseconds: 1, realTimeMicroseconds: 1, node: node)
        encoder.add(slot: 0, identity: ContainerIdentity(podUID: "p", containerID: "c"))
        encoder.record(slot: 0, timeMicroseconds: 2, cpuMicroseconds: 10, memoryKiB: 1)
        _ = try session.feed(encoder.finish(), into: &batch)

        encoder.begin(bootTimeMicroseconds: 100, realTimeMicroseconds: 1, node: node)
        encoder.record(slot: 0, timeMicroseconds: 101, cpuMicroseconds: 20, memoryKiB: 2)
        encoder.begin(bootTimeMicroseconds: 200, realTimeMicroseconds: 1, node: node)
        #expect(throws: WireError(.invalidState, "")) { try encoder.snapshot() }
        _ = try encoder.finish()
        let snapshot = try encoder.snapshot()
        #expect(try session.feed(snapshot, into: &batch) == .samples)
        #expect(batch.points == [SlotPoint(slot: 0, timeMicroseconds: 200, cpuMicroseconds: nil, memoryKiB: nil)])
        #expect(batch.earlier == [EarlierPoint(slot: 0, timeMicroseconds: 2, cpuMicroseconds: 10)])
    }

    @Test("no sweep, no frame")
    func order() {
        var encoder = SampleEncoder()
        #expect(throws: WireError(.invalidState, "")) { try encoder.finish() }
        #expect(throws: WireError(.invalidState, "")) { try encoder.snapshot() }
        #expect(encoder.sequence == 0)
    }

    @Test("a node without containers")
    func emptyNode() throws {
        var encoder = SampleEncoder()
        var session = Session()
        var batch = SampleBatch()
        for sweep in 1...3 as ClosedRange<UInt64> {
            let node = NodeCounters(timeMicroseconds: 7 * sweep, cpuMicroseconds: nil, memoryKiB: 3)
            encoder.begin(bootTimeMicroseconds: 6 * sweep, realTimeMicroseconds: -5, node: node)
            #expect(try session.feed(&encoder, into: &batch) == .samples)
            #expect(batch.node == node && batch.points.isEmpty && batch.realTimeMicroseconds == -5)
        }
    }

    @Test("the node's own counter may go backwards")
    func nodeBackwards() throws {
        var encoder = SampleEncoder()
        var session = Session()
        var batch = SampleBatch()
        for cpu in [1_000, 400, 0, 7] as [UInt64] {
            let node = NodeCounters(timeMicroseconds: 10, cpuMicroseconds: cpu, memoryKiB: cpu)
            encoder.begin(bootTimeMicroseconds: 20, realTimeMicroseconds: 1, node: node)
            #expect(try session.feed(&encoder, into: &batch) == .samples)
            #expect(batch.node == node)
        }
    }

    @Test("what cannot travel costs only itself")
    func degrades() throws {
        var encoder = SampleEncoder()
        var session = Session()
        var batch = SampleBatch()
        encoder.begin(
            bootTimeMicroseconds: 100, realTimeMicroseconds: 1,
            node: NodeCounters(timeMicroseconds: .max, cpuMicroseconds: 1, memoryKiB: .max))
        let long = String(repeating: "x", count: WireLimits.podUIDBytes + 1)
        let name = String(repeating: "n", count: WireLimits.podNameBytes + 1)
        let plain = ContainerIdentity(podUID: "p", containerID: "c")
        let refused = [
            encoder.add(slot: 0, identity: ContainerIdentity(podUID: long, containerID: "c")),
            encoder.add(slot: 0, identity: ContainerIdentity(podUID: "p", containerID: long)),
            encoder.add(slot: 0, identity: ContainerIdentity(podUID: "p\0", containerID: "c")),
            encoder.add(slot: -1, identity: plain),
            encoder.add(slot: WireLimits.slots, identity: plain),
            encoder.remove(slot: 0),
            encoder.remove(slot: -1),
        ]
        #expect(!refused.contains(true))
        let nameless = ContainerIdentity(
            podUID: "p", containerID: "1", namespace: "n", pod: name, container: "c", startTimeMicroseconds: -4)
        let taken = [
            encoder.add(slot: 1, identity: nameless), encoder.add(slot: 2, identity: plain),
            encoder.add(slot: 3, identity: plain),
        ]
        #expect(!taken.contains(false))
        encoder.record(slot: 0, timeMicroseconds: 101, cpuMicroseconds: 1, memoryKiB: 1)
        encoder.record(slot: -1, timeMicroseconds: 101, cpuMicroseconds: 1, memoryKiB: 1)
        encoder.record(slot: 9, timeMicroseconds: 101, cpuMicroseconds: 1, memoryKiB: 1)
        encoder.record(slot: 1, timeMicroseconds: 101, cpuMicroseconds: .max, memoryKiB: 1)
        encoder.record(slot: 2, timeMicroseconds: .max, cpuMicroseconds: 1, memoryKiB: 1)
        encoder.record(
            slot: 3, timeMicroseconds: WireLimits.timeMicroseconds, cpuMicroseconds: WireLimits.cpuMicroseconds,
            memoryKiB: WireLimits.memoryKiB)
        #expect(try session.feed(&encoder, into: &batch) == .samples)
        #expect(batch.node == NodeCounters(timeMicroseconds: 100, cpuMicroseconds: nil, memoryKiB: nil))
        #expect(batch.added.map(\.slot) == [1, 2, 3])
        #expect(batch.added[0].identity == ContainerIdentity(podUID: "p", containerID: "1"))
        #expect(
            batch.points == [
                SlotPoint(slot: 1, timeMicroseconds: 101, cpuMicroseconds: nil, memoryKiB: 1),
                SlotPoint(slot: 2, timeMicroseconds: 100, cpuMicroseconds: nil, memoryKiB: nil),
                SlotPoint(
                    slot: 3, timeMicroseconds: WireLimits.timeMicroseconds,
                    cpuMicroseconds: WireLimits.cpuMicroseconds, memoryKiB: WireLimits.memoryKiB),
            ])
        encoder.begin(bootTimeMicroseconds: .max, realTimeMicroseconds: 1, node: batch.node)
        #expect(throws: WireError(.invalidValue, "")) { try encoder.finish() }
        encoder.begin(bootTimeMicroseconds: 300, realTimeMicroseconds: 1, node: batch.node)
        _ = try encoder.finish()
        #expect(encoder.sequence == 2)
    }

    @Test("a full dictionary, in and out and gone again")
    func fullDictionary() throws {
        var encoder = SampleEncoder()
        var session = Session()
        var batch = SampleBatch()
        let node = NodeCounters(timeMicroseconds: 1, cpuMicroseconds: 1, memoryKiB: 1)
        encoder.begin(bootTimeMicroseconds: 1, realTimeMicroseconds: 1, node: node)
        for slot in 0..<WireLimits.slots {
            let id = String(repeating: "0", count: 64 - String(slot).count) + String(slot)
            encoder.add(
                slot: slot,
                identity: ContainerIdentity(
                    podUID: "00000000-0000-0000-0000-000000000000", containerID: id, namespace: "default",
                    pod: "web-5d4f8c7b9d-abcde", container: "server"))
            encoder.record(
                slot: slot, timeMicroseconds: 1_000 + UInt64(slot), cpuMicroseconds: UInt64(slot) << 20, memoryKiB: 5)
        }
        let complete = try encoder.finish()
        #expect(try session.feed(complete, into: &batch) == .samples)
        #expect(batch.points.count == WireLimits.slots && batch.added.count == WireLimits.slots)
        #expect(batch.points.last?.cpuMicroseconds == UInt64(WireLimits.slots - 1) << 20)
        encoder.begin(bootTimeMicroseconds: 2, realTimeMicroseconds: 1, node: node)
        for slot in 0..<WireLimits.slots { encoder.remove(slot: slot) }
        #expect(try session.feed(&encoder, into: &batch) == .samples)
        #expect(batch.removed.count == WireLimits.slots && batch.points.isEmpty)
    }

    @Test("a dictionary that does not fit a frame is an error, not a cut frame")
    func tooLargeDictionary() throws {
        var encoder = SampleEncoder()
        encoder.begin(
            bootTimeMicroseconds: 1, realTimeMicroseconds: 1,
            node: NodeCounters(timeMicroseconds: 1, cpuMicroseconds: 1, memoryKiB: 1))
        let name = String(repeating: "n", count: WireLimits.podNameBytes)
        for slot in 0..<WireLimits.slots {
            encoder.add(
                slot: slot,
                identity: ContainerIdentity(
                    podUID: "p\(slot)", containerID: "c", namespace: name, pod: name, container: name))
        }
        #expect(throws: WireError(.frameTooLarge, "")) { try encoder.finish() }
        #expect(encoder.sequence == 1)
    }
}
