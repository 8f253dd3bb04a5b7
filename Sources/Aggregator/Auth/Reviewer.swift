// SPDX-License-Identifier: Apache-2.0
import KubeAPI

/// What authentication and authorization ask the API server; a protocol so that tests can answer.
protocol Reviewer: Sendable {
    /// - Parameter audiences: empty: the API server's own.
    func review(token: String, audiences: [String]) async throws(KubeError) -> TokenReviewResult
    func review(access: SubjectAccess) async throws(KubeError) -> AccessDecision
    func placement(ofPod name: String, namespace: String) async throws(KubeError) -> PodPlacement
}

extension KubeClient: Reviewer {
    func review(token: String, audiences: [String]) async throws(KubeError) -> TokenReviewResult {
        try await reviewToken(token, audiences: audiences)
    }

    func review(access: SubjectAccess) async throws(KubeError) -> AccessDecision {
        try await reviewAccess(access)
    }

    func placement(ofPod name: String, namespace: String) async throws(KubeError) -> PodPlacement {
        try await podPlacement(namespace: namespace, name: name)
    }
}
