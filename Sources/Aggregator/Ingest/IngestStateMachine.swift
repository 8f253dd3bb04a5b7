// SPDX-License-Identifier: Apache-2.0
import Wire

/// The life of one agent's session, as the aggregator sees it. Events in, actions out; no I/O.
///
/// After a `reject` action the caller sends it and calls `close()`, which says whether the store has a session to end.
struct IngestStateMachine: ~Copyable {
    private enum State {
        case awaitingHello
        case authenticating(Hello)
        /// `renewing`: a rotated token is being looked at; samples go on meanwhile.
        case streaming(nodeName: String, renewing: Bool)
        case closed
    }

    private var state: State = .awaitingHello

    enum HelloAction: Equatable {
        case authenticate(Hello)
        case reject(Reject)
    }

    mutating func hello(_ hello: Hello) -> HelloAction {
        switch state {
        case .awaitingHello:
            if let refusal = Self.refusal(of: hello) {
                state = .closed
                return .reject(refusal)
            }
            state = .authenticating(hello)
            return .authenticate(hello)
        case .authenticating:
            state = .closed
            return .reject(Self.secondHello)
        case .streaming(let nodeName, let renewing):
            state = .streaming(nodeName: nodeName, renewing: renewing)
            return .reject(Self.secondHello)
        case .closed:
            state = .closed
            return .reject(Reject(code: .protocol, reason: "the session is closed"))
        }
    }

    enum VerdictAction: Equatable {
        case open(Hello)
        case carryOn
        case reject(Reject)
        /// The session ended while the verdict was on its way.
        case ignore
    }

    mutating func verdict(_ verdict: AgentVerdict) -> VerdictAction {
        switch state {
        case .authenticating(let hello):
            if case .refused(let reject) = verdict {
                state = .closed
                return .reject(reject)
            }
            state = .streaming(nodeName: hello.nodeName, renewing: false)
            return .open(hello)
        case .streaming(let nodeName, _):
            // Nobody could be asked: what was shown before still counts, until it expires.
            if case .refused(let reject) = verdict, reject.code != .overloaded {
                // The store's session still has to be ended, by close().
                state = .streaming(nodeName: nodeName, renewing: false)
                return .reject(reject)
            }
            state = .streaming(nodeName: nodeName, renewing: false)
            return .carryOn
        case .awaitingHello:
            preconditionFailure("a verdict without a question")
        case .closed:
            state = .closed
            return .ignore
        }
    }

    enum SamplesAction: Equatable {
        case apply
        case reject(Reject)
        case ignore
    }

    mutating func samples() -> SamplesAction {
        switch state {
        case .streaming(let nodeName, let renewing):
            state = .streaming(nodeName: nodeName, renewing: renewing)
            return .apply
        case .awaitingHello, .authenticating:
            state = .closed
            return .reject(Reject(code: .protocol, reason: "samples came before the session was accepted"))
        case .closed:
            state = .closed
            return .ignore
        }
    }

    enum CredentialAction: Equatable {
        case authenticate(nodeName: String)
        case reject(Reject)
        case ignore
    }

    mutating func credential() -> CredentialAction {
        switch state {
        case .streaming(let nodeName, renewing: false):
            state = .streaming(nodeName: nodeName, renewing: true)
            return .authenticate(nodeName: nodeName)
        case .streaming(let nodeName, renewing: true):
            // One review at a time: a session must not be a way to flood the API server.
            state = .streaming(nodeName: nodeName, renewing: true)
            return .reject(Reject(code: .protocol, reason: "a second Credential came before the first was answered"))
        case .awaitingHello, .authenticating:
            state = .closed
            return .reject(Reject(code: .protocol, reason: "a Credential came before the session was accepted"))
        case .closed:
            state = .closed
            return .ignore
        }
    }

    enum SilenceAction: Equatable {
        /// Not a word can be expected to reach the peer.
        case close
        case reject(Reject)
        case ignore
    }

    /// Nothing has come from the peer for as long as it may be silent.
    mutating func silence() -> SilenceAction {
        switch state {
        case .authenticating:
            // The peer waits for us, not we for it.
            state = .closed
            return .reject(
                Reject(
                    code: .overloaded,
                    reason: "the agent's credential could not be checked in time; the agent tries again by itself"))
        case .awaitingHello:
            state = .awaitingHello
            return .close
        case .streaming(let nodeName, let renewing):
            // The store's session still has to be ended, by close().
            state = .streaming(nodeName: nodeName, renewing: renewing)
            return .close
        case .closed:
            state = .closed
            return .ignore
        }
    }

    /// The session is over, whoever ended it.
    /// - Returns: whether the store has a session to end.
    mutating func close() -> Bool {
        switch state {
        case .streaming:
            state = .closed
            return true
        case .awaitingHello, .authenticating, .closed:
            state = .closed
            return false
        }
    }

    /// The largest frame that may come next: a stranger gets little room.
    var frameCap: Int {
        switch state {
        case .awaitingHello, .authenticating, .closed: WireLimits.frameBytesBeforeWelcome
        case .streaming: WireLimits.agentFrameBytes
        }
    }

    private static let secondHello = Reject(
        code: .protocol, reason: "a session has one Hello; this is the second")

    private static func refusal(of hello: Hello) -> Reject? {
        guard hello.protocolVersion == PushProtocol.protocolVersion else {
            return Reject(
                code: .protocol,
                reason:
                    "protocol version \(hello.protocolVersion) is not spoken here, only \(PushProtocol.protocolVersion); "
                    + "install agent and aggregator of the same release")
        }
        guard !hello.nodeName.isEmpty else {
            return Reject(code: .protocol, reason: "the Hello names no node; start the agent with --node-name")
        }
        return nil
    }
}
