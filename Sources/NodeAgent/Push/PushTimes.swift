// SPDX-License-Identifier: Apache-2.0

/// How long the push side waits for what.
package struct PushTimes: Sendable {
    /// A connection must stand, and be accepted, within this time.
    package var connect: Duration = .seconds(10)
    /// Upper bound of the wait before the second attempt; later ones wait for longer.
    var firstPause: Duration = Backoff.first
    /// Upper bound of the wait after a session that held; nil: of the longest wait.
    var span: Duration?
    /// After a session that lasted for this long the waits between attempts start over. One that was accepted and ended
    /// sooner is a failed attempt: whatever the aggregator dislikes is still there, and a whole cluster would connect
    /// several times a second.
    package var held: Duration = .seconds(10)
    /// A frame must be handed over within this time, or within two intervals if those are longer: it would be followed
    /// by stale ones only.
    var write: Duration = .seconds(5)
    /// The last frame and the goodbye may take this long together before the process ends without them, whatever a
    /// session is waiting for.
    package var goodbye: Duration = .seconds(2)
    /// How often a rotated token is looked for; kubelet rotates at 80 % of a token's life, an hour by default.
    var credential: Duration = .seconds(30)
    /// How often a name is resolved again: replicas come and go.
    var resolve: Duration = .seconds(30)
    /// After a look-up that failed: at first the aggregator may not be there yet. After one that found other addresses,
    /// and after a session that failed, too, and then for longer and longer: replicas are replaced one after the other,
    /// and each has a new address.
    var resolveRetry: Duration = .seconds(3)
    /// After a refusal that only a person can mend.
    package var afterRefusal: Duration = .seconds(30)

    package init() {}
}
