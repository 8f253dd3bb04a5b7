// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import MetricsAPI
import NIOCore
import NIOHTTP1
import TLS

extension KubeUser {
    static let anonymous = KubeUser(name: "system:anonymous", groups: ["system:unauthenticated"])
    /// The group that may do everything, without a review, as in the API server.
    static let masters = "system:masters"
    /// Everybody but the anonymous is in it.
    static let authenticated = "system:authenticated"
}

/// What a request shows to say who sends it.
struct RequestCredentials {
    var headers: HTTPHeaders
    /// The client certificate of the connection, if one was shown.
    var client: ShownClient?

    init(headers: HTTPHeaders = [:], client: ShownClient? = nil) {
        self.headers = headers
        self.client = client
    }

    /// Whether there is an Authorization header, of whatever kind.
    var hasAuthorization: Bool { headers.contains(name: "authorization") }

    /// The token of a Bearer authorization.
    var bearerToken: String? {
        guard let authorization = headers.first(name: "authorization") else { return nil }
        let parts = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}

enum Authentication: Equatable, Sendable {
    case user(KubeUser)
    /// Something was shown, and it is not valid: 401, not anonymous.
    case invalid
}

/// Finds out who sends a request.
protocol RequestAuthenticator: Sendable {
    /// Called on the event loop given, and answers on it.
    func authenticate(_ credentials: RequestCredentials, on eventLoop: any EventLoop) -> EventLoopFuture<Authentication>
}

enum Authorization: Equatable, Sendable {
    case allowed
    /// `reason`: the authorizer's, for the client.
    case refused(reason: String)
    /// Nobody could be asked.
    case failed(String)
}

/// Decides whether a user may do what a request asks.
protocol RequestAuthorizer: Sendable {
    func authorize(
        _ attributes: RequestAttributes, for user: KubeUser, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Authorization>
}
