// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import NodeAgent

@Suite("The frames of a session")
struct SamplesTests {
    @Test("the first frame is complete, those after it are differences, each sweep is there once")
    func differences() throws {
        let aggregator = try FakeAggregator()
        let rig = try PushRig()
        defer { rig.end() }
        try rig.publish(1)
        _ = try rig.session(to: aggregator.address)
        for time: UInt64 in 2...5 {
            try aggregator.batches(Int(time) - 1)
            try rig.publish(time)
        }
        let batches = try aggregator.batches(5)
        #expect(batches.map(\.isComplete) == [true, false, false, false, false])
        #expect(batches.map(\.sequence) == [1, 2, 3, 4, 5])
        #expect(batches.map { $0.points.map(\.cpuMicroseconds) } == (1...5).map { [$0, $0] })
    }

    @Test("a session that is open before the first sweep sends it when it comes")
    func early() throws {
        let aggregator = try FakeAggregator()
        let rig = try PushRig()
        defer { rig.end() }
        _ = try rig.session(to: aggregator.address)
        try rig.collected.line(with: "session open")
        try rig.publish(7)
        #expect(try aggregator.batches(1).first?.isComplete == true)
    }

    @Test("after a Resync the next frame is complete at once, the one after it a difference; the log has the reason")
    func resync() throws {
        let aggregator = try FakeAggregator { session in
            try session.welcome()
            try session.hear()
            try session.hear()
            try session.say(.resync(reason: "lost my place"))
            try session.listen()
        }
        let rig = try PushRig()
        defer { rig.end() }
        try rig.publish(1)
        _ = try rig.session(to: aggregator.address)
        try aggregator.batches(1)
        try rig.publish(2)
        // Without a new sweep: the last one again, complete.
        try aggregator.batches(3)
        try rig.publish(3)
        let batches = try aggregator.batches(4)
        #expect(batches.map(\.isComplete) == [true, false, true, false])
        #expect(batches.map(\.sequence) == [1, 2, 2, 3])
        let line = try rig.collected.line(with: "asks for a complete frame", "\(aggregator.address)")
        #expect(line.contains("lost my place"))
    }

    @Test("a new session starts with a complete frame that has the points of the sweep before")
    func reconnected() throws {
        let aggregator = try FakeAggregator { session in
            try session.welcome()
            try session.hear()
            if session.number > 0 { try session.listen() }
        }
        let rig = try PushRig()
        defer { rig.end() }
        try rig.publish(1)
        try rig.publish(2)
        _ = try rig.pusher(to: aggregator.address)
        let first = try #require(try aggregator.batches(1, of: 1).first)
        #expect(first.isComplete && first.sequence == 2)
        #expect(first.earlier.map(\.cpuMicroseconds) == [1, 1])
    }
}
