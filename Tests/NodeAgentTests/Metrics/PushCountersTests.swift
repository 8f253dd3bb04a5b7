// SPDX-License-Identifier: Apache-2.0
import Formats
import TLS
import Testing
import Wire

@testable import NodeAgent

@Suite("What is counted of the pushing")
struct PushCountersTests {
    private func figures(_ rig: PushRig, _ address: SocketAddress) -> PushFigures? {
        rig.settings.registry.now.first { $0.address == "\(address)" }?.figures
    }

    private func wait(_ what: String, _ condition: () -> Bool) throws {
        let deadline = Deadline.after(.seconds(10))
        while !condition() { try #require(!deadline.hasPassed, "\(what)") }
    }

    @Test("frames, bytes, a resync, and a reconnect that missed sweeps")
    func sessions() throws {
        let isSecond = Watched(false)
        let aggregator = try FakeAggregator { session in
            try session.welcome()
            if session.number == 0 {
                try session.hear()
                try session.say(.resync(reason: "test"))
                try session.hear()
                return
            }
            isSecond.change { $0 = true }
            try session.listen()
        }
        let rig = try PushRig(interval: .seconds(60)) { $0.firstPause = .milliseconds(1) }
        defer { rig.end() }
        try rig.publish(1)
        let (_, running) = try rig.pusher(to: aggregator.address)
        try isSecond.wait(until: "second session") { $0 }
        try wait("frame") { (figures(rig, aggregator.address)?.completeFrames ?? 0) >= 3 }
        let first = try #require(figures(rig, aggregator.address))
        #expect(first.sessions == 2 && first.resyncs == 1 && first.open == 1 && first.dropped == 0)
        #expect(first.completeFrames == 3 && first.differences == 0 && first.failures == 1)
        try rig.publish(2)
        try wait("difference") { figures(rig, aggregator.address)?.differences == 1 }
        let second = try #require(figures(rig, aggregator.address))
        #expect(second.frameBytes > first.frameBytes && second.lastFrame != nil)
        rig.end()
        #expect(try running.end())
        #expect(figures(rig, aggregator.address) == nil)
    }

    @Test("refusals are counted by their code, and nobody is connected then")
    func refused() throws {
        let aggregator = try FakeAggregator { session in
            try session.hear()
            try session.say(.reject(Reject(code: .overloaded, reason: "full")))
        }
        let rig = try PushRig()
        defer { rig.end() }
        let (_, running) = try rig.pusher(to: aggregator.address)
        try wait("refusals") { (figures(rig, aggregator.address)?.rejects[RejectCode.overloaded] ?? 0) >= 2 }
        let last = try #require(figures(rig, aggregator.address))
        #expect(last.open == 0 && last.sessions == 0 && last.attempts >= 2 && last.lastFrame == nil)
        rig.end()
        _ = try running.end()
    }

    @Test("sweeps between two frames were dropped; a frame that is sent again, complete, drops none")
    func dropped() {
        var figures = PushFigures()
        for (sequence, dropped) in [(5, 0), (6, 0), (6, 0), (9, 2), (10, 2)] as [(UInt64, UInt64)] {
            figures.sent(EncodedFrame(sequence: sequence, isComplete: false, bytes: [1, 2]))
            #expect(figures.dropped == dropped)
        }
        #expect(figures.frameBytes == 10 && figures.differences == 5)
    }

    @Test("two that push to one address share its figures; the last one takes them along")
    func shared() throws {
        let registry = PushRegistry()
        let address = try #require(SocketAddress(ipLiteral: "::1", port: 4444))
        let first = registry.enter(address)
        #expect(first === registry.enter(address))
        first.change { $0.attempts += 1 }
        registry.leave(address)
        #expect(registry.now.map(\.address) == ["[::1]:4444"] && registry.now.first?.figures.attempts == 1)
        registry.leave(address)
        #expect(registry.now.isEmpty)
    }

    @Test("every address has every family, and a refusal of each kind from the start", arguments: [false, true])
    func page(openMetrics: Bool) throws {
        var figures = PushFigures()
        figures.sessions = 3
        figures.open = 1
        figures.rejects[.wrongNode] = 2
        figures.sent(EncodedFrame(sequence: 1, isComplete: true, bytes: [1]))
        var text = PrometheusText(openMetrics ? .openMetrics : .prometheus)
        AgentPage(
            sampler: SamplerFigures(), pushes: [("a:1", figures), ("b:2", PushFigures())], process: .read()
        ).write(to: &text)
        let page = try PrometheusPage(text.text, openMetrics: openMetrics)
        let prefix = "metrics_push_agent_"
        #expect(page["\(prefix)connected{address=\"a:1\"}"] == 1 && page["\(prefix)connected{address=\"b:2\"}"] == 0)
        #expect(
            page["\(prefix)reconnects_total{address=\"a:1\"}"] == 2
                && page["\(prefix)reconnects_total{address=\"b:2\"}"] == 0)
        #expect(page["\(prefix)rejects_total{address=\"a:1\",reason=\"wrong_node\"}"] == 2)
        #expect(page["\(prefix)rejects_total{address=\"b:2\",reason=\"overloaded\"}"] == 0)
        #expect(page["\(prefix)frames_sent_total{address=\"a:1\",complete=\"true\"}"] == 1)
        #expect(try #require(page["\(prefix)last_frame_age_seconds{address=\"a:1\"}"]) < 60)
        #expect(page["\(prefix)last_frame_age_seconds{address=\"b:2\"}"] == nil)
    }
}
