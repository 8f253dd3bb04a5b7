// SPDX-License-Identifier: Apache-2.0
import Cgroups
import Testing

/// The flags that name a node's trees to the agent.
extension FixtureNode {
    var flags: [String] {
        ["--cgroup-root", roots.cgroup, "--proc-root", roots.proc, "--log-root", roots.logs]
    }
}

/// `agent --dump -o json`: the node's line, then those of its pods and containers.
/// - Parameters:
///   - flags: the node's trees.
///   - runner: what to start it with, such as another user.
func dump(_ flags: [String], runner: [String] = []) async throws -> [TestJSON] {
    let (status, text) = try await Program.run(runner + [Programs.agent, "--dump", "-o", "json"] + flags)
    #expect(status == 0, "\(text)")
    return try text.split(separator: "\n").map { try TestJSON(String($0)) }
}

extension [TestJSON] {
    /// The line of a container.
    func container(_ id: String) -> TestJSON? { first { $0["container_id"]?.text == id } }

    /// The lines of containers, without the node's and the pods'.
    var containers: [TestJSON] { filter { $0["container_id"]?.text != nil } }

    var problems: String { (first?["problems"]?.items ?? []).compactMap(\.text).joined(separator: "; ") }
}

/// `agent`, with what it needs to push to an aggregator of the test.
/// - Parameters:
///   - address: where else to push.
///   - flags: the node's trees.
func startAgent(
    _ aggregator: AggregatorProcess, to address: String? = nil, node flags: [String], interval: String = "1s",
    more: [String] = []
) throws -> Program {
    try Program([Programs.agent] + aggregator.agentFlags(to: address) + flags + ["--interval", interval] + more)
}
