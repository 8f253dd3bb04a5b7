// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import NodeAgent

@Suite("The end of the agent")
struct GoodbyeTests {
    /// Longer than the goodbye deadline of ``hurried()``, shorter than its other waits and than its peers' patience.
    private let promptly = Duration.seconds(9)

    private func hurried() throws -> PushRig {
        try PushRig {
            $0.goodbye = .milliseconds(100)
            ($0.connect, $0.write, $0.afterRefusal) = (.seconds(60), .seconds(60), .seconds(60))
        }
    }

    @Test("the last frame is sent first, then the Goodbye, then close_notify")
    func lastFrame() throws {
        let aggregator = try FakeAggregator()
        let rig = try PushRig()
        defer { rig.end() }
        try rig.publish(1)
        let running = try rig.session(to: aggregator.address)
        try aggregator.batches(1)
        try rig.publish(2)
        rig.end()
        guard case .finished = try running.end() else {
            Issue.record("not finished")
            return
        }
        // `done`: the fake aggregator's script ends with close_notify, and fails with anything else.
        #expect(try aggregator.session(with: "its end") { $0.end } == .done)
        let record = try #require(aggregator.sessions.now.first)
        #expect(record.batches.map(\.sequence) == [1, 2])
        #expect(record.heard.last == .goodbye)
    }

    @Test("a session that is being opened when the agent ends still sends the last frame")
    func lateWelcome() throws {
        let ended = Watched(false)
        let aggregator = try FakeAggregator { session in
            try session.hear()
            try ended.wait(until: "end of the agent") { $0 }
            try session.say(.welcome(Welcome(instance: "late", serverTimeMicroseconds: 1)))
            try session.listen()
        }
        let rig = try PushRig { $0.goodbye = .seconds(60) }
        try rig.publish(1)
        let running = try rig.session(to: aggregator.address)
        try aggregator.session(with: "a Hello") { $0.hello }
        rig.end()
        ended.change { $0 = true }
        _ = try running.end(within: .seconds(20))
        try aggregator.session(with: "its end") { $0.end }
        #expect(aggregator.sessions.now.first?.batches.count == 1)
        #expect(aggregator.sessions.now.first?.heard.last == .goodbye)
    }

    @Test("a peer that never answered the Hello has until the goodbye deadline, not the connect deadline")
    func neverWelcomed() throws {
        let aggregator = try FakeAggregator { session in try session.listen() }
        let rig = try hurried()
        let running = try rig.session(to: aggregator.address)
        try aggregator.session(with: "a Hello") { $0.hello }
        rig.end()
        _ = try running.end(within: promptly)
    }

    @Test("a peer that takes the Goodbye and does not hang up has until the goodbye deadline")
    func lingering() throws {
        let aggregator = try FakeAggregator { session in
            try session.welcome()
            while try session.hear() != .goodbye {}
            session.freeze()
            try session.listen()
        }
        let rig = try hurried()
        let running = try rig.session(to: aggregator.address)
        try rig.collected.line(with: "session open")
        rig.end()
        _ = try running.end(within: promptly)
    }

    @Test("a peer that does not read the last frame has until the goodbye deadline, not the write deadline")
    func stuckInLastFrame() throws {
        let aggregator = try FakeAggregator { session in
            try session.welcome()
            session.freeze()
        }
        let rig = try hurried()
        let running = try rig.session(to: aggregator.address)
        try rig.collected.line(with: "session open")
        // Together, so that the session sees the end before it starts to write.
        rig.end()
        try rig.publishHuge(1)
        _ = try running.end(within: promptly)
    }

    @Test(
        "nothing that a peer does holds the process up for longer than the goodbye deadline",
        arguments: ["does not start TLS", "does not read"])
    func stuck(_ peer: String) throws {
        let silent = SilentServer()
        let frozen = try FakeAggregator { session in
            try session.welcome()
            session.freeze()
        }
        let address = peer == "does not read" ? frozen.address : silent.address
        let rig = try hurried()
        try rig.publishHuge(1)
        let running = try rig.group { _ in [address] }
        if peer == "does not read" { try rig.collected.line(with: "session open") } else { try silent.heard() }
        rig.end()
        _ = try running.end(within: promptly)
    }
}
