// SPDX-License-Identifier: Apache-2.0
import NIOCore

/// How long the push port waits for what.
struct IngestTimes: Sendable {
    /// From a connection to its TLS session.
    var handshake: TimeAmount = .seconds(10)
    /// For so long a handshake takes one of the places there are for them at a time; one that is not done by then goes on
    /// without. Otherwise a few peers that connect and say nothing would keep all others out.
    var handshakeTurn: TimeAmount = .seconds(2)
    /// A connection that waited for so long until its handshake may begin is closed instead. Half of the 10 s that
    /// an agent waits for its session: when more come than there is time for, those that begin must also end in time, or
    /// all work is for agents that have left.
    var handshakeWait: TimeAmount = .seconds(5)
    /// A connection that has not become a session by then is closed.
    var hello: TimeAmount = .seconds(10)
    /// A session that lets this many of its own intervals pass in silence is closed; its node's data is stale then.
    var silentIntervals: Int64 = 3
    /// ... but never sooner than this, or a short hiccup of a node with a short interval would cost a handshake.
    var shortestSilence: TimeAmount = .seconds(30)
    /// All these may be late by so much: deadlines are looked at together.
    var tick: TimeAmount = .seconds(1)

    /// How long an event loop rests between turns with many samples; see `IngestRest`. Zero: never.
    var rest: TimeAmount = .milliseconds(50)

    /// - Parameter interval: the session's own, ms.
    func silence(intervalMilliseconds interval: UInt32) -> TimeAmount {
        max(shortestSilence, .milliseconds(Int64(interval) * silentIntervals))
    }
}
