// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import TLSChannel

/// Runs `body` on a machine in a known state; the macros cannot take noncopyable values.
private func machine(_ steps: (inout ConnectionStateMachine) -> Void = { _ in }) -> ConnectionStateMachine {
    var machine = ConnectionStateMachine()
    steps(&machine)
    return machine
}

private func active() -> ConnectionStateMachine {
    machine {
        _ = $0.activate()
        _ = $0.handshakeCompleted()
    }
}

private func expect(_ condition: Bool, sourceLocation: SourceLocation = #_sourceLocation) {
    #expect(condition, sourceLocation: sourceLocation)
}

@Suite struct StateMachineTests {
    @Test("The handshake starts once and completes once")
    func opening() {
        var machine = ConnectionStateMachine()
        expect(machine.inbound == .discard && machine.writing == .queue && machine.isBeforeData)
        expect(machine.activate())
        expect(!machine.activate())
        expect(machine.inbound == .handshake && !machine.canEncrypt && machine.readsForItself)
        expect(machine.handshakeCompleted() == .open)
        expect(machine.handshakeCompleted() == .ignore)
        expect(machine.inbound == .decrypt && machine.canEncrypt && !machine.isBeforeData && !machine.readsForItself)
    }

    @Test("A connection closed before it is active never handshakes")
    func inactiveBeforeActive() {
        var machine = ConnectionStateMachine()
        expect(machine.transportClosed() == .finished)
        expect(!machine.activate())
        expect(machine.inbound == .discard)
    }

    @Test("Closing drains, says goodbye, waits, leaves")
    func closing() {
        var machine = active()
        expect(machine.close() == .drain)
        expect(machine.close() == .join)
        expect(machine.canEncrypt && machine.writing == .closed && machine.inbound == .decrypt)
        expect(machine.outputDrained() == .awaitPeer)
        expect(machine.outputDrained() == .nothing)
        expect(!machine.canEncrypt && machine.readsForItself && machine.inbound == .decrypt)
        expect(machine.closeNotifyReceived(halfClosure: true) == .leave)
        expect(machine.inbound == .discard)
        expect(machine.left())
        expect(!machine.left())
        expect(machine.close() == .passThrough)
        expect(machine.transportClosed() == .alreadyClosed)
    }

    @Test("The peer's close_notify is answered after what was flushed")
    func peerCloses() {
        var machine = active()
        expect(machine.closeNotifyReceived(halfClosure: false) == .drain)
        expect(machine.canEncrypt && machine.inbound == .discard)
        expect(machine.closeNotifyReceived(halfClosure: false) == .ignore)
        expect(machine.outputDrained() == .leave)
        expect(machine.transportClosed() == .finished)
    }

    @Test("Half-closed by the peer, we go on writing until we close")
    func remoteHalfClosure() {
        var machine = active()
        expect(machine.closeNotifyReceived(halfClosure: true) == .signalInputClosed)
        expect(machine.canEncrypt && machine.writing == .queue && machine.inbound == .discard)
        expect(machine.transportInputClosed() == .ignore)
        expect(machine.closeOutput() == .closeAll)
        expect(machine.close() == .drain)
        expect(machine.outputDrained() == .leave)
    }

    @Test("Half-closed by us, we go on reading until the peer closes")
    func localHalfClosure() {
        var machine = active()
        expect(machine.closeOutput() == .drain)
        expect(machine.closeOutput() == .join)
        expect(machine.writing == .outputClosed && machine.canEncrypt)
        expect(machine.outputDrained() == .closeOutput)
        expect(machine.closeOutput() == .alreadyClosed)
        expect(machine.inbound == .decrypt)
        expect(machine.closeNotifyReceived(halfClosure: false) == .leave)
    }

    @Test("Closing after a half-close only waits for the peer")
    func closeAfterHalfClose() {
        var machine = active()
        _ = machine.closeOutput()
        _ = machine.outputDrained()
        expect(machine.close() == .await)
        expect(machine.timerFired() == .closeNow)
    }

    @Test("A half-close asked for during the handshake waits for it")
    func halfCloseDuringHandshake() {
        var machine = machine { _ = $0.activate() }
        expect(machine.closeOutput() == .join)
        expect(machine.writing == .outputClosed)
        expect(machine.handshakeCompleted() == .openThenCloseOutput)
        expect(machine.canEncrypt)
        expect(machine.outputDrained() == .closeOutput)
        var idle = ConnectionStateMachine()
        expect(idle.closeOutput() == .notConnected)
    }

    @Test("During a handshake a close is immediate")
    func closeDuringHandshake() {
        var machine = machine { _ = $0.activate() }
        expect(machine.close() == .abort)
        expect(machine.handshakeCompleted() == .ignore)
    }

    @Test("What a lost transport means depends on who has said goodbye")
    func transportLost() {
        var handshaking = machine { _ = $0.activate() }
        expect(handshaking.transportInputClosed() == .handshakeCut)
        expect(handshaking.transportClosed() == .handshakeCut)
        var open = active()
        expect(open.transportInputClosed() == .truncated)
        expect(open.transportClosed() == .truncated)
        var halfClosed = active()
        _ = halfClosed.closeOutput()
        expect(halfClosed.transportInputClosed() == .truncated)
        _ = halfClosed.outputDrained()
        expect(halfClosed.transportClosed() == .truncated)
        var draining = active()
        _ = draining.close()
        expect(draining.transportInputClosed() == .ignore)
        expect(draining.outputDrained() == .leave)
        var waiting = active()
        _ = waiting.close()
        _ = waiting.outputDrained()
        expect(waiting.transportInputClosed() == .leave)
        expect(waiting.transportClosed() == .finished)
    }

    @Test("The timer means what is being waited for")
    func timers() {
        var handshaking = machine { _ = $0.activate() }
        expect(handshaking.timerFired() == .handshakeTimedOut)
        var draining = active()
        _ = draining.close()
        expect(draining.timerFired() == .drainTimedOut)
        _ = draining.outputDrained()
        expect(draining.timerFired() == .closeNow)
        expect(draining.timerFired() == .ignore)
        var open = active()
        expect(open.timerFired() == .ignore)
    }

    @Test("A failure is reported once, from any state")
    func failing() {
        var open = active()
        expect(open.fail())
        expect(!open.fail())
        expect(open.inbound == .discard && open.writing == .closed && !open.canEncrypt)
        expect(open.closeNotifyReceived(halfClosure: true) == .ignore)
        expect(open.closeOutput() == .alreadyClosed)
        expect(open.timerFired() == .ignore)
        var idle = ConnectionStateMachine()
        expect(idle.fail())
        expect(!idle.activate())
    }
}
