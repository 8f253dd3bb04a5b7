// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import TLS

/// Who sends a request, found out as the API server library's delegated authentication does, in its order: the front
/// proxy's word, a client certificate, a bearer token reviewed by the API server; with none of them, anonymous.
///
/// The first that succeeds counts. What was shown and did not succeed is a refusal, not an anonymous request.
struct DelegatedAuthenticator: RequestAuthenticator {
    let trust: CurrentClientTrust
    let tokens: TokenReviews
    let logger: Logger
    var refusedProxies: RefusedProxies?

    func authenticate(_ credentials: RequestCredentials, on eventLoop: any EventLoop) -> EventLoopFuture<Authentication>
    {
        let byCertificate = certificateUser(credentials)
        if case .user(let user) = byCertificate { return eventLoop.makeSucceededFuture(.user(user.authenticated)) }
        guard let token = credentials.bearerToken else {
            let isRefused = byCertificate == .invalid || credentials.hasAuthorization
            return eventLoop.makeSucceededFuture(isRefused ? .invalid : .user(.anonymous))
        }
        if let known = tokens.known(token) { return eventLoop.makeSucceededFuture(Self.authentication(known)) }
        return eventLoop.makeFutureWithTask {
            do {
                return Self.authentication(try await tokens.review(token))
            } catch {
                // The client can only try again; the operator learns why.
                logger.warning("a bearer token could not be reviewed", metadata: ["error": "\(error)"])
                return .invalid
            }
        }
    }

    private static func authentication(_ review: TokenReviewResult) -> Authentication {
        review.authenticated ? .user(review.user.authenticated) : .invalid
    }

    /// nil: no certificate was shown.
    private func certificateUser(_ credentials: RequestCredentials) -> Authentication? {
        guard let client = credentials.client else { return nil }
        let trust = trust.value
        if let user = user(spokenForBy: client, trust.frontProxy, credentials.headers) { return .user(user) }
        if let users = trust.users, case .success(let certificate) = client.verify(by: users),
            let name = certificate.commonName, !name.isEmpty
        {
            return .user(KubeUser(name: name, groups: certificate.organizations))
        }
        return .invalid
    }

    /// nil: nobody is spoken for, or the client is no front proxy.
    private func user(
        spokenForBy client: ShownClient, _ proxy: ClientTrust.FrontProxy?, _ headers: HTTPHeaders
    ) -> KubeUser? {
        guard let user = (proxy?.headers ?? FrontProxyHeaders()).user(in: headers) else { return nil }
        guard let proxy else {
            refusedProxies?.refused(.unconfigured, client.claims)
            return nil
        }
        switch client.verify(by: proxy.verifier) {
        case .success(let certificate) where proxy.allows(certificate): return user
        case .success: refusedProxies?.refused(.name, client.claims)
        case .failure(let error): refusedProxies?.refused(.untrusted, client.claims, detail: error.message)
        }
        return nil
    }
}

extension KubeUser {
    /// With the group that everybody is in who is not anonymous.
    fileprivate var authenticated: KubeUser {
        guard !groups.contains(Self.authenticated), !groups.contains("system:unauthenticated") else { return self }
        var user = self
        user.groups.append(Self.authenticated)
        return user
    }
}

/// Bearer tokens of requests, as the API server sees them; asked once for all that come together, and remembered.
final class TokenReviews: Sendable {
    /// Distinct tokens; an aggregation layer sends none, so these are people and monitoring.
    private static let capacity = 4096

    private let reviewer: any Reviewer
    private let cache: ReviewCache<[UInt8], TokenReviewResult>

    /// - Parameter lifetime: `--authentication-token-webhook-cache-ttl`.
    init(reviewer: any Reviewer, lifetime: Duration, gate: ReviewGate) {
        self.reviewer = reviewer
        cache = ReviewCache(capacity: Self.capacity, gate: gate, lifetime: { _ in lifetime })
    }

    func known(_ token: String) -> TokenReviewResult? { cache.known(Self.key(token)) }

    func review(_ token: String) async throws -> TokenReviewResult {
        let reviewer = reviewer
        return try await cache.value(for: Self.key(token)) { try await reviewer.review(token: token, audiences: []) }
    }

    /// Tokens themselves are not kept in memory.
    private static func key(_ token: String) -> [UInt8] { Crypto.sha256(Array(token.utf8)) }
}
