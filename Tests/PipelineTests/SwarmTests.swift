// SPDX-License-Identifier: Apache-2.0
import Formats
import TLSTestSupport
import Testing

/// The load tool against a real aggregator: what it says it did, the aggregator confirms.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct SwarmTests {
    private static let nodes = 50

    private func aggregator() async throws -> AggregatorProcess {
        let names = (0..<Self.nodes).map { "swarm-\($0)" }.joined(separator: ",")
        return try await AggregatorProcess(flags: ["--node-name", names])
    }

    /// - Parameter address: that it pushes to; nil: the aggregator's.
    private func swarm(
        _ aggregator: AggregatorProcess, at address: String? = nil, _ flags: String...
    ) throws -> Program {
        try Program(
            [
                Programs.swarm, "--aggregator", address ?? aggregator.push, "--ca-file", aggregator.caFile,
                "--token-file",
                aggregator.state.file("agent-token"), "--nodes", "\(Self.nodes)", "-o", "json",
            ] + flags)
    }

    /// The last line that it wrote.
    private func report(_ swarm: Program) throws -> JSONValue {
        try #require(JSONValue(parsing: Array((swarm.text.split(separator: "\n").last ?? "").utf8)), "\(swarm.text)")
    }

    private func counters(_ aggregator: AggregatorProcess) throws -> [Substring: Int64] {
        let text = String(decoding: try aggregator.client().get("/metrics").body, as: UTF8.self)
        var values: [Substring: Int64] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count == 2, let value = Int64(words[1]) { values[words[0]] = value }
        }
        return values
    }

    @Test("The aggregator has received what the swarm says it sent, and serves its pods")
    func steady() async throws {
        // Of three runs one that this machine does not hold up is enough.
        for _ in 0..<3 where try await agreement() { return }
        Issue.record("frames' time came and went in each of three runs")
    }

    /// Whether the load tool missed the time of frames, and nothing else.
    private static func isLate(_ report: JSONValue) -> Bool {
        let problems = report["problems"]?.texts ?? []
        return problems.count == 1 && problems[0].hasSuffix("whose time had come")
    }

    /// - Returns: whether all frames were sent when their time came.
    private func agreement() async throws -> Bool {
        let aggregator = try await aggregator()
        let swarm = try swarm(aggregator, "--interval", "1s", "--duration", "8s", "--churn", "20")
        // Those that were just replaced have no rate yet.
        try await swarm.until("pods of all nodes") {
            try aggregator.client().pods().count > Self.nodes * 30 * 9 / 10
        }
        let status = try await swarm.end()
        let report = try report(swarm)
        #expect(status == 0 || status == 1 && Self.isLate(report), "\(swarm.text)")
        #expect(report["kind"]?.text == "final")
        #expect(report["sessions"]?.integer == Int64(Self.nodes))
        #expect(report["wanted_samples_per_second"]?.integer ?? 0 > 2_800)
        #expect(report["replaced_containers"]?.integer ?? 0 > 0)
        // It does not wait for long that its goodbyes are taken.
        var counters: [Substring: Int64] = [:]
        try await aggregator.program.until("the end of all sessions") {
            counters = try self.counters(aggregator)
            return counters["metrics_push_sessions"] == 0
        }
        #expect(counters["metrics_push_samples_received_total"] == report["samples"]?.integer)
        #expect(counters["metrics_push_received_bytes_total"] == report["frame_bytes"]?.integer)
        #expect(counters["metrics_push_resyncs_requested_total"] == 0)
        #expect(report["wire_bytes_out"]?.integer ?? 0 > report["frame_bytes"]?.integer ?? 0)
        return status == 0
    }

    @Test("After a storm all are back, and nothing counts that was dropped on the way")
    func storm() async throws {
        // Of three storms one that this machine does not hold up is enough.
        var recovery = Int64.max
        for _ in 0..<3 where recovery >= 4_000 { recovery = min(recovery, try await self.recovery()) }
        #expect(recovery < 4_000)
    }

    /// - Returns: how long it took until all were back, ms; the most when frames' time came and went meanwhile.
    private func recovery() async throws -> Int64 {
        let aggregator = try await aggregator()
        let swarm = try swarm(
            aggregator, "--interval", "1s", "--duration", "15s", "--reconnect-storm", "2s", "--report-every", "500ms")
        let status = try await swarm.end(within: .seconds(90))
        let report = try report(swarm)
        #expect(status == 0 || status == 1 && Self.isLate(report), "\(swarm.text)")
        #expect(report["sessions"]?.integer == Int64(Self.nodes))
        #expect(report["attempts"]?.integer ?? 0 >= Int64(2 * Self.nodes))
        #expect(report["sessions_lost"]?.integer == 0)
        #expect(try counters(aggregator)["metrics_push_sessions_accepted_total"] ?? 0 >= Int64(2 * Self.nodes))
        let recovery = try #require(report["storm_recovery_ms"]?.integer)
        // Of each.
        #expect(recovery < 10_000)
        return status == 0 ? recovery : .max
    }

    @Test("Nodes that the aggregator does not take are a failure that says so")
    func refused() async throws {
        let aggregator = try await aggregator()
        let swarm = try swarm(
            aggregator, "--node-template", "other-{node}", "--duration", "1s", "--report-every", "500ms",
            // Who was refused makes room.
            "--connecting-at-once", "2")
        try await swarm.awaitLine("\"rejects\":\(Self.nodes)")
        #expect(swarm.text.contains("refused (wrongNode)"), "\(swarm.text)")
        swarm.signal(15)
        #expect(try await swarm.end() == 1)
        #expect(try report(swarm)["problems"]?.texts == ["a signal ended it early"])
    }

    @Test("No more connections are begun than may wait for their Welcome")
    func connectingAtOnce() async throws {
        let aggregator = try await aggregator()
        let silent = LoopbackServer(connections: 0) { _ in }
        let swarm = try swarm(
            aggregator, at: "127.0.0.1:\(silent.port)", "--connecting-at-once", "3", "--report-every",
            "500ms")
        try await swarm.awaitLine("\"attempts\":3,")
        swarm.signal(15)
        #expect(try await swarm.end() == 1)
        #expect(try report(swarm)["attempts"]?.integer == 3)
    }

    @Test("An aggregator that goes away is a rate that was not achieved")
    func gone() async throws {
        let aggregator = try await aggregator()
        let swarm = try swarm(aggregator, "--interval", "1s", "--duration", "8s", "--report-every", "500ms")
        try await swarm.awaitLine("\"sessions\":\(Self.nodes)")
        try await aggregator.kill()
        #expect(try await swarm.end() == 1, "\(swarm.text)")
        let report = try report(swarm)
        #expect(report["sessions_lost"]?.integer == Int64(Self.nodes))
        #expect(report["problems"]?.texts?.isEmpty == false)
    }
}
