// SPDX-License-Identifier: Apache-2.0

extension SwarmReport {
    var text: String { isFinal ? summary : progress }

    private var progress: String {
        let seconds = padded("\(elapsed / 1_000_000_000) s", 7)
        var line = "\(seconds)  sessions \(sessions)/\(nodes)"
        if measured.span > 0 {
            line += "  samples/s \(Self.whole(samplesPerSecond)) of \(Self.whole(wantedSamplesPerSecond))"
        }
        line += "  late \(tally.lateFrames)  rejects \(tally.refusals)  resyncs \(tally.resyncs)  lost \(tally.lost)"
        if let trouble = tally.trouble { line += "  (\(Self.printable(trouble)))" }
        return line
    }

    private var summary: String {
        let handshakes = tally.handshakes.percentiles([50, 99])
        let welcomes = tally.welcomes.percentiles([50, 99])
        let perSample = Double(max(1, tally.samples))
        var lines: [(String, String)] = [
            (
                "sessions",
                "\(sessions) of \(nodes) open at the end; \(tally.lost) lost, \(tally.failures) failed attempts"
            ),
            (
                "samples/s",
                "\(Self.whole(samplesPerSecond)) of \(Self.whole(wantedSamplesPerSecond)) wanted, "
                    + "in \(measured.span / 1_000_000_000) s"
            ),
            (
                "samples",
                "\(tally.samples) sent, \(tally.completeFrames) frames of them complete; "
                    + "\(tally.replacements) containers replaced"
            ),
            (
                "frames late",
                "\(tally.lateFrames) by more than \(Tally.lateness / 1_000_000) ms, the worst by "
                    + "\(Self.milliseconds(tally.latest / 1_000)); \(tally.heldFrames) held back"
            ),
            (
                "bytes/sample",
                "\(Self.tenths(Double(tally.frameBytes) / perSample)) before TLS, "
                    + "\(Self.tenths(Double(tally.wireBytesOut) / perSample)) on the wire; "
                    + "\(tally.wireBytesIn) bytes back"
            ),
            ("TLS handshake", Self.pair(handshakes)),
            ("... to Welcome", Self.pair(welcomes)),
            ("complaints", "\(tally.refusals) rejects, \(tally.resyncs) resyncs"),
        ]
        if let rampNanoseconds { lines.append(("all open after", Self.milliseconds(rampNanoseconds / 1_000))) }
        if let stormNanoseconds {
            lines.append(("all back after", Self.milliseconds(stormNanoseconds / 1_000) + " from the storm"))
        }
        let cpu = cpuPerSample.map { "\(Self.whole($0)) ns CPU a sample, " } ?? ""
        lines.append(("this program", cpu + "\(max(0, ownBytes) / max(1, nodes) / 1_024) KiB a node"))
        if let trouble = tally.trouble { lines.append(("last trouble", Self.printable(trouble))) }
        for problem in problems { lines.append(("FAILED", Self.printable(problem))) }
        return lines.map { padded($0.0, 15, left: true) + $0.1 }.joined(separator: "\n")
    }

    private static func pair(_ values: [UInt64?]) -> String {
        guard let median = values[0], let most = values[1] else { return "none" }
        return "p50 \(milliseconds(Int64(clamping: median))), p99 \(milliseconds(Int64(clamping: most)))"
    }

    /// - Parameter microseconds: 0 or more.
    private static func milliseconds(_ microseconds: Int64) -> String { "\(tenths(Double(microseconds) / 1_000)) ms" }

    private static func whole(_ value: Double) -> String { "\(Int(value.rounded()))" }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private func padded(_ text: String, _ width: Int, left: Bool = false) -> String {
        let gap = String(repeating: " ", count: max(0, width - text.count))
        return left ? text + gap : gap + text
    }

    /// The aggregator's words go to a terminal as text only.
    private static func printable(_ text: String) -> String {
        String(text.unicodeScalars.map { $0.value < 0x20 || (0x7f...0x9f).contains($0.value) ? "?" : Character($0) })
    }
}
