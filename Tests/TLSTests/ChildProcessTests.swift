// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing

@Suite("Foreign programs in tests") struct ChildProcessTests {
    @Test("a program that is not there is an error, and ends nobody")
    func missing() async {
        // In a process of its own: the end that is feared is this one's.
        await #expect(processExitsWith: .success) {
            #expect(throws: ChildProcess.Failure.self) { try ChildProcess(["there-is-no-such-program"]) }
        }
    }

    @Test("a program's output and status come back")
    func output() throws {
        let (status, text) = try ChildProcess.run(["sh", "-c", "cat; exit 3"], input: "hello")
        #expect(status == 3 && text == "hello")
    }
}
