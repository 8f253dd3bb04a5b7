// SPDX-License-Identifier: Apache-2.0
import Console
import MetricsAPI
import Synchronization

@testable import Aggregator

/// Nodes that a test changes while they are watched, and how often they were looked up.
final class ChangingSource: MetricsSource {
    private struct State {
        /// In the order of answers.
        var nodes: [ObjectIdentity] = []
        /// When their newest samples came, Unix µs.
        var version: UInt64 = 0
        var looks = 0
    }

    private let state = Mutex(State())

    init(_ names: [String] = [], at version: UInt64 = 1) { set(names, at: version) }

    var looks: Int { state.withLock { $0.looks } }

    /// A sample of each of these; others are gone.
    func set(_ names: [String], at version: UInt64 = UInt64(LogLine.now()) / 1_000) {
        let nodes = names.sorted().map { ObjectIdentity(name: $0, labels: Labels(["kubernetes.io/hostname": $0])) }
        state.withLock { state in
            state.nodes = nodes
            state.version = version
        }
    }

    func nodes(_ selection: Selection) -> FiguresList {
        let (nodes, version) = state.withLock { state in
            state.looks += 1
            return (state.nodes, state.version)
        }
        var list = FiguresList(.nodes)
        for identity in nodes where selection.matches(identity) {
            let usage = ResourceUsage(cpuNanocores: 1_000_000, memoryBytes: 1 << 20)
            list.append(
                identity, timestampUnixNanoseconds: Int64(version) * 1_000, windowNanoseconds: 15_000_000_000,
                version: version, usages: [ContainerFigures(name: "", usage: usage)])
        }
        return list
    }

    func node(named name: String) -> Lookup<FiguresList> { .unknown }
    func pods(_ selection: Selection) -> FiguresList { FiguresList(.pods) }
    func pod(namespace: String, name: String) -> Lookup<FiguresList> { .unknown }
    func size(of kind: FiguresList.Kind, _ selection: Selection) -> Int { state.withLock { $0.nodes.count } }
}
