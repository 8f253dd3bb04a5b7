// SPDX-License-Identifier: Apache-2.0

/// What keeps a copy of a collection up to date: list, watch from there, resume, list again when history is lost
/// (kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes). Events in, actions out, no I/O.
struct ReflectorStateMachine {
    /// Answers other than events that a watch may get in a row before everything is listed again: whatever the server
    /// does not like about this resourceVersion, another one may help.
    static let refusedWatches = 3
    /// A watch that lasted so long, or brought something, shows that the server is well.
    static let steadyWatch: Duration = .seconds(10)

    enum Action: Equatable {
        /// Ask for a page; empty: the first one.
        case list(continueToken: String)
        case watch(resourceVersion: String)
        /// Wait, then ask ``waited()``.
        case wait(Duration)
        case stop
    }

    private enum State: Equatable {
        case idle
        /// `restarted`: a continue token has expired since the last complete list.
        case listing(continueToken: String, restarted: Bool)
        /// `progress`: events have come.
        case watching(resourceVersion: String, progress: Bool)
        case waitingToList(restarted: Bool)
        case waitingToWatch(resourceVersion: String)
        case stopped
    }

    private var state = State.idle
    private var backoff: ReflectorBackoff
    /// Watches in a row that the server refused.
    private var refused = 0

    init(backoff: ReflectorBackoff) { self.backoff = backoff }

    mutating func start() -> Action {
        switch state {
        case .idle:
            state = .listing(continueToken: "", restarted: false)
            return .list(continueToken: "")
        case .listing, .watching, .waitingToList, .waitingToWatch, .stopped: return .stop
        }
    }

    // MARK: Listing

    /// A page has come. Next is another page, or the watch: then the list is complete.
    mutating func listed(resourceVersion: String, continueToken: String) -> Action {
        switch state {
        case .listing(_, let restarted):
            guard continueToken.isEmpty else {
                state = .listing(continueToken: continueToken, restarted: restarted)
                return .list(continueToken: continueToken)
            }
            refused = 0
            state = .watching(resourceVersion: resourceVersion, progress: false)
            return .watch(resourceVersion: resourceVersion)
        case .idle, .watching, .waitingToList, .waitingToWatch, .stopped: return .stop
        }
    }

    /// A page has not come. What is listed so far is to be forgotten: the list starts from its beginning.
    mutating func listFailed(_ error: KubeError, random: Double) -> Action {
        switch state {
        case .listing(let token, let restarted):
            // The token has expired: what is left of the list is no longer there in that version. At once, once.
            if error.code == .gone, !token.isEmpty, !restarted {
                state = .listing(continueToken: "", restarted: true)
                return .list(continueToken: "")
            }
            state = .waitingToList(restarted: restarted)
            return .wait(backoff.next(retryAfter: error.retryAfter, random: random))
        case .idle, .watching, .waitingToList, .waitingToWatch, .stopped: return .stop
        }
    }

    // MARK: Watching

    /// An event or a bookmark: the watch resumes from its resourceVersion.
    mutating func advanced(to resourceVersion: String) {
        switch state {
        case .watching:
            backoff.reset()
            refused = 0
            state = .watching(resourceVersion: resourceVersion, progress: true)
        case .idle, .listing, .waitingToList, .waitingToWatch, .stopped: break
        }
    }

    /// The watch has ended.
    ///
    /// - Parameters:
    ///   - error: nil when the server ended it in good order.
    ///   - lasted: from its beginning on.
    mutating func watchEnded(_ error: KubeError?, lasted: Duration, random: Double) -> Action {
        switch state {
        case .watching(let version, let progress):
            if progress || lasted >= Self.steadyWatch { backoff.reset() }
            guard let error else { return resume(version, isSteady: progress || lasted >= Self.steadyWatch, random) }
            switch error.code {
            case .gone:
                // Listed at once if it went well until now; a server that forgets faster than we list is not hurried.
                if progress || lasted >= Self.steadyWatch {
                    state = .listing(continueToken: "", restarted: false)
                    return .list(continueToken: "")
                }
                state = .waitingToList(restarted: false)
                return .wait(backoff.next(retryAfter: error.retryAfter, random: random))
            case .timedOut where lasted >= Self.steadyWatch:
                // Silence on a connection that had been good: nothing says that the server is not.
                return resume(version, isSteady: true, random)
            case .unreachable, .timedOut, .tooManyRequests, .cancelled:
                state = .waitingToWatch(resourceVersion: version)
            case .unauthorized, .forbidden, .notFound, .alreadyExists, .conflict, .invalid, .serverError, .badAnswer,
                .tooLarge:
                refused += 1
                if refused >= Self.refusedWatches {
                    refused = 0
                    state = .waitingToList(restarted: false)
                } else {
                    state = .waitingToWatch(resourceVersion: version)
                }
            }
            return .wait(backoff.next(retryAfter: error.retryAfter, random: random))
        case .idle, .listing, .waitingToList, .waitingToWatch, .stopped: return .stop
        }
    }

    private mutating func resume(_ version: String, isSteady: Bool, _ random: Double) -> Action {
        if isSteady {
            state = .watching(resourceVersion: version, progress: false)
            return .watch(resourceVersion: version)
        }
        // Ended at once without a reason: going on at that pace would be a busy loop.
        state = .waitingToWatch(resourceVersion: version)
        return .wait(backoff.next(retryAfter: nil, random: random))
    }

    // MARK: Waiting and stopping

    mutating func waited() -> Action {
        switch state {
        case .waitingToList(let restarted):
            state = .listing(continueToken: "", restarted: restarted)
            return .list(continueToken: "")
        case .waitingToWatch(let version):
            state = .watching(resourceVersion: version, progress: false)
            return .watch(resourceVersion: version)
        case .idle, .listing, .watching, .stopped: return .stop
        }
    }

    mutating func stop() { state = .stopped }
}
