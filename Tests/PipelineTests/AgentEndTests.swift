// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

/// How an agent ends, and what is served of its node then.
@Suite struct AgentEndTests {
    /// A node of files, so that this runs anywhere.
    private static func node() -> FixtureNode {
        let node = FixtureNode()
        node.container(id(1), cpu: 1_000_000, memory: 1024)
        node.link(pod: "web-0", container: "app", id: id(1))
        return node
    }

    /// Something happened in between.
    private struct Moment {
        var after: ContinuousClock.Instant
        var before: ContinuousClock.Instant
        var width: Duration { before - after }
    }

    /// Kills an agent once a sample has come.
    /// - Returns: when the last one came, and when nothing of the node was served any more.
    private static func kill(
        _ agent: Program, _ client: APIClient, staleAfter: Duration
    ) async throws -> (came: Moment, gone: Moment) {
        // When was asked what was answered last.
        var asked = ContinuousClock.now
        // The window of the node's figure tells samples apart.
        var last: ServedFigure?
        var came: Moment?
        let deadline = asked + .seconds(60)
        while asked < deadline {
            try await Task.sleep(for: .milliseconds(20))
            let asking = ContinuousClock.now
            let answer = try client.nodes().first
            let moment = Moment(after: asked, before: .now)
            asked = asking
            guard let figure = answer else {
                guard let came else {
                    // It is held up, and was not killed yet: its last figure must be too old to be served.
                    if let last {
                        let age = RealTime.now() - last.timestampSeconds * RealTime.second
                        #expect(Duration.nanoseconds(age) >= staleAfter)
                    }
                    continue
                }
                _ = try await agent.end()
                return (came, moment)
            }
            if let last, !figure.isSameSample(as: last) {
                if came == nil { agent.signal(9) }
                // One more may come before the end.
                came = moment
            }
            last = figure
        }
        throw Program.Failure(description: "served for a minute; the agent wrote: \(agent.text)")
    }

    @Test("A killed agent's node and pods are served until --stale-after has passed, and not longer")
    func killed() async throws {
        let node = Self.node()
        let staleAfter = Duration.seconds(3)
        let aggregator = try await AggregatorProcess(flags: ["--stale-after", "3s"])
        let agent = try startAgent(aggregator, node: node.flags)
        let client = try aggregator.client()
        try await agent.until("figures") { try !client.pods().isEmpty && !client.nodes().isEmpty }

        // A busy machine may put the questions far apart, and the moments are not known well enough; then it is done
        // again.
        var (came, gone) = try await Self.kill(agent, client, staleAfter: staleAfter)
        for _ in 0..<4 where came.width + gone.width > .milliseconds(700) {
            let agent = try startAgent(aggregator, node: node.flags)
            try await agent.until("figures") { try !client.pods().isEmpty && !client.nodes().isEmpty }
            (came, gone) = try await Self.kill(agent, client, staleAfter: staleAfter)
        }
        #expect(gone.before - came.after >= staleAfter, "\(came) \(gone)")
        #expect(gone.after - came.before <= staleAfter, "\(came) \(gone)")
        #expect(try client.pods().isEmpty)
        #expect(try client.get("\(APIClient.nodes)/\(AggregatorProcess.node)").status == 404)
    }

    @Test("SIGTERM and SIGINT flush a last sample and end the agent with 0", arguments: [15, 2])
    func terminated(signal: Int32) async throws {
        let node = Self.node()
        let aggregator = try await AggregatorProcess()
        // No sample would come by itself.
        let agent = try startAgent(aggregator, node: node.flags, interval: "5m")
        let client = try aggregator.client()
        try await agent.until("figures") { try client.pods().first?.memoryBytes == 1024 << 10 }
        node.container(id(1), cpu: 2_000_000, memory: 2048)
        agent.signal(signal)
        #expect(try await agent.end() == 0, "\(agent.text)")
        #expect(agent.lines(with: "shutting down").count == 1)
        // It does not wait for long that the aggregator takes it.
        try await aggregator.program.awaitLine("session closed")
        #expect(try client.pods().map(\.memoryBytes) == [2048 << 10])
    }

    @Test("SIGTERM ends an agent with 0 that has nobody to push to")
    func terminatedAlone() async throws {
        let place = BadInputPlace()
        let agent = try Program(place.agent)
        try await agent.awaitLine("no session; trying again")
        agent.signal(15)
        #expect(try await agent.end() == 0, "\(agent.text)")
    }

    @Test("SIGTERM ends the aggregator with 0 while agents and users are connected", arguments: [15, 2])
    func aggregatorTerminated(signal: Int32) async throws {
        let node = Self.node()
        let aggregator = try await AggregatorProcess()
        let agent = try startAgent(aggregator, node: node.flags)
        try await agent.awaitLine("session open")
        let idle = try aggregator.client().connect(.after(APIClient.patience))
        aggregator.program.signal(signal)
        #expect(try await aggregator.program.end() == 0, "\(aggregator.program.text)")
        #expect(agent.isRunning)
        _ = consume idle
    }
}
