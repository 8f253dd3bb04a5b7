// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing

/// An agent that may not open as many files as its node has pods.
@Suite(.timeLimit(.minutes(5))) struct DescriptorLimitTests {
    /// For some of the pods below, and what else the agent opens.
    private static let limit = ["prlimit", "--nofile=64:64"]
    private static let pods = 40

    @Test("It serves the pods that it can, says once what is missing and how to help, and recovers when pods are gone")
    func lives() async throws {
        let node = FixtureNode()
        for number in 1...Self.pods {
            node.container(id(number), in: "kubepods/podu-\(number)", cpu: 1_000_000, memory: 1024)
            node.link(pod: "web-\(number)", container: "app", id: id(number), uid: "u-\(number)")
        }
        let aggregator = try await AggregatorProcess()
        let agent = try Program(
            Self.limit + [Programs.agent] + aggregator.agentFlags() + node.flags + ["--interval", "1s"])
        try await agent.awaitLine("cannot read everything")
        let line = try #require(agent.lines(with: "cannot read everything").first)
        for part in ["Too many open files", "limit of 64 files", "LimitNOFILE", node.file("cgroup/kubepods")] {
            #expect(line.contains(part), "\(line)")
        }
        let client = try aggregator.client()
        // Each of them has both figures: those without are not served.
        try await agent.until("some pods") { try client.pods().count >= 8 }
        let served = try client.pods().count
        #expect(served < Self.pods)
        #expect(agent.lines(with: "session open").count == 1, "\(agent.text)")

        for number in 1...Self.pods - 5 { node.remove("cgroup/kubepods/podu-\(number)") }
        try await agent.awaitLine("everything can be read again")
        let left = Set((Self.pods - 4...Self.pods).map { "default/web-\($0)/app" })
        try await agent.until("the pods that are left") { try Set(client.pods().map(\.name)) == left }
        #expect(agent.lines(with: "cannot read everything").count == 1, "\(agent.text)")
        agent.signal(15)
        #expect(try await agent.end() == 0)
    }

    @Test(
        "With cgroup v1, where a container takes two files, each container that is there has all its figures",
        .enabled(if: KernelTrees.obstacle == nil, Comment(rawValue: KernelTrees.obstacle ?? "")))
    func halves() async throws {
        let cgroups = try PodCgroups("descriptors")
        for number in 1...Self.pods {
            cgroups.makeEmpty(
                .init(pod: "p", uid: "3f0d2a9e-5555-4e0a-9d53-\(100_000_000_000 + number)", name: "c", id: id(number)))
        }
        let lines = try await dump(cgroups.flags, runner: Self.limit)
        #expect((5..<Self.pods).contains(lines.containers.count), "\(lines.containers.count) containers")
        for line in lines.containers {
            #expect(line["cpu_nanoseconds"]?.text != nil && line["usage_bytes"]?.text != nil, "\(line)")
        }
        #expect(lines.problems.contains("limit of 64 files"), "\(lines.problems)")
    }

    @Test(
        "An aggregator takes all files that it may open, turns agents away before there is none left, and goes on answering"
    )
    func aggregator() async throws {
        let node = FixtureNode()
        node.container(id(1), in: "kubepods/podu-1", cpu: 1_000_000, memory: 1024)
        node.link(pod: "web", container: "app", id: id(1), uid: "u-1")
        // Soft and hard.
        let aggregator = try await AggregatorProcess(runner: ["prlimit", "--nofile=64:128"])
        let agent = try Program([Programs.agent] + aggregator.agentFlags() + node.flags + ["--interval", "1s"])
        try await agent.awaitLine("session open")
        let peers = try (0..<80).map { _ in try SilentPeer(port: aggregator.pushPort) }
        try await aggregator.program.awaitLine("agent connections are turned away")
        let line = try #require(aggregator.program.lines(with: "turned away").first)
        for part in ["there are 64 agent connections", "more than 128 open files", "LimitNOFILE"] {
            #expect(line.contains(part), "\(line)")
        }
        let client = try aggregator.client()
        try await agent.until("the pod") { try client.pods().map(\.name) == ["default/web/app"] }
        #expect(agent.lines(with: "session open").count == 1, "\(agent.text)")
        withExtendedLifetime(peers) {}
        agent.signal(15)
        #expect(try await agent.end() == 0)
    }

    @Test("A limit that leaves nothing at all is named, and nothing else is blamed", arguments: [6, 7, 8, 10])
    func tiny(files: Int) async throws {
        let node = FixtureNode()
        node.container(id(1), cpu: 1_000_000, memory: 1024)
        let (_, text) = try await Program.run(
            ["prlimit", "--nofile=\(files):\(files)", Programs.agent, "--dump", "-o", "json"] + node.flags)
        // The loader itself opens libraries.
        #expect(text.contains("Too many open files") || text.contains("cannot open shared object"), "\(text)")
        #expect(!text.contains("--log-root") && !text.contains("neither a cgroup"), "\(text)")
    }
}
