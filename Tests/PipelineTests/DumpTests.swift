// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing

/// `agent --dump`, as somebody at a node's console runs it.
@Suite struct DumpTests {
    private static func json(_ flags: [String]) async throws -> [TestJSON] {
        let (status, text) = try await Program.run([Programs.agent, "--dump", "-o", "json"] + flags)
        #expect(status == 0, "\(text)")
        return try text.split(separator: "\n").map { try TestJSON(String($0)) }
    }

    @Test("A node of files is printed as a table, without an aggregator")
    func table() async throws {
        let node = FixtureNode()
        node.container(id(1), cpu: 1_000_000, memory: 64 << 10)
        node.link(pod: "web-0", container: "nginx", id: id(1))
        let (status, text) = try await Program.run(
            [Programs.agent, "--dump", "--node-name", "fixture"] + node.flags)
        #expect(status == 0)
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines.first?.prefix(5) == ["NODE", "fixture", "cgroup", "v2", "cgroupfs"], "\(text)")
        let row = ["default", "web-0", "nginx", "Burstable", "0.0m", "64Mi", "64Mi", "-", "log-link"]
        #expect(lines.last == row, "\(text)")
    }

    @Test("A node of files is printed as one JSON object a line, with the raw counters")
    func fixtureJSON() async throws {
        let node = FixtureNode()
        node.container(id(1), cpu: 1_000_000, memory: 64 << 10)
        node.link(pod: "web-0", container: "nginx", id: id(1))
        let lines = try await Self.json(["--node-name", "fixture"] + node.flags)
        try #require(lines.count == 2)
        #expect(lines[0]["kind"]?.text == "node" && lines[0]["node"]?.text == "fixture")
        #expect(lines[1]["pod"]?.text == "web-0" && lines[1]["container"]?.text == "nginx")
        #expect(lines[1]["cpu_nanoseconds"]?.text == "1000000000")
        #expect(lines[1]["working_set_bytes"]?.text == "\(64 << 20)")
    }

    @Test("A node that runs no pods at the moment is printed too")
    func noPods() async throws {
        let node = FixtureNode()
        node.make("cgroup/kubepods/burstable")
        let (status, text) = try await Program.run([Programs.agent, "--dump"] + node.flags)
        #expect(status == 0)
        #expect(text.contains("no containers below ") && text.contains("/cgroup/kubepods"), "\(text)")
        #expect(try await Self.json(node.flags).map { $0["kind"]?.text } == ["node"])
    }

    @Test(
        "The running kernel's counters are printed as the kernel has them",
        .enabled(if: KernelTrees.obstacle == nil, Comment(rawValue: KernelTrees.obstacle ?? "")))
    func kernel() async throws {
        let container = PodCgroups.Container(
            pod: "web-0", uid: "3f0d2a9e-2222-4e0a-9d53-0c6d1f7a8b21", name: "nginx", id: id(1))
        let pods = try PodCgroups("dump")
        try pods.start(container, percent: 10, mebibytes: 16)
        let path = pods.path(of: container)
        let before = try #require(pods.trees.cpuNanoseconds(path))
        let lines = try await Self.json(pods.flags)
        let after = try #require(pods.trees.cpuNanoseconds(path))
        let row = try #require(lines.last)
        #expect(row["namespace"]?.text == container.namespace && row["pod_uid"]?.text == container.uid)
        #expect(row["container_id"]?.text == container.id && row["qos"]?.text == "Burstable")
        let cpu = try #require(row["cpu_nanoseconds"]?.text.flatMap { UInt64($0) })
        #expect(before <= cpu && cpu <= after)
        let memory = try #require(row["working_set_bytes"]?.text.flatMap { UInt64($0) })
        let kernel = try #require(pods.trees.workingSet(path))
        #expect(memory.distance(to: kernel).magnitude <= 1 << 20)
        let (status, table) = try await Program.run([Programs.agent, "--dump"] + pods.flags)
        #expect(status == 0 && table.contains("nginx"), "\(table)")
    }
}
