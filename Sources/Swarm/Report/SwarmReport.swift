// SPDX-License-Identifier: Apache-2.0
import NodeAgent

/// How things stand, or stood at the end.
struct SwarmReport: Sendable {
    var isFinal: Bool
    /// Since the start, ns.
    var elapsed: Int64
    var nodes: Int
    var containers: Int
    /// Sessions that were open when it was made; at the end, before they were closed.
    var sessions: Int
    var tally: Tally
    /// Of an interim report: since the one before.
    var measured: Measurement
    /// From the first connection to the last Welcome of the start, ns; nil: not all are there yet.
    var rampNanoseconds: Int64?
    var stormNanoseconds: Int64?
    /// The swarm's own CPU in the spans that count, ns.
    var ownCPU: Int64
    /// The most memory that the swarm has occupied, beyond what it had before it made its nodes.
    var ownBytes: Int
    /// Why the run failed; empty: it did not.
    var problems: [String] = []

    var samplesPerSecond: Double { measured.rate * Double(containers) }
    var wantedSamplesPerSecond: Double { measured.wantedRate * Double(containers) }
    var cpuPerSample: Double? {
        measured.sent > 0 ? Double(ownCPU) / Double(measured.sent * containers) : nil
    }

    /// One JSON object: numbers are whole, in the units that the keys name; what there is not is null.
    var json: String {
        var line = JSONLine()
        line.add("kind", isFinal ? "final" : "interim")
        line.add("elapsed_ms", UInt64(max(0, elapsed) / 1_000_000))
        line.add("nodes", UInt64(nodes))
        line.add("containers_per_node", UInt64(containers))
        line.add("sessions", UInt64(max(0, sessions)))
        line.add("samples_per_second", UInt64(samplesPerSecond.rounded()))
        line.add("wanted_samples_per_second", UInt64(wantedSamplesPerSecond.rounded()))
        line.add("measured_ms", UInt64(max(0, measured.span) / 1_000_000))
        line.add("frames_due", UInt64(max(0, measured.due)))
        line.add("frames_sent", UInt64(max(0, measured.sent)))
        line.add("frames_late", UInt64(tally.lateFrames))
        line.add("latest_us", UInt64(max(0, tally.latest) / 1_000))
        line.add("frames_held", UInt64(tally.heldFrames))
        line.add("complete_frames", UInt64(tally.completeFrames))
        line.add("samples", UInt64(tally.samples))
        line.add("frame_bytes", UInt64(tally.frameBytes))
        line.add("wire_bytes_out", UInt64(tally.wireBytesOut))
        line.add("wire_bytes_in", UInt64(tally.wireBytesIn))
        line.add("replaced_containers", UInt64(tally.replacements))
        line.add("attempts", UInt64(tally.attempts))
        line.add("failures", UInt64(tally.failures))
        line.add("rejects", UInt64(tally.refusals))
        line.add("resyncs", UInt64(tally.resyncs))
        line.add("sessions_lost", UInt64(tally.lost))
        let handshakes = tally.handshakes.percentiles([50, 99])
        line.add("handshake_p50_us", handshakes[0])
        line.add("handshake_p99_us", handshakes[1])
        let welcomes = tally.welcomes.percentiles([50, 99])
        line.add("welcome_p50_us", welcomes[0])
        line.add("welcome_p99_us", welcomes[1])
        line.add("ramp_ms", rampNanoseconds.map { UInt64(max(0, $0) / 1_000_000) })
        line.add("storm_recovery_ms", stormNanoseconds.map { UInt64(max(0, $0) / 1_000_000) })
        line.add("own_cpu_ns_per_sample", cpuPerSample.map { UInt64(max(0, $0)) })
        line.add("own_bytes_per_node", UInt64(max(0, ownBytes) / max(1, nodes)))
        line.add("trouble", tally.trouble)
        line.add("problems", problems)
        return line.text
    }
}
