// SPDX-License-Identifier: Apache-2.0
package import Wire

/// The agent's side of one session: what the aggregator said, and what may be sent. No I/O.
package struct SessionState {
    private enum State {
        case greeting
        /// `sent`: the last frame's number; nil: the next one must be complete.
        case streaming(sent: UInt64?)
        case refused
    }

    private var state = State.greeting

    package init() {}

    package enum Event: Equatable {
        case welcomed(Welcome)
        case resync(reason: String)
        case refused(Reject)
        /// The peer does not keep to the protocol.
        case violation(String)
    }

    package mutating func received(_ message: AggregatorMessage) -> Event {
        switch (state, message) {
        case (.greeting, .welcome(let welcome)):
            state = .streaming(sent: nil)
            return .welcomed(welcome)
        case (.greeting, .reject(let reject)), (.streaming, .reject(let reject)):
            state = .refused
            return .refused(reject)
        case (.streaming, .resync(let reason)):
            state = .streaming(sent: nil)
            return .resync(reason: reason)
        case (.streaming, .welcome):
            return .violation("the aggregator welcomed the session twice")
        case (.greeting, .resync):
            return .violation("the aggregator asked for samples before it welcomed the session")
        case (.refused, _):
            return .violation("the aggregator went on after it refused the session")
        }
    }

    package enum Sending: Equatable {
        case nothing
        case frame(after: UInt64?)
    }

    /// What to ask the feed for.
    package var sending: Sending {
        switch state {
        case .streaming(let sent): .frame(after: sent)
        case .greeting, .refused: .nothing
        }
    }

    package mutating func sent(_ frame: EncodedFrame) {
        guard case .streaming = state else { return }
        state = .streaming(sent: frame.sequence)
    }
}
