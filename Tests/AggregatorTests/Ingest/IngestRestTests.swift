// SPDX-License-Identifier: Apache-2.0
import NIOCore
import TLSTestSupport
import Testing
import Wire

@testable import Aggregator

@Suite("Event loops that rest between turns with many samples")
struct IngestRestTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    /// - Returns: after each sample, whether a rest is worth it.
    private func judged(_ rest: inout IngestRest, every pause: TimeAmount, from: NIODeadline, count: Int64) -> [Bool] {
        (0..<count).map { index in
            rest.tookSample(at: from + .nanoseconds(index * pause.nanoseconds))
            return rest.isWorthwhile
        }
    }

    @Test(
        "a rest is worth it when two samples come in it, and not when fewer do",
        arguments: [(5, true), (22, true), (26, false), (50, false), (5_000, false)])
    func threshold(milliseconds: Int64, isWorthwhile: Bool) {
        var rest = IngestRest(length: .milliseconds(50))
        let states = judged(&rest, every: .milliseconds(milliseconds), from: start, count: 200)
        #expect(states.last == isWorthwhile)
        #expect(states.first == false && Set(states[150...]).count == 1)
    }

    @Test("samples that are taken together count like those that are not")
    func batches() {
        // 100 a second, five by five.
        var rest = IngestRest(length: .milliseconds(50))
        var states: [Bool] = []
        for batch in Int64(0)..<100 {
            states += judged(&rest, every: .zero, from: start + .milliseconds(50 * batch), count: 5)
        }
        #expect(states[250...].allSatisfy { $0 })
        // 20 a second.
        rest = IngestRest(length: .milliseconds(50))
        states = (0..<100).flatMap { judged(&rest, every: .zero, from: start + .milliseconds(50 * $0), count: 1) }
        #expect(states.allSatisfy { !$0 })
    }

    @Test("when samples become few the loop soon rests no more, after a long silence at once")
    func calm() {
        var rest = IngestRest(length: .milliseconds(50))
        var states = judged(&rest, every: .milliseconds(1), from: start, count: 200)
        #expect(states.last == true)
        states = judged(&rest, every: .milliseconds(500), from: start + .seconds(1), count: 3)
        #expect(states == [false, false, false])
    }

    @Test("with no length there is no rest")
    func none() {
        var rest = IngestRest(length: .zero)
        #expect(judged(&rest, every: .microseconds(1), from: start, count: 500).allSatisfy { !$0 })
    }

    private static let limits = IngestLimits(
        session: SessionBudget.Limits(framesPerInterval: 1_000, savedFrames: 1_000))

    private func send(_ count: Int, of node: inout SimulatedNode, from second: Int, to agent: TestAgent) throws {
        for index in 0..<count {
            let time = Double(second + index)
            let frame = try node.frame(at: time) {
                $0.container(0, .app(), at: time, cpuSeconds: time / 10, memoryKiB: 100)
            }
            try agent.send(frame)
        }
    }

    @Test("a loop with many samples rests, and takes all of them")
    func rests() async throws {
        try await IngestServer.run(limits: Self.limits) { server in
            let agent = try server.welcomedAgent()
            var node = SimulatedNode()
            try send(300, of: &node, from: 100, to: agent)
            // The last sample is taken before the rest that follows it.
            #expect(try await eventually { server.samples == 300 && server.metrics.rests.value > 0 })
            let rests = server.metrics.rests.value
            #expect((1...100).contains(rests), "\(rests)")
            #expect(server.refused.isEmpty && server.openSessions == 1)
        }
    }

    @Test("it does not while a handshake is on its way, and does when that is over")
    func handshakes() async throws {
        var times = IngestTimes()
        times.handshakeTurn = .seconds(60)
        times.handshake = .seconds(60)
        try await IngestServer.run(times: times, limits: Self.limits) { server in
            let agent = try server.welcomedAgent()
            let silent = try SilentPeer(port: server.port)
            #expect(try await eventually { server.service.connections.count == 2 })
            var node = SimulatedNode()
            // A rest between the two would have been counted before the second is taken.
            for round in 1...2 {
                try send(300, of: &node, from: 300 * round, to: agent)
                #expect(try await eventually { server.samples == 300 * round })
            }
            #expect(server.metrics.rests.value == 0)
            silent.close()
            #expect(try await eventually { server.service.connections.count == 1 })
            try send(300, of: &node, from: 900, to: agent)
            #expect(try await eventually { server.samples == 900 && server.metrics.rests.value > 0 })
        }
    }
}
