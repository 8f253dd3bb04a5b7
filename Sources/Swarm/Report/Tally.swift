// SPDX-License-Identifier: Apache-2.0

/// What happened up to now; those of several loops add up.
struct Tally: Sendable {
    /// Sessions that are open now.
    var sessions = 0
    /// Frames with samples that came at their time: every node's, once an interval.
    var scheduledFrames = 0
    /// ... of these, how many came later than ``lateness``.
    var lateFrames = 0
    /// How late the worst was, ns.
    var latest: Int64 = 0
    /// Not sent because the session took no more.
    var heldFrames = 0
    /// Complete frames, those that open a session included.
    var completeFrames = 0
    /// Of containers, in all frames; what the aggregator counts.
    var samples = 0
    /// All frames with their headers, before TLS.
    var frameBytes = 0
    /// TCP payload in both directions.
    var wireBytesOut = 0
    var wireBytesIn = 0
    /// Containers that were replaced.
    var replacements = 0
    var attempts = 0
    var failures = 0
    var refusals = 0
    var resyncs = 0
    /// Sessions that were lost, except those that a storm dropped.
    var lost = 0
    /// From the first packet to the end of TLS's handshake.
    var handshakes = Latencies()
    /// From the first packet to the Welcome.
    var welcomes = Latencies()
    /// What the last failure or refusal said.
    var trouble: String?

    /// Characters of ``trouble``.
    static let mostTrouble = 300

    /// A frame that comes later than that after its time is late, ns. The aggregator's rates do not mind; a swarm whose
    /// frames are late has too little CPU to tell much.
    static let lateness: Int64 = 100_000_000

    mutating func add(_ other: Tally) {
        sessions += other.sessions
        scheduledFrames += other.scheduledFrames
        lateFrames += other.lateFrames
        latest = max(latest, other.latest)
        heldFrames += other.heldFrames
        completeFrames += other.completeFrames
        samples += other.samples
        frameBytes += other.frameBytes
        wireBytesOut += other.wireBytesOut
        wireBytesIn += other.wireBytesIn
        replacements += other.replacements
        attempts += other.attempts
        failures += other.failures
        refusals += other.refusals
        resyncs += other.resyncs
        lost += other.lost
        handshakes.add(other.handshakes)
        welcomes.add(other.welcomes)
        trouble = other.trouble ?? trouble
    }
}
