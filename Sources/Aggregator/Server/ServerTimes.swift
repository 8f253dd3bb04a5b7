// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// How long the API port waits for what.
struct ServerTimes: Sendable {
    /// From a connection to its TLS session.
    var handshake: TimeAmount = .seconds(10)
    /// A connection on which nothing has moved for this long is closed, and so is one on which no whole request has come,
    /// however many bytes of one. Above the API server's own ping interval.
    var idle: TimeAmount = .seconds(120)
    /// A client that has not taken its answer by then is cut off, as `--request-timeout` has it; and so is one that has not
    /// taken what came of a watch for so long.
    var answer: TimeAmount = .seconds(60)
    /// So is one that does not take some event of a watch by then.
    var event: TimeAmount = .seconds(30)
    /// A closing connection waits this long for the client to take what is on its way and to say goodbye.
    var close: TimeAmount = .seconds(5)
}
