// SPDX-License-Identifier: Apache-2.0

/// The cluster that the bench simulates, in the words of the swarm's flags: `BenchCluster` is told of the same pods.
struct SimulatedCluster {
    let nodes: Int
    let podsPerNode: Int

    static let containersPerPod = 2
    static let namespaces = 50

    var pods: Int { nodes * podsPerNode }
    var containersPerNode: Int { podsPerNode * Self.containersPerPod }
    var containers: Int { nodes * containersPerNode }

    init(_ flags: inout Flags) throws {
        nodes = try flags.number("nodes", 1...20_000)
        let containers = try flags.number("containers", 2...1_000)
        guard containers % Self.containersPerPod == 0 else {
            throw BenchError("--containers: the pods have \(Self.containersPerPod) each", isUsage: true)
        }
        podsPerNode = containers / Self.containersPerPod
    }

    /// Names as long as a deployment's pods and a cluster's nodes have them; each namespace has pods of all nodes.
    var swarmFlags: [String] {
        [
            "--nodes", "\(nodes)", "--pods-per-node", "\(podsPerNode)", "--containers-per-pod",
            "\(Self.containersPerPod)", "--node-template", "bench-{node}", "--namespace-template", "team-{group}",
            "--groups", "\(Self.namespaces)", "--pod-template", "web-7d9c5b6f4d-{node}-{pod}-{generation}",
        ]
    }
}

/// `Bench pods --swarm PROGRAM --nodes N --containers N`: prints the cluster's pods for `BenchCluster`.
enum PodsBench {
    static func run(_ flags: inout Flags) throws {
        let program = try flags.text("swarm")
        let cluster = try SimulatedCluster(&flags)
        try flags.finish()
        try SwarmProcess.replaceSelf(program: program, flags: cluster.swarmFlags + ["--list"])
    }
}
