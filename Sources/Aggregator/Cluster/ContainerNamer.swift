// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Logging
import Synchronization

/// Names the containers that agents cannot name, because their node has no links to the logs: it asks the API server for
/// the one pod that they are in, which says which container has which id.
///
/// An agent says it sooner and at no cost, so it is given its time first, and its word counts when it comes.
struct ContainerNamer: Sendable {
    struct Timing: Sendable {
        /// Between two looks at the nodes.
        var interval: Duration = .seconds(2)
        /// A container's age before somebody else than its agent is asked: a link comes some hundred milliseconds after
        /// the cgroup, or later behind a slow hook.
        var patience: Duration = .seconds(10)
        /// Between the end of a request and the next one, of which there are thus less than five a second.
        var spacing: Duration = .milliseconds(200)
        /// Before a pod that the API server did not list is looked for again, and pods that are no more are forgotten.
        var tidying: Duration = .seconds(10)
        /// A pod whose answer cannot be read will hardly be readable soon.
        var unusable: Duration = .seconds(300)
        /// Bounds of the first and of every late wait after a failure.
        var firstRetry: Duration = .seconds(1)
        var longestRetry: Duration = .seconds(60)
    }

    /// Requests between two looks, so that what is asked for is what is still missing: 10 s' worth.
    static let requestsARound = 50

    /// What is kept from round to round.
    struct State {
        fileprivate(set) var cache = NamingCache()
        /// Uids that the API server does not list; emptied now and then.
        fileprivate var unlisted: Set<String> = []
        fileprivate var tidied: ContinuousClock.Instant?
        fileprivate var backoff: ReflectorBackoff
        /// The failure that was logged last, while it lasts.
        fileprivate var complaint: KubeError.Code?
    }

    let client: KubeClient
    let directory: ClusterDirectory
    let store: SampleStore
    let metrics: NamingMetrics
    let logger: Logger
    /// Whether the directory is complete.
    let isListed: @Sendable () -> Bool
    var timing = Timing()
    var now: @Sendable () -> ContinuousClock.Instant = { .now }

    /// Until the task is cancelled.
    func run() async {
        var state = makeState()
        while !Task.isCancelled {
            let pause = await round(&state)
            try? await Task.sleep(for: pause)
        }
    }

    func makeState() -> State {
        State(backoff: ReflectorBackoff(first: timing.firstRetry, longest: timing.longestRetry))
    }

    /// Looks at all nodes once, and asks for what is missing, one request at a time.
    /// - Returns: how long to wait before the next round.
    func round(_ state: inout State) async -> Duration {
        guard isListed() else { return timing.interval }
        tidy(&state)
        for (pod, ids) in questions(&state) {
            if Task.isCancelled { break }
            do throws(KubeError) {
                take(try await client.podContainers(namespace: pod.namespace, name: pod.name), pod, ids, &state)
            } catch {
                if let pause = failed(error, pod, &state) { return pause }
            }
            try? await Task.sleep(for: timing.spacing)
        }
        return timing.interval
    }

    private func tidy(_ state: inout State) {
        let now = now()
        if let tidied = state.tidied, now - tidied < timing.tidying { return }
        state.tidied = now
        state.unlisted.removeAll()
        state.cache.forget { directory.pod(namespace: $0.namespace, name: $0.name)?.uid != $0.uid }
    }

    // MARK: What is missing

    /// Gives the names that are known already.
    /// - Returns: the pods to ask about, with the ids that are missing; in turn from each node, so that none can keep the
    ///   others waiting.
    private func questions(_ state: inout State) -> [(pod: ClusterPod, ids: [String])] {
        let now = now()
        var byNode: [[(uid: String, ids: [String])]] = []
        for record in store.records {
            let nameless = record.whileFresh(store.configuration, now: now) { $0.namelessPods(after: timing.patience) }
            var missing: [(uid: String, ids: [String])] = []
            for (uid, ids) in nameless ?? [:] where !state.unlisted.contains(uid) {
                if let (pod, names) = state.cache.known(uid) { join(names, pod, record) }
                if state.cache.mayAsk(uid, ids, now: now) { missing.append((uid, ids)) }
            }
            // In another order each time: one pod that always fails must not keep the others waiting.
            if !missing.isEmpty { byNode.append(missing.shuffled()) }
        }
        byNode.shuffle()
        let uids = Set(byNode.joined().map(\.uid))
        let listed = directory.pods(cgroupUIDs: uids)
        state.unlisted.formUnion(uids.subtracting(listed.keys))
        let queues = byNode.map { missing in
            missing.compactMap { missing in listed[missing.uid].map { (pod: $0, ids: missing.ids) } }
        }
        var questions: [(pod: ClusterPod, ids: [String])] = []
        for turn in 0..<Self.requestsARound where questions.count < Self.requestsARound {
            questions += queues.compactMap { turn < $0.count ? $0[turn] : nil }
        }
        return Array(questions.prefix(Self.requestsARound))
    }

    // MARK: What is said

    private func take(_ containers: PodContainers, _ pod: ClusterPod, _ ids: [String], _ state: inout State) {
        recovered(&state)
        // Made anew under its name since it was listed.
        guard containers.uid == pod.uid else {
            metrics.ended(.gone)
            state.cache.hold(pod, for: NamingCache.pause, now: now())
            return
        }
        metrics.ended(.answered)
        state.cache.remember(pod, containers.names, asked: ids, now: now())
        if let record = store.record(ofPod: pod.cgroupUID) { join(containers.names, pod, record) }
    }

    private func join(_ names: [String: String], _ pod: ClusterPod, _ record: NodeRecord) {
        let joined = record.join(names, pod: (pod.cgroupUID, pod.namespace, pod.name))
        guard joined > 0 else { return }
        metrics.joined.add(joined, ordering: .relaxed)
        logger.debug(
            "containers named after the API server's word",
            metadata: [
                "namespace": "\(pod.namespace)", "pod": "\(pod.name)", "node": "\(record.name)", "count": "\(joined)",
            ])
    }

    /// - Returns: how long to ask about nothing; nil when only this pod is concerned.
    private func failed(_ error: KubeError, _ pod: ClusterPod, _ state: inout State) -> Duration? {
        if Task.isCancelled { return .zero }
        let outcome = NamingMetrics.Outcome(error.code)
        metrics.ended(outcome)
        switch outcome {
        case .answered, .gone:
            recovered(&state)
            state.cache.hold(pod, for: NamingCache.pause, now: now())
            return nil
        case .unusable:
            complain(error, &state)
            state.cache.hold(pod, for: timing.unusable, now: now())
            return nil
        case .forbidden, .failed:
            complain(error, &state)
            return state.backoff.next(retryAfter: error.retryAfter, random: .random(in: 0..<1))
        }
    }

    private func complain(_ error: KubeError, _ state: inout State) {
        if state.complaint != error.code {
            logger.warning(
                "cannot ask for the names of containers that their agents cannot name", metadata: ["error": "\(error)"])
        }
        state.complaint = error.code
    }

    private func recovered(_ state: inout State) {
        state.backoff.reset()
        if state.complaint != nil { logger.info("names of containers can be asked for again") }
        state.complaint = nil
    }
}
