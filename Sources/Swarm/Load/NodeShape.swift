// SPDX-License-Identifier: Apache-2.0

/// What every simulated node is like.
struct NodeShape: Equatable, Sendable {
    var pods: Int
    var containersPerPod: Int
    /// Share of the containers that is replaced a minute.
    var churn: Double
    var churnUnit: ChurnUnit
    var seed: UInt64

    var containers: Int { pods * containersPerPod }
}

/// What is replaced as one.
enum ChurnUnit: String, CaseIterable, Sendable {
    /// A pod goes with all its containers, another one comes, as in a rollout.
    case pods
    /// A container starts anew in its pod, as after a crash; the pods stay those that a cluster knows.
    case containers
}
