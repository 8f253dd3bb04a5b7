// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import NodeAgent

@Suite("The agent's session")
struct SessionStateTests {
    private let welcome = Welcome(instance: "i", serverTimeMicroseconds: 7)
    private let reject = Reject(code: .wrongNode, reason: "no")

    private func frame(_ sequence: UInt64) -> EncodedFrame {
        EncodedFrame(sequence: sequence, isComplete: false, bytes: [0])
    }

    private func streaming(sent: UInt64? = nil) -> SessionState {
        var state = SessionState()
        _ = state.received(.welcome(welcome))
        if let sent { state.sent(frame(sent)) }
        return state
    }

    private func refused() -> SessionState {
        var state = SessionState()
        _ = state.received(.reject(reject))
        return state
    }

    private func isViolation(_ event: SessionState.Event) -> Bool {
        if case .violation(let text) = event { return !text.isEmpty }
        return false
    }

    @Test("greeting: nothing may be sent, not even what is claimed to be")
    func greeting() {
        var state = SessionState()
        #expect(state.sending == .nothing)
        state.sent(frame(3))
        #expect(state.sending == .nothing)
    }

    @Test("greeting + welcome: the first frame must be complete")
    func welcomed() {
        var state = SessionState()
        #expect(state.received(.welcome(welcome)) == .welcomed(welcome))
        #expect(state.sending == .frame(after: nil))
    }

    @Test("greeting + reject: refused, and nothing is sent")
    func rejected() {
        var state = SessionState()
        #expect(state.received(.reject(reject)) == .refused(reject))
        #expect(state.sending == .nothing)
        state.sent(frame(1))
        #expect(state.sending == .nothing)
    }

    @Test("greeting + resync: a violation")
    func early() {
        var state = SessionState()
        #expect(isViolation(state.received(.resync(reason: "x"))))
        #expect(state.sending == .nothing)
    }

    @Test("streaming: each frame sent is where the next one starts")
    func streams() {
        var state = streaming()
        for sequence: UInt64 in [5, 6, 7] {
            state.sent(frame(sequence))
            #expect(state.sending == .frame(after: sequence))
        }
    }

    @Test("streaming + resync: the next frame must be complete, once")
    func resync() {
        var state = streaming(sent: 9)
        #expect(state.received(.resync(reason: "gap")) == .resync(reason: "gap"))
        #expect(state.sending == .frame(after: nil))
        state.sent(frame(10))
        #expect(state.sending == .frame(after: 10))
    }

    @Test("streaming + reject: refused")
    func rejectedLater() {
        var state = streaming(sent: 9)
        #expect(state.received(.reject(reject)) == .refused(reject))
        #expect(state.sending == .nothing)
    }

    @Test("streaming + welcome: a violation, and the session stays as it was")
    func twice() {
        var state = streaming(sent: 9)
        #expect(isViolation(state.received(.welcome(welcome))))
        #expect(state.sending == .frame(after: 9))
    }

    @Test("refused + anything: a violation")
    func after() {
        for message: AggregatorMessage in [.welcome(welcome), .reject(reject), .resync(reason: "x")] {
            var state = refused()
            #expect(isViolation(state.received(message)))
            #expect(state.sending == .nothing)
        }
    }
}
