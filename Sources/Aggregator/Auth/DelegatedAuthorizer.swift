// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Logging
import MetricsAPI
import NIOCore

/// Whether a user may do something, as the API server says it by SubjectAccessReview; `system:masters` may do all.
final class DelegatedAuthorizer: RequestAuthorizer {
    /// As the library's cache of decisions.
    private static let capacity = 8192

    private let reviewer: any Reviewer
    private let cache: ReviewCache<SubjectAccess, AccessDecision>
    private let logger: Logger

    /// - Parameters:
    ///   - allowedLifetime: `--authorization-webhook-cache-authorized-ttl`.
    ///   - refusedLifetime: `--authorization-webhook-cache-unauthorized-ttl`.
    init(
        reviewer: any Reviewer, allowedLifetime: Duration, refusedLifetime: Duration, gate: ReviewGate, logger: Logger
    ) {
        self.reviewer = reviewer
        self.logger = logger
        cache = ReviewCache(
            capacity: Self.capacity, gate: gate, lifetime: { $0.allowed ? allowedLifetime : refusedLifetime })
    }

    func authorize(
        _ attributes: RequestAttributes, for user: KubeUser, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Authorization> {
        if user.groups.contains(KubeUser.masters) { return eventLoop.makeSucceededFuture(.allowed) }
        let access = SubjectAccess(user: user, attributes: AccessAttributes(attributes))
        if let known = cache.known(access) { return eventLoop.makeSucceededFuture(Authorization(known)) }
        return eventLoop.makeFutureWithTask { [reviewer, cache, logger] in
            do {
                return Authorization(try await cache.value(for: access) { try await reviewer.review(access: access) })
            } catch {
                logger.warning(
                    "a user's access could not be reviewed", metadata: ["user": "\(user.name)", "error": "\(error)"])
                return .failed("\(error)")
            }
        }
    }
}

extension Authorization {
    init(_ decision: AccessDecision) {
        self = decision.allowed ? .allowed : .refused(reason: decision.reason)
    }
}

extension AccessAttributes {
    init(_ request: RequestAttributes) {
        guard let resource = request.resource else {
            self = .nonResource(path: request.path, verb: request.verb)
            return
        }
        self = .resource(
            namespace: request.namespace ?? "", verb: request.verb, group: request.apiGroup ?? "",
            version: request.version ?? "", resource: resource, subresource: request.subresource ?? "",
            name: request.name ?? "")
    }
}
