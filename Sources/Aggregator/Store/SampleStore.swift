// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Synchronization
import Wire

/// The samples of all nodes.
final class SampleStore: Sendable {
    let configuration: StoreConfiguration
    let window: RateWindow
    let owners: PodOwners
    private let registry = Mutex(Registry())

    private struct Registry {
        var nodes: [String: NodeRecord] = [:]
        var nextSession: UInt64 = 1
    }

    init(configuration: StoreConfiguration = StoreConfiguration(), owners: PodOwners = PodOwners()) {
        self.configuration = configuration
        self.owners = owners
        window = RateWindow(configuration.rateWindow)
    }

    /// Opens a session for a node. One that the node may still have is superseded: an agent that lost its connection
    /// without the aggregator noticing must get back in.
    func open(node name: String, facts: NodeRecord.Facts, now: ContinuousClock.Instant) -> StoreSession {
        registry.withLock { registry in
            let record = registry.nodes[name] ?? NodeRecord(name: name, facts: facts, owners: owners, now: now)
            registry.nodes[name] = record
            registry.nextSession += 1
            // Under this lock: a record without a session may be forgotten at any moment, and sessions must begin in
            // the order of their numbers.
            record.begin(session: registry.nextSession, facts: facts, now: now)
            return StoreSession(record: record, number: registry.nextSession, window: window)
        }
    }

    /// Drops nodes that are gone; called now and then.
    func forgetStale(now: ContinuousClock.Instant) {
        let forgotten = registry.withLock { registry -> [NodeRecord] in
            let forgotten = registry.nodes.values.filter { $0.isForgettable(configuration, now: now) }
            for record in forgotten { registry.nodes[record.name] = nil }
            return forgotten
        }
        for record in forgotten { record.retire() }
    }

    /// How often nodes that are gone are dropped.
    static let forgetInterval: Duration = .seconds(10)

    func forgetUntilCancelled() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.forgetInterval)
            forgetStale(now: .now)
        }
    }

    func record(named name: String) -> NodeRecord? {
        registry.withLock { $0.nodes[name] }
    }

    /// The node that reports the pod.
    func record(ofPod uid: String) -> NodeRecord? { owners.record(ofPod: uid) }

    /// In no order.
    var records: [NodeRecord] {
        registry.withLock { Array($0.nodes.values) }
    }
}

/// The right to add samples to one node, held by one connection.
struct StoreSession: Sendable {
    let record: NodeRecord
    let number: UInt64
    let window: RateWindow

    func apply(
        _ batch: borrowing SampleBatch, now: ContinuousClock.Instant, unixMicroseconds: Int64
    ) -> NodeRecord.Applied {
        record.apply(batch, session: number, now: now, unixMicroseconds: unixMicroseconds, window: window)
    }

    /// - Returns: false when a newer session had taken over.
    @discardableResult
    func end(now: ContinuousClock.Instant) -> Bool {
        record.end(session: number, now: now)
    }
}
