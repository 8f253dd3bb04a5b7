// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI
import Logging
import TLS

/// Keeps this replica serving a certificate of the CA that all replicas share, and the world informed about that CA.
actor CertificateKeeper {
    /// Somebody who deletes the Secret, or another replica that rotates, is noticed within this time.
    static let interval: Duration = .seconds(20)
    /// After a failure; the API server may be starting as well.
    static let retry: Duration = .seconds(2)
    /// Replicas that start together make the Secret together: one wins, the others read what it wrote.
    private static let attempts = 5

    private let store: any AuthorityStore
    private let rotation: AuthorityRotation
    private let policy: LeafPolicy
    private let contexts: ServingContexts
    private let logger: Logger
    private let nowUnixSeconds: @Sendable () -> Int64

    private var known: AuthoritySet?
    /// Since when `known`'s current CA is the one that signs, Unix time in seconds.
    private var knownSince: Int64 = 0
    private var leaf: LeafPolicy.Leaf?
    private var complaint: String?

    init(
        store: any AuthorityStore, rotation: AuthorityRotation = AuthorityRotation(), policy: LeafPolicy,
        contexts: ServingContexts, logger: Logger,
        nowUnixSeconds: @escaping @Sendable () -> Int64 = { LogLine.now() / 1_000_000_000 }
    ) {
        self.store = store
        self.rotation = rotation
        self.policy = policy
        self.contexts = contexts
        self.logger = logger
        self.nowUnixSeconds = nowUnixSeconds
    }

    /// Runs until the task is cancelled.
    func run() async {
        while !Task.isCancelled {
            var pause = Self.interval
            do {
                try await turn()
                if complaint != nil { logger.info("certificates are in order again") }
                complaint = nil
            } catch {
                if Task.isCancelled { return }
                pause = Self.retry
                if complaint != "\(error)" {
                    logger.warning("certificates cannot be looked after", metadata: ["error": "\(error)"])
                }
                complaint = "\(error)"
            }
            // Replicas spread themselves.
            try? await Task.sleep(for: pause * Double.random(in: 0.8...1.2))
        }
    }

    /// Looks once, and does what is to be done.
    func turn() async throws {
        var failure: KubeError?
        do throws(KubeError) {
            let set = try await sharedSet()
            if set.current.certificatePEM != known?.current.certificatePEM { knownSince = nowUnixSeconds() }
            known = set
            try await store.publish(bundle: set.bundlePEM)
        } catch {
            failure = error
        }
        // Even when the API server is away, or the world cannot be told, what we serve is kept valid.
        if let known { try renewLeaf(known) }
        if let failure { throw failure }
    }

    private func sharedSet() async throws(KubeError) -> AuthoritySet {
        for _ in 0..<Self.attempts {
            do throws(KubeError) {
                return try await readOrMake()
            } catch {
                // Another replica was faster: read what it wrote.
                guard error.isLostRace else { throw error }
            }
        }
        throw KubeError(.conflict, "the Secret of the CA changes each time it is read; is something else writing it?")
    }

    private func readOrMake() async throws(KubeError) -> AuthoritySet {
        guard var stored = try await store.read() else {
            let made = try fresh()
            try await store.create(made.data)
            logger.notice("made a CA", metadata: ["why": "\(emptinessText)"])
            return made
        }
        let (set, change) = try judge(stored.data)
        if let change {
            stored.data = set.data
            try await store.update(stored)
            logger.notice("wrote the Secret of the CA", metadata: ["why": "\(change)"])
        }
        return set
    }

    /// What the Secret holds, or what to put into it, and then why.
    private func judge(_ data: [String: [UInt8]]) throws(KubeError) -> (set: AuthoritySet, change: String?) {
        if data.isEmpty { return (try fresh(), emptinessText) }
        let set: AuthoritySet
        do throws(AuthoritySet.Unusable) {
            set = try AuthoritySet(data: data)
        } catch {
            return (try fresh(), "it held no usable CA: \(error)")
        }
        do throws(TLSError) {
            switch try rotation.step(from: set, nowUnixSeconds: nowUnixSeconds()) {
            case .nothing: return (set, nil)
            case .replace(let next, let why): return (next, why)
            }
        } catch {
            throw KubeError(.invalid, "cannot make a CA: \(error)")
        }
    }

    private var emptinessText: String { known == nil ? "there was none yet" : "the one before was deleted" }

    private func fresh() throws(KubeError) -> AuthoritySet {
        do throws(TLSError) {
            return try rotation.fresh(after: known)
        } catch {
            throw KubeError(.invalid, "cannot make a CA: \(error)")
        }
    }

    private func renewLeaf(_ set: AuthoritySet) throws {
        let now = nowUnixSeconds()
        if let leaf, !policy.mustReplace(leaf, in: set, nowUnixSeconds: now, secondsKnown: now - knownSince) { return }
        let issued = try policy.issue(by: set.current)
        try contexts.replace(identity: issued.identity)
        leaf = issued
        logger.info(
            "serving a new certificate", metadata: ["names": "\(policy.dnsNames.joined(separator: ","))"])
    }
}
