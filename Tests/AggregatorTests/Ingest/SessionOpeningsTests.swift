// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Testing

@testable import Aggregator

@Suite("How often a node opens a session")
struct SessionOpeningsTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    @Test("so many within a minute, each node for itself, and again in the next")
    func perMinute() {
        let openings = SessionOpenings(perWindow: 3)
        func tries(_ node: String, at time: TimeAmount) -> [Bool] {
            (0..<4).map { _ in openings.mayOpen(node, now: start + time) }
        }
        #expect(tries("a", at: .zero) == [true, true, true, false])
        #expect(tries("b", at: .seconds(1)) == [true, true, true, false])
        #expect(tries("a", at: .seconds(59)) == [false, false, false, false])
        #expect(tries("a", at: .seconds(60)) == [true, true, true, false])
        #expect(tries("b", at: .seconds(60)) == [false, false, false, false])
    }

    @Test("nodes are forgotten within two minutes, and their storage is not kept")
    func forgetting() {
        let openings = SessionOpenings(perWindow: 1)
        for node in 0..<100 { _ = openings.mayOpen("n\(node)", now: start + .milliseconds(Int64(node))) }
        #expect(openings.count == 100)
        _ = openings.mayOpen("late", now: start + .seconds(60) + .milliseconds(49))
        #expect(openings.count == 51)
        _ = openings.mayOpen("later", now: start + .seconds(121))
        #expect(openings.count == 1)
    }

    @Test("no number of names makes it remember more than its bound, and those that it knows may come again")
    func bound() {
        let openings = SessionOpenings(perWindow: 2)
        let results = (0..<70_000).map { openings.mayOpen("n\($0)", now: start) }
        #expect(openings.count == 65_536 && results.count { $0 } == 65_536)
        #expect(openings.mayOpen("n0", now: start) && !openings.mayOpen("another", now: start))
        #expect(openings.mayOpen("another", now: start + .seconds(61)))
        #expect(openings.count == 1)
    }
}
