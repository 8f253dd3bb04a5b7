// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import Synchronization
import Wire

/// A node as the store keeps it: the samples, who pushes them, and when they last came.
///
/// Its lock is held for copying a batch in or figures out, never for encoding or I/O.
final class NodeRecord: Sendable {
    let name: String
    private let owners: PodOwners
    private let state: Mutex<State>

    /// What the agent said of the node when its session began.
    struct Facts: Equatable, Sendable {
        var bootID: String
        var interval: Duration
        var capacityMillicores: UInt32
        var capacityMemoryBytes: UInt64
        var agentVersion: String
    }

    private struct State {
        var series = NodeSeries()
        /// The node's word in whose pod is whose; nil before its first session, and once it is forgotten.
        var claims: SharedClaims?
        var facts: Facts
        /// The session whose samples count; nil once it has ended.
        var session: UInt64?
        var lastSample: ContinuousClock.Instant?
        var lastSeen: ContinuousClock.Instant
    }

    /// Bytes of an instance, about: its header, the constants, and what is under the lock.
    static var size: Int { 48 + MemoryLayout<State>.size }

    init(name: String, facts: Facts, owners: PodOwners, now: ContinuousClock.Instant) {
        self.name = name
        self.owners = owners
        state = Mutex(State(facts: facts, lastSeen: now))
    }

    /// From now on only this session's samples are taken.
    func begin(session: UInt64, facts: Facts, now: ContinuousClock.Instant) {
        state.withLock {
            let claims = $0.claims ?? SharedClaims(owners: owners, record: owners.add(self))
            $0.claims = claims
            $0.series.beginSession(bootID: facts.bootID, claims: claims)
            $0.facts = facts
            $0.session = session
            $0.lastSeen = now
        }
    }

    /// Gives up what the node has a claim to; it has no session, and will have none.
    func retire() {
        state.withLock {
            guard let claims = $0.claims else { return }
            $0.series.release(claims)
            owners.remove(claims.record)
            $0.claims = nil
        }
    }

    /// - Returns: false when another session has taken this one's place.
    func end(session: UInt64, now: ContinuousClock.Instant) -> Bool {
        state.withLock {
            guard $0.session == session else { return false }
            $0.session = nil
            $0.lastSeen = now
            return true
        }
    }

    enum Applied: Equatable, Sendable {
        case taken
        /// The node's wall clock is this far ahead of ours (or behind, if negative); 0: it is believed again.
        case clockCorrected(byMicroseconds: Int64)
        case superseded
    }

    func apply(
        _ batch: borrowing SampleBatch, session: UInt64, now: ContinuousClock.Instant, unixMicroseconds: Int64,
        window: RateWindow
    ) -> Applied {
        state.withLock { (state: inout sending State) -> Applied in
            guard state.session == session, let claims = state.claims else { return .superseded }
            state.lastSample = now
            state.lastSeen = now
            let clockChanged = state.series.apply(
                batch, ourUnixMicroseconds: unixMicroseconds, window: window, claims: claims)
            guard clockChanged else { return .taken }
            return .clockCorrected(byMicroseconds: state.series.clock.correctedByMicroseconds)
        }
    }

    /// Reads the series if they are fresh enough to be served.
    func whileFresh<Result>(
        _ configuration: StoreConfiguration, now: ContinuousClock.Instant, _ body: (borrowing NodeSeries) -> Result
    ) -> Result? {
        state.withLock { state -> Result? in
            guard let last = state.lastSample,
                now - last <= configuration.staleAfter(interval: state.facts.interval)
            else { return nil }
            return body(state.series)
        }
    }

    /// Reads the series, fresh or not, unless somebody has the lock.
    func withFreeSeries(_ body: (borrowing NodeSeries) -> Void) {
        _ = state.withLockIfAvailable { body($0.series) }
    }

    var facts: Facts { state.withLock { $0.facts } }

    var hasSession: Bool { state.withLock { $0.session != nil } }

    var containerCount: Int { state.withLock { $0.series.containerCount } }

    /// Containers that have no name.
    var namelessCount: Int { state.withLock { $0.series.dictionary.nameless.count } }

    /// Names containers of one pod, by their ids; see `NodeSeries.join`.
    func join(_ names: [String: String], pod: (uid: String, namespace: String, name: String)) -> Int {
        state.withLock { $0.series.join(names, pod: pod) }
    }

    /// Whether nothing would be lost by forgetting the node.
    func isForgettable(_ configuration: StoreConfiguration, now: ContinuousClock.Instant) -> Bool {
        state.withLock {
            $0.session == nil && now - $0.lastSeen > configuration.staleAfter(interval: $0.facts.interval)
        }
    }
}
