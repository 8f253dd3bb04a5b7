// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite("Hostile samples")
struct HostileTests {
    private func decode(_ bodies: [UInt8]...) throws -> (AgentEvent, SampleBatch) {
        var decoder = CheckedDecoder()
        var batch = SampleBatch()
        var event = AgentEvent.goodbye
        for body in bodies { event = try decoder.decode(body: body, into: &batch) }
        return (event, batch)
    }

    private func expect(
        _ code: WireError.Code, _ bodies: [UInt8]..., location: SourceLocation = #_sourceLocation
    ) {
        var decoder = CheckedDecoder()
        var batch = SampleBatch()
        #expect(throws: WireError(code, ""), sourceLocation: location) {
            for body in bodies { _ = try decoder.decode(body: body, into: &batch) }
        }
    }

    private let empty = Proto.samples(Proto.sweep(1, complete: true))
    /// A complete frame with slots 2 and 5.
    private let two = Proto.samples(
        Proto.sweep(1, complete: true).message(9, Proto.entry(2)).message(9, Proto.entry(5, "other"))
            .column(10, [100, 200]).column(11, [2, 4]).column(12, [0, 0]))
    private func delta(_ sequence: UInt64 = 2) -> Proto { Proto.sweep(sequence, complete: false) }
    private func full(_ proto: Proto, _ count: Int = 2) -> [UInt8] {
        let zeros = [UInt64](repeating: 0, count: count)
        return Proto.samples(proto.column(10, zeros).column(11, zeros).column(12, zeros))
    }

    @Test("the frames these tests bend are good themselves")
    func good() throws {
        let (event, batch) = try decode(two, full(delta()))
        #expect(event == .samples)
        #expect(batch.points.map(\.cpuMicroseconds) == [100, 200] && batch.points.map(\.memoryKiB) == [1, 2])
    }

    @Test("a difference with nothing to differ from asks for a complete frame, once")
    func resyncOnce() throws {
        var decoder = CheckedDecoder()
        var batch = SampleBatch()
        var events: [AgentEvent] = []
        for body in [
            full(delta(5), 0), full(delta(6), 0), empty, full(delta(2), 0), full(delta(4), 0), full(delta(5), 0), two,
        ] {
            events.append(try decoder.decode(body: body, into: &batch))
        }
        #expect(events.map(kind) == ["resync", "ignored", "samples", "samples", "resync", "ignored", "samples"])
    }

    private func kind(_ event: AgentEvent) -> String {
        switch event {
        case .resyncNeeded: "resync"
        case .ignored: "ignored"
        case .samples: "samples"
        case .hello, .credential, .goodbye: "other"
        }
    }

    @Test("doubt about what is known asks for a complete frame")
    func doubts() throws {
        for body in [
            full(delta(3)), full(delta(1)), full(delta(), 1), full(delta(), 3), full(delta().column(8, [3])),
            full(delta().column(13, [3])), full(delta().column(14, [6])),
            full(delta().message(9, Proto.entry(9))), full(delta().column(8, [2])),
        ] {
            let (event, _) = try decode(two, body)
            #expect(kind(event) == "resync")
        }
    }

    @Test("a complete frame that contradicts itself is malformed: asking again would not help")
    func selfContradiction() {
        let entry = Proto.sweep(1, complete: true).message(9, Proto.entry(2))
        expect(.malformed, full(entry, 2))
        expect(.malformed, full(entry, 0))
        expect(.malformed, full(entry.column(8, [2]), 1))
        expect(.malformed, full(entry.column(13, [3]), 1))
        expect(.malformed, full(entry.column(15, [1]), 1))
        expect(.malformed, full(entry.column(15, [1, 1]).column(16, [1, 1]), 1))
        expect(.malformed, full(entry.column(15, [1]).column(16, [1]), 1))  // before zero
        expect(.malformed, full(entry.column(15, [1]).column(16, [0]), 1))
        expect(.malformed, full(entry.column(15, [0]).column(16, [.max]), 1))
        expect(.malformed, full(entry.number(18, .max), 1))
        expect(.malformed, full(entry.number(17, 1), 1))
        expect(.malformed, full(entry.number(17, 1).number(18, 1), 1))
    }

    @Test("slots are in ascending order, below the cap, and never given away while in use")
    func slots() {
        let complete = Proto.sweep(1, complete: true)
        expect(.malformed, full(complete.message(9, Proto.entry(5)).message(9, Proto.entry(2))))
        expect(.malformed, full(complete.message(9, Proto.entry(5)).message(9, Proto.entry(5))))
        expect(.malformed, full(complete.message(9, Proto.entry(UInt64(WireLimits.slots))), 1))
        expect(.malformed, full(complete.message(9, Proto.entry(UInt64(UInt32.max))), 1))
        expect(.malformed, two, full(delta().message(9, Proto.entry(2, "another"))))
        expect(.malformed, two, full(delta().message(9, Proto.entry(2, id: "another"))))
        expect(.malformed, two, full(delta().column(8, [5, 2]), 0))
        expect(.malformed, two, full(delta().column(8, [2, 2]), 1))
        expect(.malformed, two, full(delta().column(8, [UInt64(UInt32.max)]), 1))
        expect(.malformed, two, full(delta().column(13, [5, 2])))
        expect(.malformed, two, full(delta().column(14, [UInt64(WireLimits.slots)])))
        // The low 32 bits would be a slot.
        expect(.malformed, two, full(delta().column(8, [1 << 32 | 2]), 1))
        expect(.malformed, full(complete.message(9, Proto.entry(1 << 32 | 2)), 1))
    }

    @Test("a rename keeps the counters, a slot used again starts from zero")
    func renameAndReuse() throws {
        let named = Proto.entry(2).text(4, "ns")
        let (_, renamed) = try decode(two, full(delta().message(9, named)))
        #expect(renamed.points.map(\.cpuMicroseconds) == [100, 200])
        #expect(renamed.added.map(\.identity.namespace) == ["ns"])
        let (_, reused) = try decode(two, full(delta().column(8, [2]).message(9, Proto.entry(2, "new"))))
        #expect(reused.points.map(\.cpuMicroseconds) == [0, 200] && reused.removed == [2])
    }

    @Test("arithmetic never leaves its range")
    func overflow() {
        func columns(_ cpu: [UInt64], _ memory: [UInt64], _ time: [UInt64]) -> [UInt8] {
            Proto.samples(delta().column(10, cpu).column(11, memory).column(12, time))
        }
        expect(.malformed, two, columns([.max, 0], [0, 0], [0, 0]))
        expect(.malformed, two, columns([WireLimits.cpuMicroseconds - 99, 0], [0, 0], [0, 0]))
        expect(.malformed, two, columns([0, 0], [Proto.zigzag(-2), 0], [0, 0]))
        expect(.malformed, two, columns([0, 0], [Proto.zigzag(.max), 0], [0, 0]))
        expect(.malformed, two, columns([0, 0], [Proto.zigzag(.min), 0], [0, 0]))
        expect(.malformed, two, columns([0, 0], [Proto.zigzag(Int64(WireLimits.memoryKiB)), 0], [0, 0]))
        expect(.malformed, two, columns([0, 0], [0, 0], [Proto.zigzag(.min), 0]))
        expect(.malformed, two, columns([0, 0], [0, 0], [Proto.zigzag(-1_000_001), 0]))
        expect(.malformed, two, columns([0, 0], [0, 0], [0, Proto.zigzag(Int64(WireLimits.timeMicroseconds))]))
        expect(.malformed, Proto.samples(Proto().number(1, 1).number(2, 1).number(3, .max)))
        expect(.malformed, Proto.samples(Proto().number(1, 1).number(2, 1).signed(4, .min)))
        for field in 5...7 as ClosedRange<UInt64> {
            for value in [Int64.min, -1_000_001, Int64.max] {
                expect(.malformed, Proto.samples(Proto.sweep(1, complete: true).signed(field, value)))
            }
        }
        expect(.invalidValue, Proto.samples(Proto().number(2, 1)))
        expect(.invalidValue, Proto.samples(Proto().number(1, .max).number(2, 1)))
    }

    @Test("values at the edge are taken")
    func edges() throws {
        let cpu = WireLimits.cpuMicroseconds - 100
        let memory = Proto.zigzag(Int64(WireLimits.memoryKiB) - 1)
        let time = Proto.zigzag(Int64(WireLimits.timeMicroseconds) - 1_000_000)
        let (_, batch) = try decode(
            two, Proto.samples(delta().column(10, [cpu, 0]).column(11, [memory, 0]).column(12, [time, 0])))
        #expect(
            batch.points.first
                == SlotPoint(
                    slot: 2, timeMicroseconds: WireLimits.timeMicroseconds,
                    cpuMicroseconds: WireLimits.cpuMicroseconds, memoryKiB: WireLimits.memoryKiB))
    }

    @Test("a value that could not be read has no difference, and earlier points come with complete frames only")
    func impossible() {
        expect(
            .malformed, two,
            Proto.samples(delta().column(10, [1, 0]).column(11, [0, 0]).column(12, [0, 0]).column(13, [2])))
        expect(
            .malformed, two,
            Proto.samples(delta().column(10, [0, 0]).column(11, [2, 0]).column(12, [0, 0]).column(14, [2])))
        expect(.malformed, two, full(delta().signed(6, 1).number(19, 1)))
        expect(.malformed, two, full(delta().signed(7, 1).number(20, 1)))
        expect(.malformed, two, full(delta().column(15, [0, 0]).column(16, [0, 0])))
        expect(.malformed, two, full(delta().number(18, 1)))
    }

    @Test("each string of an entry has its cap", arguments: [(2, 128), (4, 253), (5, 253), (6, 253), (9, 128)])
    func entryCaps(field: UInt64, cap: Int) throws {
        func body(_ text: [UInt8]) -> [UInt8] {
            full(Proto.sweep(1, complete: true).message(9, Proto().number(1, 1).raw(field, text)), 1)
        }
        _ = try decode(body([UInt8](repeating: 0x61, count: cap)))
        expect(.fieldTooLarge, body([UInt8](repeating: 0x61, count: cap + 1)))
        expect(.malformed, body([0x61, 0]))
        expect(.malformed, body([0xC3]))
        expect(.malformed, body([0xED, 0xA0, 0x80]))
    }

    @Test("a packed container id has 32 bytes, and a container one id")
    func containerIDs() {
        func body(_ entry: Proto) -> [UInt8] { full(Proto.sweep(1, complete: true).message(9, entry), 1) }
        for count in [1, 31, 33, 128] { expect(.malformed, body(Proto().raw(3, [UInt8](repeating: 1, count: count)))) }
        expect(.malformed, body(Proto().raw(3, [UInt8](repeating: 1, count: 32)).text(9, "x")))
        expect(.malformed, body(Proto().number(7, .max)))
    }

    @Test("lists have at most as many entries as there may be slots", arguments: [8, 10, 11, 12, 13, 14, 15, 16])
    func listCaps(field: UInt64) throws {
        let most = [UInt8](repeating: 0, count: WireLimits.slots)
        let complete = Proto.sweep(1, complete: true)
        // At the cap the prescan lets it pass, and the missing dictionary is what is wrong.
        expect(.malformed, Proto.samples(complete.raw(field, most)))
        expect(.tooManySlots, Proto.samples(complete.raw(field, most + [0])))
    }

    @Test("two bytes cannot buy a hundred: entries of nothing run out of memory that the frame paid for")
    func amplification() {
        let entries = Array(repeating: [0x4A, 0x00] as [UInt8], count: WireLimits.slots).flatMap { $0 }
        let complete = Proto.sweep(1, complete: true).bytes
        expect(.outOfMemory, Proto.samples(Proto(bytes: complete + entries)))
        expect(.tooManySlots, Proto.samples(Proto(bytes: complete + entries + [0x4A, 0x00])))
        // Columns one value at a time, 2 bytes each, would cost protobuf-c 40 bytes apiece.
        let unpacked = Array(repeating: [0x50, 0x01] as [UInt8], count: 1_000_000).flatMap { $0 }
        expect(.malformed, Proto.samples(Proto(bytes: complete + unpacked)))
        let split = Array(repeating: [0x52, 0x01, 0x01] as [UInt8], count: 1_000_000).flatMap { $0 }
        expect(.malformed, Proto.samples(Proto(bytes: complete + split)))
        let unknown = Array(repeating: [0xF8, 0x01, 0x01] as [UInt8], count: 1_000_000).flatMap { $0 }
        expect(.fieldTooLarge, Proto.samples(Proto(bytes: complete + unknown)))
    }

    @Test("a few unknown fields are skipped, of any kind and in any message")
    func unknownFields() throws {
        let unknown =
            Proto().number(40, 1).raw(41, [0, 0xFF]).bytes
            + Proto.varint(42 << 3 | 1) + [UInt8](repeating: 7, count: 8)
            + Proto.varint(43 << 3 | 5) + [UInt8](repeating: 7, count: 4)
        let entry = Proto(bytes: Proto.entry(2).bytes + unknown)
        let sweep = Proto(bytes: Proto.sweep(1, complete: true).bytes + unknown).message(9, entry)
        let (event, batch) = try decode(full(sweep, 1) + unknown)
        #expect(event == .samples && batch.added.count == 1)
        let eight = Proto(bytes: Array(repeating: Proto().number(50, 1).bytes, count: 8).flatMap { $0 })
        _ = try decode(Proto.samples(Proto(bytes: Proto.sweep(1, complete: true).bytes + eight.bytes)))
        expect(
            .fieldTooLarge,
            Proto.samples(Proto(bytes: Proto.sweep(1, complete: true).bytes + eight.number(51, 1).bytes)))
    }

    @Test("lying lengths, wrong wire types, cut and overlong numbers")
    func structure() {
        expect(.malformed, [0x12, 0x05, 0x08])
        expect(.malformed, [0x12, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F])
        expect(.malformed, [0x12] + Proto.varint(.max))
        expect(.malformed, Proto.samples(Proto(bytes: [0x52, 0x7F, 0x01])))
        expect(.malformed, [0x12, 0x04, 0x4A, 0x10, 0x08, 0x01, 0x00, 0x00])
        for wireType in [3, 4, 6, 7] as [UInt8] {
            expect(.malformed, [0x10 | wireType, 0x00])
            expect(.malformed, Proto.samples(Proto(bytes: [0x08 | wireType, 0x00])))
            expect(
                .malformed, Proto.samples(Proto(bytes: Proto.varint(40 << 3) + [0])) + [0xC0 | wireType, 0x02, 0x00])
        }
        expect(.malformed, [0x10, 0x01])  // samples as a number
        expect(.malformed, [0x11] + [UInt8](repeating: 0, count: 8))
        expect(.malformed, Proto.samples(Proto().raw(1, [1])))  // sequence as bytes
        expect(.malformed, Proto.samples(Proto(bytes: Proto.sweep(1, complete: true).bytes + [0x0D, 0, 0, 0, 0])))
        expect(.malformed, [0x00, 0x00])  // field 0
        expect(.malformed, Proto.varint(1 << 32) + [0])
        expect(.malformed, [UInt8](repeating: 0xFF, count: 11))
        expect(.malformed, [0x80])
        expect(.malformed, Proto.samples(Proto(bytes: [0x08] + [UInt8](repeating: 0xFF, count: 9) + [0x02])))
        expect(.malformed, Proto.samples(Proto().raw(10, [0x80])))
        expect(.malformed, Proto.samples(Proto().raw(10, [UInt8](repeating: 0xFF, count: 10) + [1])))
        expect(.malformed, Proto.samples(delta().raw(10, [UInt8](repeating: 0xFF, count: 9) + [2])))
        expect(.malformed, Proto.varint(2 << 3 | 2, bytes: 6) + [0])
        expect(.malformed, [0x12] + Proto.varint(0, bytes: 6))
        expect(.malformed, Proto.samples(Proto().number(1, 1).number(1, 2)))
        expect(.malformed, Proto().message(4, Proto()).message(4, Proto()).bytes)
        expect(.malformed, Proto().message(4, Proto()).message(3, Proto()).bytes)
        expect(.frameTooLarge, [UInt8](repeating: 0, count: WireLimits.agentFrameBytes + 1))
    }

    @Test("what no agent sends ends the session, also in a frame that would be passed over")
    func notLookedAt() throws {
        let beyond = [UInt8](repeating: 0xFF, count: 9) + [2]
        for bad in [
            Proto.samples(delta(7).raw(10, beyond)), Proto.samples(delta(7).raw(16, beyond)),
            full(delta(7).message(9, Proto.entry(9).raw(4, [0xFF]))),
            full(delta(7).message(9, Proto.entry(9).number(7, .max))),
        ] {
            // Before any complete frame, when one was asked for, and in doubt.
            expect(.malformed, bad)
            expect(.malformed, full(delta(5)), bad)
            expect(.malformed, two, bad)
        }
    }

    @Test("after an error the session knows nothing")
    func afterError() throws {
        var decoder = CheckedDecoder()
        var batch = SampleBatch()
        _ = try decoder.decode(body: two, into: &batch)
        #expect(throws: WireError(.malformed, "")) { try decoder.decode(body: [0x80], into: &batch) }
        let event = try decoder.decode(body: full(delta()), into: &batch)
        #expect(kind(event) == "resync")
    }
}
