// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing

/// An agent whose aggregator cannot be reached, is not the right one, or does not want it: it says so once, stays, and goes
/// on when the cause is gone.
@Suite(.timeLimit(.minutes(5))) struct PeerTroubleTests {
    private let node: FixtureNode = {
        let node = FixtureNode()
        node.container(id(1), cpu: 1_000_000, memory: 1024)
        node.link(pod: "web-0", container: "app", id: id(1))
        return node
    }()

    /// Waits for one complaint, sees that it is not repeated, and returns it.
    private func complaint(_ agent: Program, _ pattern: String) async throws -> String {
        try await agent.awaitLine(pattern)
        // Several attempts go into this: at an interval of 1 s none waits longer than that.
        try await Task.sleep(for: .seconds(2))
        #expect(agent.isRunning)
        #expect(agent.lines(with: pattern).count == 1, "\(agent.text)")
        return String(agent.lines(with: pattern).first ?? "")
    }

    private func expectRecovery(_ agent: Program, _ aggregator: AggregatorProcess) async throws {
        try await agent.awaitLine("session open")
        let client = try aggregator.client()
        try await agent.until("figures") { try client.pods().count == 1 }
        agent.signal(15)
        #expect(try await agent.end() == 0)
    }

    @Test("An aggregator that is not there yet")
    func unreachable() async throws {
        let gone = try await AggregatorProcess()
        try await gone.kill()
        let agent = try startAgent(gone, node: node.flags)
        let line = try await complaint(agent, "no session; trying again")
        #expect(line.contains(gone.push) && line.contains("refused"), "\(line)")
        let aggregator = try await AggregatorProcess(state: gone.state, ports: gone)
        try await expectRecovery(agent, aggregator)
    }

    @Test("A name that does not resolve")
    func unresolvable() async throws {
        let place = BadInputPlace()
        let agent = try Program(place.agent + ["--aggregator", "no-such-name.invalid:4444"])
        try await agent.awaitLine("cannot reach out to the aggregator")
        let line = agent.lines(with: "cannot reach out").first ?? ""
        #expect(line.contains("no-such-name.invalid") && line.contains("does not resolve"), "\(line)")
        #expect(agent.isRunning)
    }

    @Test("An aggregator of another CA")
    func wrongCA() async throws {
        let other = try await AggregatorProcess()
        let mine = TemporaryDirectory()
        let first = try await AggregatorProcess(state: mine)
        try await first.kill()
        // On the port where mine will be.
        let agent = try startAgent(first, to: other.push, node: node.flags)
        let line = try await complaint(agent, "certificate")
        #expect(line.contains("--ca-file"), "\(line)")
        try await other.program.awaitLine("connection failed")
        try await other.kill()
        let aggregator = try await AggregatorProcess(state: mine, ports: other)
        try await expectRecovery(agent, aggregator)
    }

    @Test("An aggregator of another name")
    func wrongName() async throws {
        let first = try await AggregatorProcess()
        let agent = try startAgent(first, node: node.flags, more: ["--server-name", "aggregator.example"])
        let line = try await complaint(agent, "no session; trying again")
        #expect(line.contains("aggregator.example") && line.contains("--server-name"), "\(line)")
        #expect(line.contains("localhost"), "the names that the certificate has: \(line)")
        try await first.kill()
        // The certificate carries the first node's name too.
        let aggregator = try await AggregatorProcess(
            state: first.state, ports: first, flags: ["--node-name", "aggregator.example,\(AggregatorProcess.node)"])
        try await expectRecovery(agent, aggregator)
    }

    @Test("The API's port instead of the one that agents push to")
    func wrongPort() async throws {
        let aggregator = try await AggregatorProcess()
        let agent = try startAgent(aggregator, to: aggregator.api, node: node.flags)
        let line = try await complaint(agent, "no session; trying again")
        #expect(line.contains("ALPN") && line.contains(aggregator.api) && line.contains("--aggregator"), "\(line)")
    }

    @Test("A web server without TLS where the aggregator should be")
    func plainHTTP() async throws {
        let server = LoopbackServer { connection in
            _ = try connection.receiveRaw()
            try connection.sendRaw(Array("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n".utf8))
        }
        let aggregator = try await AggregatorProcess()
        let agent = try startAgent(aggregator, to: "127.0.0.1:\(server.port)", node: node.flags)
        try await agent.awaitLine("plain HTTP")
        #expect(agent.lines(with: "plain HTTP").first?.contains("127.0.0.1:\(server.port)") == true, "\(agent.text)")
        #expect(agent.isRunning)
    }

    @Test("A token that the aggregator did not make, and a node that the token is not for: both sides say so")
    func refused() async throws {
        let aggregator = try await AggregatorProcess()
        let place = BadInputPlace()
        let stranger = try startAgent(aggregator, node: node.flags, more: ["--token-file", place.token])
        let pretender = try startAgent(aggregator, node: node.flags, more: ["--node-name", "another-node"])
        let good = try startAgent(aggregator, node: node.flags)
        try await good.awaitLine("session open")
        let token = try await complaint(stranger, "the aggregator refuses this agent")
        #expect(token.contains(aggregator.push) && token.contains("agent-token"), "\(token)")
        let name = try await complaint(pretender, "the aggregator refuses this agent")
        #expect(name.contains("another-node") && name.contains("--node-name"), "\(name)")
        #expect(aggregator.program.lines(with: "session refused").count >= 2, "\(aggregator.program.text)")
        try await good.until("the good one's figures") { try aggregator.client().pods().count == 1 }
        #expect(!aggregator.program.text.contains("0123456789abcdef"), "a token in the log")
    }

    @Test("Pods' cgroups that go away and come back")
    func noKubepods() async throws {
        let aggregator = try await AggregatorProcess()
        let agent = try startAgent(aggregator, node: node.flags)
        try await agent.awaitLine("session open")
        node.remove("cgroup/kubepods")
        let line = try await complaint(agent, "cannot read everything")
        #expect(line.contains("kubepods") && line.contains("--kubepods-root"), "\(line)")
        try await agent.until("a node without pods") {
            try aggregator.client().pods().isEmpty && !aggregator.client().nodes().isEmpty
        }
        node.container(id(1), cpu: 1_000_000, memory: 1024)
        try await agent.awaitLine("everything can be read again")
        try await expectRecovery(agent, aggregator)
    }

    @Test("A client certificate of the aggregator's CA instead of a token, and one of another CA")
    func clientCertificates() async throws {
        let aggregator = try await AggregatorProcess()
        let place = BadInputPlace()
        let base =
            [
                Programs.agent, "--aggregator", aggregator.push, "--ca-file", aggregator.caFile, "--node-name",
                AggregatorProcess.node, "--interval", "1s",
            ] + node.flags
        let stranger = try Program(base + ["--cert-file", place.certificate, "--key-file", place.key])
        let line = try await complaint(stranger, "the aggregator refuses this agent")
        #expect(line.contains("unknown CA") && line.contains(aggregator.push), "\(line)")
        let agent = try Program(
            base + [
                "--cert-file", aggregator.state.file("agent.crt"), "--key-file", aggregator.state.file("agent.key"),
            ])
        try await expectRecovery(agent, aggregator)
    }
}
