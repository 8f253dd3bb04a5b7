// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import NodeAgent

/// A peer that does not read lets megabytes pile up in the kernel before a write has to wait.
@Suite("An aggregator that stops reading", .serialized)
struct StuckPeerTests {
    private static func stuck() throws -> FakeAggregator {
        try FakeAggregator { session in
            try session.welcome()
            session.freeze()
        }
    }

    @Test("has until the write deadline; the log says that it does not read")
    func deadline() throws {
        let aggregator = try Self.stuck()
        let rig = try PushRig { $0.write = .milliseconds(200) }
        defer { rig.end() }
        try rig.publishHuge(1)
        let reason = try rig.session(to: aggregator.address).end().failure
        #expect(reason?.contains("does not read what we send") == true, "\(reason ?? "")")
        #expect(reason?.contains("\(aggregator.address)") == true)
    }

    @Test("has two intervals when those are longer than the write deadline")
    func twoIntervals() throws {
        #expect(try PushRig(interval: .seconds(60)).settings.writeLimit == .seconds(120))
        #expect(try PushRig(interval: .seconds(1)).settings.writeLimit == .seconds(5))
    }

    @Test("does not delay the sampling thread: every sweep is published meanwhile")
    func sampling() throws {
        let aggregator = try Self.stuck()
        let rig = try PushRig { $0.write = .seconds(60) }
        defer { rig.end() }
        try rig.publishHuge(1)
        let running = try rig.session(to: aggregator.address)
        try rig.collected.line(with: "session open")
        for time: UInt64 in 2..<20 { try rig.publish(time) }
        #expect(running.result.now == nil, "the session should still be stuck")
        #expect(aggregator.sessions.now.first?.batches.isEmpty == true)
    }

    @Test("gets a complete frame, the newest, when it is back")
    func back() throws {
        let published = Watched(false)
        let aggregator = try FakeAggregator { session in
            // Or the next session begins with a sweep that is still the newest.
            if session.number > 0 { try published.wait(until: "the sweeps that the first one missed") { $0 } }
            try session.welcome()
            if session.number == 0 { session.freeze() }
            try session.listen()
        }
        let rig = try PushRig { $0.write = .milliseconds(500) }
        defer { rig.end() }
        try rig.publishHuge(1)
        _ = try rig.pusher(to: aggregator.address)
        try aggregator.session(with: "a Hello") { $0.hello }
        for time: UInt64 in 2...4 { try rig.publish(time) }
        published.change { $0 = true }
        // Its frame is as large: a peer that is held up by the machine meanwhile needs one session more.
        let batch = try aggregator.sessions.wait(for: "sweep in a later session", within: .seconds(60)) {
            $0.dropFirst().lazy.compactMap(\.batches.first).first
        }
        #expect(batch.isComplete && batch.sequence == 4)
    }
}
