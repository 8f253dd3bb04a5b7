// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// Whether this replica can answer as well as any other.
///
/// Once it is ready it stays so until it shuts down: an APIService without endpoints breaks more than figures that are
/// missing do (discovery, and with it the deletion of namespaces).
final class ClusterReadiness: Sendable {
    /// Nodes without an agent, or with a broken one, must not keep the API away from the others for longer. Agents that
    /// work find a replica that was added within that time: they look for its address each 30 s (`PushTimes.resolve`), and
    /// are told what a cluster's DNS may keep for as long.
    static let patience: Duration = .seconds(70)
    /// Of the known nodes.
    static let percentReporting = 90

    /// The signal to end has come: whoever balances load is to turn away.
    let isShuttingDown = Atomic(false)
    private let hasBeenReady = Atomic(false)
    private let informers: ClusterInformers
    private let follower: TrustFollower
    private let toleratesUnknownProxy: Bool
    private let contexts: ServingContexts
    private let directory: ClusterDirectory
    private let store: SampleStore
    private let refusedProxies: RefusedProxies?
    private let now: @Sendable () -> ContinuousClock.Instant
    private let started: ContinuousClock.Instant

    init(
        informers: ClusterInformers, follower: TrustFollower, toleratesUnknownProxy: Bool, contexts: ServingContexts,
        directory: ClusterDirectory, store: SampleStore, refusedProxies: RefusedProxies? = nil,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.informers = informers
        self.follower = follower
        self.toleratesUnknownProxy = toleratesUnknownProxy
        self.contexts = contexts
        self.directory = directory
        self.store = store
        self.refusedProxies = refusedProxies
        self.now = now
        started = now()
    }

    var checks: [HealthCheck] {
        [
            HealthCheck(name: "shutdown") { self.isShuttingDown.load(ordering: .relaxed) ? "shutting down" : nil },
            latched("informer-sync") { $0.missingObjects },
            latched("front-proxy", note: { $0.refusedProxies?.recent }, problem: { $0.unknownProxy }),
            latched("certificate") { $0.temporaryCertificate },
            latched("agents-reporting") { $0.missingAgents },
        ]
    }

    private func latched(
        _ name: String, note: @escaping @Sendable (ClusterReadiness) -> String? = { _ in nil },
        problem: @escaping @Sendable (ClusterReadiness) -> String?
    ) -> HealthCheck {
        HealthCheck(
            name: name,
            failure: {
                if self.hasBeenReady.load(ordering: .relaxed) { return nil }
                guard let found = problem(self) else {
                    if self.hasNoProblem { self.hasBeenReady.store(true, ordering: .relaxed) }
                    return nil
                }
                return found
            }, note: { note(self) })
    }

    private var hasNoProblem: Bool {
        missingObjects == nil && unknownProxy == nil && temporaryCertificate == nil && missingAgents == nil
    }

    private var missingObjects: String? {
        if !informers.haveNodes { return "the cluster's nodes are not listed yet" }
        return informers.havePods ? nil : "the cluster's pods are not listed yet"
    }

    private var unknownProxy: String? { toleratesUnknownProxy ? nil : follower.problem }

    private var temporaryCertificate: String? {
        contexts.isTemporary ? "no certificate yet that the API server and the agents could verify" : nil
    }

    private var missingAgents: String? {
        let now = now()
        guard now - started < Self.patience else { return nil }
        let names = directory.nodeNames
        let reporting = names.count { name in
            store.record(named: name)?.whileFresh(store.configuration, now: now) { _ in true } == true
        }
        guard reporting * 100 < names.count * Self.percentReporting else { return nil }
        return "\(reporting) of \(names.count) nodes report"
    }
}
