// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI
import Logging
import NIOCore
import TLS
import Wire

/// Who may push in a cluster: the agent's ServiceAccount, with a token made for us, that is bound to the node which the
/// session reports; or, with `--agent-client-ca-file`, a client certificate for that node.
///
/// The node comes from the token (Kubernetes 1.30 and later say it in the review), or else from the pod that the token is
/// bound to: the API server knows where that runs.
final class ClusterAgentAuthenticator: AgentAuthenticator {
    struct Rules: Sendable {
        /// What agents' tokens must be made for; a token that was stolen from elsewhere is not.
        var audience: String
        /// The agents' ServiceAccount, `system:serviceaccount:NAMESPACE:NAME`.
        var userName: String
    }

    /// Keys of a review's `extra` (KEP-1205, KEP-4193).
    private enum Extra {
        static let node = "authentication.kubernetes.io/node-name"
        static let pod = "authentication.kubernetes.io/pod-name"
        static let podUID = "authentication.kubernetes.io/pod-uid"
    }

    /// What a review of a token gave: the node that it speaks for.
    private enum Finding: Sendable {
        case node(String, until: Int64?)
        case refused(String)
    }

    /// One for each node of the largest cluster, and then some.
    private static let capacity = 16_384
    /// A token that was found good is not looked at again for this long: agents reconnect, and replicas restart.
    private static let goodLifetime: Duration = .seconds(60)
    private static let badLifetime: Duration = .seconds(10)

    private let rules: Rules
    private let reviewer: any Reviewer
    private let certificates: CertificateVerifier?
    private let cache: ReviewCache<[UInt8], Finding>
    private let logger: Logger

    init(
        rules: Rules, reviewer: any Reviewer, certificates: CertificateVerifier?, gate: ReviewGate, logger: Logger
    ) {
        self.rules = rules
        self.reviewer = reviewer
        self.certificates = certificates
        self.logger = logger
        cache = ReviewCache(
            capacity: Self.capacity, gate: gate,
            lifetime: { if case .node = $0 { Self.goodLifetime } else { Self.badLifetime } })
    }

    func authenticate(_ claim: AgentClaim, on eventLoop: any EventLoop) -> EventLoopFuture<AgentVerdict> {
        if claim.credential.isEmpty { return eventLoop.makeSucceededFuture(certificateVerdict(claim)) }
        let (token, nodeName) = (claim.credential, claim.nodeName)
        // A token is long; its digest tells it as well, and is no secret.
        let key = Crypto.sha256(Array(token.utf8))
        if let finding = cache.known(key) { return eventLoop.makeSucceededFuture(verdict(finding, nodeName)) }
        return eventLoop.makeFutureWithTask { [self] in
            do {
                return verdict(try await cache.value(for: key) { try await self.find(token) }, nodeName)
            } catch {
                // Not the agent's fault: it is to come again soon.
                return .refused(
                    Reject(code: .overloaded, reason: "the API server could not be asked about the token: \(error)"))
            }
        }
    }

    // MARK: Tokens

    private func find(_ token: String) async throws(KubeError) -> Finding {
        let review = try await reviewer.review(token: token, audiences: [rules.audience])
        guard review.authenticated else {
            let why = review.error.isEmpty ? "" : " (\(review.error))"
            return .refused(
                "the API server does not accept the token\(why); it must be a projected ServiceAccount token "
                    + "for the audience \(rules.audience) that has not expired")
        }
        // An API server that does not know audiences answers without any; then the token may be for anybody.
        guard review.audiences.contains(rules.audience) else {
            return .refused(
                "the token is not made for the audience \(rules.audience); "
                    + "set it in the agent's projected serviceAccountToken volume")
        }
        guard review.user.name == rules.userName else {
            return .refused(
                "the token belongs to \(review.user.name), but agents run as \(rules.userName); "
                    + "correct the agent's serviceAccountName, or the aggregator's --agent-service-account")
        }
        if let node = review.user.extra[Extra.node]?.first, !node.isEmpty {
            return .node(node, until: TokenExpiry.unixSeconds(of: token))
        }
        return try await findByPod(review.user, token)
    }

    private func findByPod(_ user: KubeUser, _ token: String) async throws(KubeError) -> Finding {
        guard let pod = user.extra[Extra.pod]?.first, let uid = user.extra[Extra.podUID]?.first else {
            return .refused(
                "the token is bound to no pod, so it speaks for no node; "
                    + "the agent must use a projected serviceAccountToken volume, not a long-lived token")
        }
        // system:serviceaccount:NAMESPACE:NAME
        let namespace = user.name.split(separator: ":").dropFirst(2).first.map(String.init) ?? ""
        let placement: PodPlacement
        do {
            placement = try await reviewer.placement(ofPod: pod, namespace: namespace)
        } catch  where error.code == .notFound {
            return .refused("the pod \(namespace)/\(pod) that the token is bound to does not exist any more")
        }
        guard placement.uid == uid, !placement.nodeName.isEmpty else {
            return .refused("the pod \(namespace)/\(pod) that the token is bound to was replaced by another")
        }
        return .node(placement.nodeName, until: TokenExpiry.unixSeconds(of: token))
    }

    private func verdict(_ finding: Finding, _ nodeName: String) -> AgentVerdict {
        switch finding {
        case .refused(let reason): return .refused(Reject(code: .unauthenticated, reason: reason))
        case .node(_, .some(...(LogLine.now() / 1_000_000_000))):
            return .refused(Reject(code: .unauthenticated, reason: "the token has expired"))
        case .node(nodeName, let end): return .accepted(untilUnixSeconds: end)
        case .node(let node, _):
            return .refused(
                Reject(
                    code: .wrongNode,
                    reason: "the token is for an agent on node \(node), and this session reports \(nodeName); "
                        + "set the agent's NODE_NAME from spec.nodeName"))
        }
    }

    // MARK: Certificates

    private func certificateVerdict(_ claim: AgentClaim) -> AgentVerdict {
        guard let client = claim.client else {
            return .refused(
                Reject(
                    code: .unauthenticated,
                    reason: "no token and no client certificate; start the agent with --token-file"))
        }
        guard let certificates else {
            return .refused(
                Reject(
                    code: .unauthenticated,
                    reason: "the aggregator has no --agent-client-ca-file to check a client certificate by; "
                        + "start the agent with --token-file"))
        }
        return .of(client, verifier: certificates, node: claim.nodeName)
    }
}
