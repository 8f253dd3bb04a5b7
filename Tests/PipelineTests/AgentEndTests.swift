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

    @Test("A killed agent's node and pods are served until --stale-after has passed, and not longer")
    func killed() async throws {
        let node = Self.node()
        let staleAfter = Duration.seconds(3)
        let aggregator = try await AggregatorProcess(flags: ["--stale-after", "3s"])
        let agent = try startAgent(aggregator, node: node.flags)
        let client = try aggregator.client()
        try await agent.until("figures") { try !client.pods().isEmpty && !client.nodes().isEmpty }

        // The window of the node's figure tells samples apart. The last one came between two questions.
        var last = try #require(try client.nodes().first)
        var lastSample = ContinuousClock.now
        for _ in 0..<30 {
            let figure = try #require(try client.nodes().first)
            if !figure.isSameSample(as: last) { lastSample = .now }
            last = figure
            try await Task.sleep(for: .milliseconds(50))
        }
        agent.signal(9)
        _ = try await agent.end()
        var isServed = true
        var lastSeen = ContinuousClock.now
        while isServed, ContinuousClock.now - lastSample < .seconds(10) {
            let asked = ContinuousClock.now
            let nodes = try client.nodes()
            if let figure = nodes.first, !figure.isSameSample(as: last) {
                // One more came before the end.
                (last, lastSample) = (figure, .now)
            }
            isServed = !nodes.isEmpty
            if isServed { lastSeen = asked }
            try await Task.sleep(for: .milliseconds(50))
        }
        // A busy machine may stretch the pauses between the questions.
        let tolerance = Duration.milliseconds(700)
        #expect(lastSeen - lastSample >= staleAfter - tolerance)
        #expect(lastSeen - lastSample <= staleAfter + tolerance)
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
        #expect(try client.pods().map(\.memoryBytes) == [2048 << 10])
        try await aggregator.program.awaitLine("session closed")
    }

    @Test("SIGTERM ends an agent with 0 that has nobody to push to")
    func terminatedAlone() async throws {
        let place = BadInputPlace()
        let agent = try Program(place.agent)
        try await agent.awaitLine("no session; trying again")
        agent.signal(15)
        #expect(try await agent.end(within: .seconds(5)) == 0, "\(agent.text)")
    }

    @Test("SIGTERM ends the aggregator with 0 while agents and users are connected", arguments: [15, 2])
    func aggregatorTerminated(signal: Int32) async throws {
        let node = Self.node()
        let aggregator = try await AggregatorProcess()
        let agent = try startAgent(aggregator, node: node.flags)
        try await agent.awaitLine("session open")
        let idle = try aggregator.client().connect(.after(.seconds(5)))
        aggregator.program.signal(signal)
        #expect(try await aggregator.program.end(within: .seconds(10)) == 0, "\(aggregator.program.text)")
        #expect(agent.isRunning)
        _ = consume idle
    }
}
