// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// What the requests of one connection have in common. Confined to its event loop.
final class ConnectionShare {
    /// Answers that may be on their way at a time. HTTP/2 allows a hundred requests, and a client that reads none of their
    /// answers shall not make us hold a chunk of each.
    static let unreadAnswers = 16

    private var unread = 0
    /// At most as many as the connection has streams.
    private var waiting: CircularBuffer<() -> Void> = []
    /// Answers that end when somebody ends them; a connection with one of them is not idle.
    var endless = 0

    /// Runs `send` when there is room, which it takes until `leave`.
    func enter(_ send: @escaping () -> Void) {
        guard unread < Self.unreadAnswers else { return waiting.append(send) }
        unread += 1
        send()
    }

    func leave() {
        guard let next = waiting.popFirst() else {
            unread -= 1
            return
        }
        next()
    }
}

@available(*, unavailable)
extension ConnectionShare: Sendable {}
