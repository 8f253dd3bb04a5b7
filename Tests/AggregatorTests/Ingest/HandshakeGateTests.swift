// SPDX-License-Identifier: Apache-2.0
import NIOCore
import NIOEmbedded
import Testing

@testable import Aggregator

@Suite("The gate for TLS handshakes")
struct HandshakeGateTests {
    private let loop = EmbeddedEventLoop()

    private final class Result {
        var text = ""
    }

    /// Enters, and notes what becomes of it: `in`, `wait` and then `in` or `late` or `closed`, or `refused`.
    private func enter(_ gate: HandshakeGate) -> Result {
        let result = Result()
        switch gate.enter() {
        case .enter: result.text = "in"
        case .refuse: result.text = "refused"
        case .wait(let turn):
            result.text = "wait"
            turn.assumeIsolated().whenComplete { outcome in
                switch outcome {
                case .success: result.text = "in"
                case .failure(let error): result.text = error is HandshakeGate.WaitedTooLong ? "late" : "closed"
                }
            }
        }
        return result
    }

    private func gate(atATime: Int = 2, waiting: Int = 3) -> HandshakeGate {
        HandshakeGate(on: loop, atATime: atATime, waiting: waiting, patience: .seconds(10))
    }

    @Test("so many are in, so many wait, and the rest is refused at once")
    func bounds() {
        let gate = gate()
        let results = (0..<7).map { _ in enter(gate) }
        #expect(results.map(\.text) == ["in", "in", "wait", "wait", "wait", "refused", "refused"])
        #expect(gate.running == 2 && gate.waitingCount == 3)
        gate.close()
        #expect(results.map(\.text) == ["in", "in", "closed", "closed", "closed", "refused", "refused"])
    }

    @Test("for each that leaves the one that came first enters")
    func order() {
        let gate = gate()
        let results = (0..<5).map { _ in enter(gate) }
        gate.leave()
        #expect(results.map(\.text) == ["in", "in", "in", "wait", "wait"])
        let late = enter(gate)
        gate.leave()
        gate.leave()
        #expect(results.map(\.text) == ["in", "in", "in", "in", "in"] && late.text == "wait")
        gate.leave()
        #expect(late.text == "in")
        #expect(gate.running == 2)
        gate.leave()
        gate.leave()
        #expect(gate.running == 0 && enter(gate).text == "in")
    }

    @Test("one that waited longer than its agent does is not begun any more, and takes nobody's place")
    func patience() {
        let gate = gate(atATime: 1)
        let results = [enter(gate), enter(gate)]
        loop.advanceTime(by: .seconds(10))
        let fresh = enter(gate)
        gate.leave()
        #expect(results.map(\.text) == ["in", "late"] && fresh.text == "in")
        #expect(gate.running == 1)
    }

    @Test("whoever is let in may leave at once")
    func leavesAtOnce() {
        let gate = gate(atATime: 1, waiting: 1_000)
        _ = enter(gate)
        for _ in 0..<1_000 {
            if case .wait(let turn) = gate.enter() { turn.assumeIsolated().whenSuccess { gate.leave() } }
        }
        gate.leave()
        #expect(gate.running == 0 && gate.waitingCount == 0)
    }
}
