// SPDX-License-Identifier: Apache-2.0
import Testing
import Wire

@testable import Aggregator

@Suite("A session's states")
struct IngestStateMachineTests {
    static func hello(version: UInt32 = PushProtocol.protocolVersion, node: String = "n1") -> Hello {
        Hello(
            protocolVersion: version, nodeName: node, bootID: "b", agentVersion: "1", intervalMilliseconds: 1_000,
            credential: "t", capacityMillicores: 1, capacityMemoryBytes: 1, cgroupMode: .v2)
    }
    static let refusal = Reject(code: .unauthenticated, reason: "no")

    enum State: CaseIterable { case awaitingHello, authenticating, streaming, renewing, closed }

    static func machine(in state: State) -> IngestStateMachine {
        var machine = IngestStateMachine()
        if state == .awaitingHello { return machine }
        _ = machine.hello(hello())
        if state == .authenticating { return machine }
        _ = machine.verdict(.accepted())
        if state == .renewing { _ = machine.credential() }
        if state == .closed { _ = machine.close() }
        return machine
    }

    private func reject(_ reason: String) -> Reject { Reject(code: .protocol, reason: reason) }

    @Test("a Hello is looked at once", arguments: State.allCases)
    func hello(state: State) {
        var machine = Self.machine(in: state)
        switch (state, machine.hello(Self.hello())) {
        case (.awaitingHello, .authenticate(let hello)): #expect(hello == Self.hello())
        case (.authenticating, .reject(let reject)), (.streaming, .reject(let reject)),
            (.renewing, .reject(let reject)):
            #expect(reject == self.reject("a session has one Hello; this is the second"))
        case (.closed, .reject(let reject)): #expect(reject == self.reject("the session is closed"))
        case (_, let action): Issue.record("\(action)")
        }
        // The store's session still has to be ended, when there is one.
        #expect(machine.close() == (state == .streaming || state == .renewing))
    }

    @Test("another protocol version is refused with the way out")
    func version() {
        var machine = IngestStateMachine()
        let expected = reject(
            "protocol version 2 is not spoken here, only 1; install agent and aggregator of the same release")
        #expect(machine.hello(Self.hello(version: 2)) == .reject(expected))
        #expect(machine.samples() == .ignore)
        #expect(machine.verdict(.accepted()) == .ignore)
    }

    @Test("a Hello without a node is refused with the way out")
    func noName() {
        var machine = IngestStateMachine()
        let expected = reject("the Hello names no node; start the agent with --node-name")
        #expect(machine.hello(Self.hello(node: "")) == .reject(expected))
    }

    @Test("acceptance opens the session, and during a renewal carries it on; a late one is ignored")
    func accepted() {
        var machine = Self.machine(in: .authenticating)
        #expect(machine.verdict(.accepted()) == .open(Self.hello()))
        machine = Self.machine(in: .renewing)
        #expect(machine.verdict(.accepted()) == .carryOn)
        #expect(machine.credential() == .authenticate(nodeName: "n1"))
        machine = Self.machine(in: .closed)
        #expect(machine.verdict(.accepted()) == .ignore)
    }

    @Test("refusal ends the session, whether it was open or not; a late one is ignored")
    func refused() {
        var machine = Self.machine(in: .authenticating)
        #expect(machine.verdict(.refused(Self.refusal)) == .reject(Self.refusal))
        #expect(machine.samples() == .ignore)
        let hadSession = machine.close()
        #expect(!hadSession)

        machine = Self.machine(in: .renewing)
        #expect(machine.verdict(.refused(Self.refusal)) == .reject(Self.refusal))
        let hasSession = machine.close()
        #expect(hasSession)

        machine = Self.machine(in: .closed)
        #expect(machine.verdict(.refused(Self.refusal)) == .ignore)
    }

    @Test("samples count in an open session only", arguments: State.allCases)
    func samples(state: State) {
        var machine = Self.machine(in: state)
        let expected: IngestStateMachine.SamplesAction =
            switch state {
            case .awaitingHello, .authenticating: .reject(reject("samples came before the session was accepted"))
            case .streaming, .renewing: .apply
            case .closed: .ignore
            }
        #expect(machine.samples() == expected)
    }

    @Test("a session that was refused for its samples ignores the verdict that comes after")
    func verdictAfterRefusal() {
        var machine = Self.machine(in: .authenticating)
        _ = machine.samples()
        #expect(machine.verdict(.accepted()) == .ignore)
    }

    @Test("one credential at a time is looked at", arguments: State.allCases)
    func credential(state: State) {
        var machine = Self.machine(in: state)
        let expected: IngestStateMachine.CredentialAction =
            switch state {
            case .awaitingHello, .authenticating:
                .reject(reject("a Credential came before the session was accepted"))
            case .streaming: .authenticate(nodeName: "n1")
            case .renewing: .reject(reject("a second Credential came before the first was answered"))
            case .closed: .ignore
            }
        #expect(machine.credential() == expected)
    }

    @Test("samples go on while a credential is looked at")
    func samplesWhileRenewing() {
        var machine = Self.machine(in: .renewing)
        #expect(machine.samples() == .apply)
        #expect(machine.verdict(.accepted()) == .carryOn)
        #expect(machine.samples() == .apply)
    }

    @Test(
        "a peer is silent while it is its turn to speak, and not while it waits for our verdict",
        arguments: State.allCases)
    func silence(state: State) {
        var machine = Self.machine(in: state)
        switch (state, machine.silence()) {
        case (.awaitingHello, .close), (.streaming, .close), (.renewing, .close), (.closed, .ignore): break
        case (.authenticating, .reject(let reject)): #expect(reject.code == .overloaded)
        case (_, let action): Issue.record("\(action)")
        }
        let hasSession = machine.close()
        #expect(hasSession == (state == .streaming || state == .renewing))
    }

    @Test("close says once whether the store has a session", arguments: State.allCases)
    func close(state: State) {
        var machine = Self.machine(in: state)
        let first = machine.close()
        let second = machine.close()
        #expect(first == (state == .streaming || state == .renewing))
        #expect(!second)
    }

    @Test("only an accepted session may send large frames", arguments: State.allCases)
    func caps(state: State) {
        let isOpen = state == .streaming || state == .renewing
        let cap = Self.machine(in: state).frameCap
        #expect(cap == (isOpen ? WireLimits.agentFrameBytes : WireLimits.frameBytesBeforeWelcome))
    }
}
