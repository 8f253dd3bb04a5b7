// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Synchronization

@testable import Aggregator

/// Answers reviews as a test wants, and counts them.
final class FakeReviewer: Reviewer {
    struct State {
        var tokens: [String: TokenReviewResult] = [:]
        var allowed: Set<SubjectAccess> = []
        /// By `namespace/name`.
        var pods: [String: PodPlacement] = [:]
        var failure: KubeError?
        var tokenReviews: [(token: String, audiences: [String])] = []
        var accessReviews: [SubjectAccess] = []
        var podQuestions: [String] = []
    }

    let state = Mutex(State())

    func review(token: String, audiences: [String]) async throws(KubeError) -> TokenReviewResult {
        let (failure, result) = state.withLock { state in
            state.tokenReviews.append((token, audiences))
            return (state.failure, state.tokens[token])
        }
        if let failure { throw failure }
        return result
            ?? TokenReviewResult(
                authenticated: false, user: KubeUser(name: ""), audiences: [], error: "invalid bearer token")
    }

    func review(access: SubjectAccess) async throws(KubeError) -> AccessDecision {
        let (failure, isAllowed) = state.withLock { state in
            state.accessReviews.append(access)
            return (state.failure, state.allowed.contains(access))
        }
        if let failure { throw failure }
        return AccessDecision(allowed: isAllowed, reason: isAllowed ? "" : "no RBAC rule")
    }

    func placement(ofPod name: String, namespace: String) async throws(KubeError) -> PodPlacement {
        let (failure, placement) = state.withLock { state in
            state.podQuestions.append("\(namespace)/\(name)")
            return (state.failure, state.pods["\(namespace)/\(name)"])
        }
        if let failure { throw failure }
        guard let placement else { throw KubeError(.notFound, "pods \"\(name)\" not found") }
        return placement
    }

    /// Accepts a token.
    func accept(_ token: String, _ user: KubeUser, audiences: [String] = []) {
        state.withLock {
            $0.tokens[token] = TokenReviewResult(authenticated: true, user: user, audiences: audiences, error: "")
        }
    }

    func fail(_ failure: KubeError?) { state.withLock { $0.failure = failure } }

    var tokenReviews: Int { state.withLock { $0.tokenReviews.count } }
    var accessReviews: Int { state.withLock { $0.accessReviews.count } }
}
