// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLS
import TLSTestSupport
import Testing

@testable import NodeAgent

@Suite("The agent's own threads")
struct WorkerThreadTests {
    @Test(
        "a thread that runs is waited for until the deadline, and can be asked again; one that ended is joined at once")
    func join() throws {
        let mayEnd = Watched(false)
        let box = ThreadBox(
            try WorkerThread(name: "test") { try? mayEnd.wait(until: "permission to end") { $0 } })
        #expect(!box.join(by: .after(.zero)))
        let limit = Deadline.after(.milliseconds(30))
        #expect(!box.join(by: limit) && limit.hasPassed)
        mayEnd.change { $0 = true }
        #expect(box.join(by: .after(.seconds(10))))
        // Joined already: a second pthread_join of one thread would be undefined.
        #expect(box.join(by: .after(.zero)))
        box.leaveToProcess()
    }

    @Test("a thread joined without any deadline is waited for")
    func forever() throws {
        let box = ThreadBox(try WorkerThread(name: "test") {})
        #expect(box.join(by: .distantFuture))
    }

    @Test("its name is what top -H shows, cut to the kernel's 15 bytes")
    func name() throws {
        let name = Watched<String?>(nil)
        let box = ThreadBox(
            try WorkerThread(name: "a-name-of-twenty-one!") {
                let text = TemporaryDirectory.read("/proc/thread-self/comm")
                name.change { $0 = String(decoding: text, as: UTF8.self) }
            })
        #expect(box.join(by: .after(.seconds(10))))
        #expect(name.now == "a-name-of-twent\n")
    }
}
