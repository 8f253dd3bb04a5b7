// SPDX-License-Identifier: Apache-2.0
import TLS
import Testing
import Wire

@testable import NodeAgent

@Suite("The frames between the sampler and the sessions")
struct FrameFeedTests {
    private let feed = FrameFeed()

    private func publish(cpu: UInt64 = 1, containers: Int = 1) throws {
        try feed.publish { $0.sweep(time: cpu, containers: containers) }
    }

    @Test("before the first sweep there is nothing to send")
    func empty() throws {
        #expect(try feed.next(after: nil) == nil)
        #expect(try feed.next(after: 4) == nil)
        #expect(!feed.isFinished)
    }

    @Test("a session that has the frame before gets the difference, the same one for all")
    func difference() throws {
        try publish(cpu: 1)
        let first = try #require(try feed.next(after: nil))
        #expect(first.isComplete && first.sequence == 1)
        try publish(cpu: 2)
        let second = try #require(try feed.next(after: 1))
        #expect(!second.isComplete && second.sequence == 2)
        #expect(try feed.next(after: 1) == second)
        #expect(try feed.next(after: 2) == nil)
    }

    @Test("a new session, and one that missed a frame, get a complete one")
    func snapshot() throws {
        for cpu: UInt64 in 1...3 { try publish(cpu: cpu) }
        for missed: UInt64? in [nil, 1] {
            let frame = try #require(try feed.next(after: missed))
            #expect(frame.isComplete && frame.sequence == 3)
            #expect(try decode(frame).points.map(\.cpuMicroseconds) == [3])
        }
        // A number of another run of the agent: nothing can be a difference to it.
        #expect(try feed.next(after: 900)?.isComplete == true)
    }

    @Test("the newest frame replaces those that were not taken, and differences go on from it")
    func newest() throws {
        var decoder = AgentFrameDecoder()
        var batch = SampleBatch()
        var sent: UInt64?
        for cpu: UInt64 in 1...20 {
            try publish(cpu: cpu)
            // A session that takes every third.
            guard cpu % 3 == 0, let frame = try feed.next(after: sent) else { continue }
            #expect(try decoder.decode(body: frame.body.span.bytes, into: &batch) == .samples)
            #expect(frame.sequence == cpu && batch.points.map(\.cpuMicroseconds) == [cpu])
            sent = frame.sequence
        }
        #expect(sent == 18)
    }

    @Test("a sweep that cannot be encoded is lost, the next one is not")
    func unsendable() throws {
        try publish(cpu: 1)
        #expect(throws: WireError.self) {
            try feed.publish { encoder in
                encoder.begin(
                    bootTimeMicroseconds: .max, realTimeMicroseconds: 0,
                    node: NodeCounters(timeMicroseconds: 0, cpuMicroseconds: nil, memoryKiB: nil))
            }
        }
        try publish(cpu: 2)
        let frame = try #require(try feed.next(after: nil))
        #expect(try decode(frame).points.map(\.cpuMicroseconds) == [2])
    }

    @Test("each publication and the end wake every session that waits, until it leaves")
    func wakes() throws {
        let signals = [try EventSignal(), try EventSignal()]
        for signal in signals { feed.add(listener: signal) }
        try publish(cpu: 1)
        #expect(signals.map { $0.takeRaise } == [true, true])
        #expect(signals.map { $0.takeRaise } == [false, false])
        feed.remove(listener: signals[1])
        feed.finish()
        #expect(feed.isFinished)
        #expect(signals[0].takeRaise && !signals[1].takeRaise)
        // What was there can still be sent.
        #expect(try feed.next(after: nil)?.sequence == 1)
    }

    @Test("a feed whose sessions take nothing holds one frame, however many sweeps there were")
    func bounded() throws {
        for cpu: UInt64 in 1...50 { try publish(cpu: cpu, containers: 200) }
        let frame = try #require(try feed.next(after: 3))
        #expect(frame.isComplete && frame.sequence == 50)
        #expect(try decode(frame).points.count == 200)
    }

    private func decode(_ frame: EncodedFrame) throws -> SampleBatch {
        var decoder = AgentFrameDecoder()
        var batch = SampleBatch()
        #expect(try decoder.decode(body: frame.body.span.bytes, into: &batch) == .samples)
        return batch
    }
}
