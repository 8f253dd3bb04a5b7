// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import KubeAPI

@Suite("Reflector state machine")
struct StateMachineTests {
    private static let second = Duration.seconds(1)
    private static let minute = Duration.seconds(60)

    private func machine() -> ReflectorStateMachine {
        ReflectorStateMachine(backoff: ReflectorBackoff(first: .seconds(1), longest: .seconds(8)))
    }

    /// One that watches from version 5 on.
    private func watching() -> ReflectorStateMachine {
        var machine = machine()
        _ = machine.start()
        _ = machine.listed(resourceVersion: "5", continueToken: "")
        return machine
    }

    @Test("lists page by page, then watches from the list's version")
    func pages() {
        var machine = machine()
        #expect(machine.start() == .list(continueToken: ""))
        #expect(machine.listed(resourceVersion: "5", continueToken: "a") == .list(continueToken: "a"))
        #expect(machine.listed(resourceVersion: "5", continueToken: "b") == .list(continueToken: "b"))
        #expect(machine.listed(resourceVersion: "5", continueToken: "") == .watch(resourceVersion: "5"))
    }

    @Test("an expired continue token starts the list over at once, and later after a wait")
    func expiredToken() {
        var machine = machine()
        _ = machine.start()
        _ = machine.listed(resourceVersion: "5", continueToken: "a")
        #expect(machine.listFailed(KubeError(.gone, ""), random: 0) == .list(continueToken: ""))
        _ = machine.listed(resourceVersion: "6", continueToken: "b")
        #expect(machine.listFailed(KubeError(.gone, ""), random: 0) == .wait(.milliseconds(500)))
        #expect(machine.waited() == .list(continueToken: ""))
        #expect(machine.listed(resourceVersion: "7", continueToken: "") == .watch(resourceVersion: "7"))
    }

    @Test("a list that fails starts over after growing waits, no shorter than the server asks for")
    func listFails() {
        var machine = machine()
        _ = machine.start()
        for (bound, random) in [(1.0, 0.0), (2, 0.5), (4, 0.99), (8, 0), (8, 0)] {
            let wait = machine.listFailed(KubeError(.serverError, ""), random: random)
            #expect(wait == .wait(.seconds(bound) * (0.5 + random / 2)))
            #expect(machine.waited() == .list(continueToken: ""))
        }
        let asked = KubeError(.tooManyRequests, "", retryAfter: .seconds(20))
        #expect(machine.listFailed(asked, random: 0) == .wait(.seconds(20)))
        _ = machine.waited()
        let absurd = KubeError(.tooManyRequests, "", retryAfter: .seconds(100_000))
        #expect(machine.listFailed(absurd, random: 0) == .wait(KubeLimits.longestRetryAfter))
    }

    @Test("a watch that ends in good order goes on from the last event or bookmark")
    func resumes() {
        var machine = watching()
        machine.advanced(to: "8")
        #expect(machine.watchEnded(nil, lasted: Self.second, random: 0) == .watch(resourceVersion: "8"))
        #expect(machine.watchEnded(nil, lasted: Self.minute, random: 0) == .watch(resourceVersion: "8"))
    }

    @Test("a watch that ends at once, time and again, is not asked for in a loop")
    func busyLoop() {
        var machine = watching()
        #expect(machine.watchEnded(nil, lasted: .milliseconds(3), random: 0) == .wait(.milliseconds(500)))
        #expect(machine.waited() == .watch(resourceVersion: "5"))
        #expect(machine.watchEnded(nil, lasted: .milliseconds(3), random: 0) == .wait(.seconds(1)))
    }

    @Test("a lost connection resumes where it was, after waits that start over once events come")
    func lost() {
        var machine = watching()
        let error = KubeError(.unreachable, "")
        #expect(machine.watchEnded(error, lasted: Self.second, random: 0) == .wait(.milliseconds(500)))
        #expect(machine.waited() == .watch(resourceVersion: "5"))
        for _ in 0..<20 {
            _ = machine.watchEnded(error, lasted: .zero, random: 0)
            #expect(machine.waited() == .watch(resourceVersion: "5"))
        }
        machine.advanced(to: "6")
        #expect(machine.watchEnded(error, lasted: Self.second, random: 0) == .wait(.milliseconds(500)))
        #expect(machine.waited() == .watch(resourceVersion: "6"))
    }

    @Test("history lost: listed again at once after a good watch, after a wait otherwise")
    func gone() {
        var machine = watching()
        #expect(
            machine.watchEnded(KubeError(.gone, ""), lasted: Self.minute, random: 0) == .list(continueToken: ""))
        _ = machine.listed(resourceVersion: "9", continueToken: "")
        #expect(machine.watchEnded(KubeError(.gone, ""), lasted: .zero, random: 0) == .wait(.milliseconds(500)))
        #expect(machine.waited() == .list(continueToken: ""))
    }

    @Test(
        "a server that refuses the watch is listed again after some tries",
        arguments: [KubeError.Code.forbidden, .invalid, .serverError, .badAnswer, .tooLarge])
    func refused(code: KubeError.Code) {
        var machine = watching()
        for _ in 1..<ReflectorStateMachine.refusedWatches {
            _ = machine.watchEnded(KubeError(code, ""), lasted: .zero, random: 0)
            #expect(machine.waited() == .watch(resourceVersion: "5"))
        }
        _ = machine.watchEnded(KubeError(code, ""), lasted: .zero, random: 0)
        #expect(machine.waited() == .list(continueToken: ""))
    }

    @Test("silence on a watch that had been good is resumed without a wait")
    func silence() {
        var machine = watching()
        let error = KubeError(.timedOut, "")
        #expect(machine.watchEnded(error, lasted: Self.minute, random: 0) == .watch(resourceVersion: "5"))
        #expect(machine.watchEnded(error, lasted: Self.second, random: 0) == .wait(.milliseconds(500)))
    }

    @Test("events that do not fit the state change nothing")
    func misfits() {
        var machine = watching()
        #expect(machine.start() == .stop)
        #expect(machine.waited() == .stop)
        #expect(machine.listFailed(KubeError(.gone, ""), random: 0) == .stop)
        #expect(machine.listed(resourceVersion: "1", continueToken: "") == .stop)
        #expect(machine.watchEnded(nil, lasted: Self.minute, random: 0) == .watch(resourceVersion: "5"))
        machine.stop()
        machine.advanced(to: "7")
        #expect(machine.watchEnded(nil, lasted: Self.minute, random: 0) == .stop)
    }
}
