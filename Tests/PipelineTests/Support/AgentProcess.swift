// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// The flags that name a node's trees to the agent.
extension FixtureNode {
    var flags: [String] {
        ["--cgroup-root", roots.cgroup, "--proc-root", roots.proc, "--log-root", roots.logs]
    }
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
