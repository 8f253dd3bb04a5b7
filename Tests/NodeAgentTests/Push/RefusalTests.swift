// SPDX-License-Identifier: Apache-2.0
import TLS
import Testing
import Wire

@testable import NodeAgent

@Suite("An aggregator that refuses the agent")
struct RefusalTests {
    /// - Parameter moments: of the refusals, each from right before it.
    private static func refusing(
        _ code: RejectCode = .wrongNode, afterWelcome: Bool = false,
        moments: Watched<[ContinuousClock.Instant]> = Watched([])
    ) throws -> FakeAggregator {
        try FakeAggregator { session in
            if afterWelcome { try session.welcome() } else { try session.hear() }
            moments.change { $0.append(.now) }
            try session.say(.reject(Reject(code: code, reason: "the token is another node's")))
            session.outlast()
        }
    }

    @Test("the reason is logged as an error, once however often it is given")
    func once() throws {
        let aggregator = try Self.refusing()
        let rig = try PushRig { $0.afterRefusal = .milliseconds(2) }
        defer { rig.end() }
        _ = try rig.pusher(to: aggregator.address)
        try aggregator.connections(5)
        #expect(rig.collected.count("level=error") == 1)
        let line = try rig.collected.line(with: "the aggregator refuses this agent")
        for part in ["code=wrongNode", "another node's", "\(aggregator.address)"] { #expect(line.contains(part)) }
        #expect(rig.collected.count("session open") == 0)
    }

    @Test("a refusal of a session that was open is logged after its opening")
    func afterWelcome() throws {
        let aggregator = try Self.refusing(afterWelcome: true)
        let rig = try PushRig()
        defer { rig.end() }
        _ = try rig.pusher(to: aggregator.address)
        try rig.collected.line(with: "the aggregator refuses this agent")
        #expect(rig.collected.lines.now.map { $0.contains("session open") } == [true, false])
        #expect(aggregator.sessions.now.count == 1)
    }

    @Test("after a refusal that a person must mend the agent waits for half the pause at least")
    func pause() throws {
        let moments = Watched<[ContinuousClock.Instant]>([])
        let aggregator = try Self.refusing(moments: moments)
        let rig = try PushRig { $0.afterRefusal = .milliseconds(400) }
        defer { rig.end() }
        _ = try rig.pusher(to: aggregator.address)
        let two = try moments.wait(for: "second refusal") { $0.count >= 2 ? $0 : nil }
        #expect(two[1] - two[0] >= .milliseconds(200), "\(two[1] - two[0])")
    }

    @Test("an aggregator that shuts down is asked again soon: its successor may be there already")
    func shuttingDown() throws {
        let aggregator = try Self.refusing(.shuttingDown)
        let rig = try PushRig()
        defer { rig.end() }
        _ = try rig.pusher(to: aggregator.address)
        try aggregator.connections(3)
        #expect(rig.collected.count("level=error") == 0)
        #expect(rig.collected.count("the aggregator ends; connecting again") == 1)
    }

    @Test("the pause ends with the agent")
    func ended() throws {
        let aggregator = try Self.refusing()
        let rig = try PushRig { $0.afterRefusal = .seconds(60) }
        let running = try rig.pusher(to: aggregator.address).running
        try rig.collected.line(with: "refuses")
        rig.end()
        _ = try running.end(within: .seconds(9))
    }
}
