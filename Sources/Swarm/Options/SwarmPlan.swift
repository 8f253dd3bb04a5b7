// SPDX-License-Identifier: Apache-2.0
import TLS

/// What a run is to do, checked.
struct SwarmPlan: Sendable {
    var aggregator: SocketAddress
    var serverName: String
    var credentials: SwarmCredentials
    var names: NameScheme
    var nodes: Int
    var shape: NodeShape
    /// Between two sweeps of a node.
    var interval: Duration
    /// With all sessions open; before that they are opened.
    var duration: Duration
    /// New sessions a second at the start.
    var connectRate: Int
    /// How many of these may be under way.
    var connectingAtOnce: Int
    /// When all connections are dropped, after the last session was opened; nil: they are not.
    var storm: Duration?
    var eventLoops: Int
    var reportEvery: Duration
    /// Who is told of replaced pods; nil: nobody.
    var replacedPods: ReplacedPods?

    /// What makes one process still a fair load of 20,000 nodes, whose connections have 28,000 ports by default.
    static let mostNodes = 20_000
    /// About 1 KB each, so that no flag takes more than 2 GB.
    static let mostContainers = 2_000_000
    /// With the time to connect.
    static let longest: Duration = .seconds(3_600)
    /// Beyond the time that the rate of connecting takes, until all sessions must be open.
    static let rampSlack: Duration = .seconds(120)

    /// Until when all sessions must be open.
    var rampLimit: Duration { .seconds(nodes) / connectRate + Self.rampSlack }
}
