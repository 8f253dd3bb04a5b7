// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// How long the push port waits for what.
struct IngestTimes: Sendable {
    /// From a connection to its TLS session.
    var handshake: TimeAmount = .seconds(10)
    /// A connection that has not become a session by then is closed.
    var hello: TimeAmount = .seconds(10)
    /// A session that lets this many of its own intervals pass in silence is closed; its node's data is stale then.
    var silentIntervals: Int64 = 3
    /// ... but never sooner than this, or a short hiccup of a node with a short interval would cost a handshake.
    var shortestSilence: TimeAmount = .seconds(30)

    /// - Parameter interval: the session's own, ms.
    func silence(intervalMilliseconds interval: UInt32) -> TimeAmount {
        max(shortestSilence, .milliseconds(Int64(interval) * silentIntervals))
    }
}
