// SPDX-License-Identifier: Apache-2.0
import TLS
import Testing

@testable import NodeAgent

@Suite("Waking a thread that waits")
struct EventSignalTests {
    @Test("any number of raises are one, and drained with one call")
    func raises() throws {
        let signal = try EventSignal()
        for _ in 0..<1_000 { signal.raise() }
        #expect(signal.takeRaise)
        #expect(!signal.takeRaise)
        // Nothing there: it must not block.
        signal.drain()
    }

    @Test("a wait ends with its condition, which is looked at after each raise")
    func condition() throws {
        let signal = try EventSignal()
        let isOver = Watched(false)
        let box = ThreadBox(
            try WorkerThread(name: "test") { signal.wait(until: .distantFuture) { !isOver.now } })
        signal.raise()
        #expect(!box.join(by: .after(.milliseconds(20))))
        isOver.change { $0 = true }
        signal.raise()
        #expect(box.join(by: .after(.seconds(10))))
    }

    @Test("a wait ends with its deadline, also when it is raised all the time")
    func deadline() throws {
        let signal = try EventSignal()
        let deadline = Deadline.after(.milliseconds(50))
        signal.wait(until: deadline) {
            signal.raise()
            return true
        }
        #expect(deadline.hasPassed)
    }
}
