// SPDX-License-Identifier: Apache-2.0
import Formats
import Testing

@testable import Swarm

@Suite("What the swarm reports")
struct ReportTests {
    private func point(_ due: Int, _ sent: Int, seconds: Int64) -> Measurement.Point {
        .init(due: due, sent: sent, moment: seconds * 1_000_000_000)
    }

    @Test("Only the spans that count make the rate")
    func spans() {
        var measurement = Measurement()
        measurement.begin(point(100, 90, seconds: 10))
        measurement.end(point(1_100, 1_090, seconds: 20))
        // A storm: nothing of this counts.
        measurement.begin(point(3_000, 1_100, seconds: 40))
        measurement.end(point(4_000, 2_100, seconds: 50))
        #expect(measurement.due == 2_000 && measurement.sent == 2_000)
        #expect(measurement.rate == 100 && measurement.wantedRate == 100)
        #expect(measurement.isAchieved)
    }

    @Test("One frame in a hundred may be under way, not more")
    func tolerance() {
        func achieved(_ due: Int, _ sent: Int) -> Bool {
            var measurement = Measurement()
            measurement.begin(point(0, 0, seconds: 0))
            measurement.end(point(due, sent, seconds: 1))
            return measurement.isAchieved
        }
        #expect(achieved(1_000, 990) && !achieved(1_000, 989))
        #expect(achieved(10, 8) && !achieved(10, 7))
    }

    @Test("Percentiles are of the nearest rank")
    func percentiles() {
        var latencies = Latencies()
        #expect(latencies.percentiles([50, 99]) == [nil, nil])
        for value in (1...200).reversed() { latencies.add(nanoseconds: Int64(value) * 1_000) }
        #expect(latencies.percentiles([50, 99, 100]) == [100, 198, 200])
        var one = Latencies()
        one.add(nanoseconds: 7_900)
        #expect(one.percentiles([1, 50, 99]) == [7, 7, 7])
    }

    @Test("Tallies of loops add up")
    func tallies() {
        var first = Tally()
        first.sessions = 3
        first.samples = 180
        first.latest = 5
        first.trouble = "a"
        var second = first
        second.latest = 9
        second.trouble = nil
        first.add(second)
        #expect(first.sessions == 6 && first.samples == 360 && first.latest == 9 && first.trouble == "a")
    }

    private func report() -> SwarmReport {
        var tally = Tally()
        tally.sessions = 50
        tally.samples = 6_000
        tally.frameBytes = 48_000
        tally.refusals = 1
        tally.trouble = "refused: \u{1b}[2J\"no\""
        tally.handshakes.add(nanoseconds: 3_000_000)
        var measured = Measurement()
        measured.begin(point(0, 0, seconds: 1))
        measured.end(point(100, 95, seconds: 11))
        return SwarmReport(
            isFinal: true, elapsed: 12_000_000_000, nodes: 50, containers: 60, sessions: 49, tally: tally,
            measured: measured, rampNanoseconds: 1_000_000_000, stormNanoseconds: nil, ownCPU: 570_000,
            ownBytes: 50 << 20, problems: ["only 49 of 50 sessions are open"])
    }

    @Test("As JSON, with null for what there is not")
    func json() throws {
        let value = try #require(JSONValue(parsing: Array(report().json.utf8)))
        #expect(value["kind"]?.text == "final")
        #expect(value["sessions"]?.integer == 49)
        #expect(value["samples_per_second"]?.integer == 570)
        #expect(value["wanted_samples_per_second"]?.integer == 600)
        #expect(value["handshake_p99_us"]?.integer == 3_000)
        #expect(value["storm_recovery_ms"] == .null)
        #expect(value["own_cpu_ns_per_sample"]?.integer == 100)
        #expect(value["own_bytes_per_node"]?.integer == 1 << 20)
        #expect(value["problems"]?.texts == ["only 49 of 50 sessions are open"])
    }

    @Test("As text, without control characters of a peer's")
    func text() {
        let text = report().text
        #expect(text.contains("570 of 600 wanted"))
        #expect(text.contains("8.0 before TLS"))
        #expect(text.contains("FAILED         only 49 of 50"))
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    }
}
