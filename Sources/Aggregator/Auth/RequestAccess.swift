// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOCore
import TLS

/// Who sends a request.
struct RequestUser: Equatable, Sendable {
    var name: String
    var groups: [String]

    static let anonymous = RequestUser(name: "system:anonymous", groups: ["system:unauthenticated"])
    /// The group that may do everything, without a review, as in the API server.
    static let masters = "system:masters"
}

/// What a request shows to say who sends it.
struct RequestCredentials: Sendable {
    /// The Authorization header, if there is one.
    var authorization: String?
    /// The client certificate of the TLS handshake.
    var certificate: PeerCertificate?

    /// The token of a Bearer authorization.
    var bearerToken: String? {
        guard let authorization else { return nil }
        let parts = authorization.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1])
    }
}

enum Authentication: Equatable, Sendable {
    case user(RequestUser)
    /// Something was shown, and it is not valid: 401, not anonymous.
    case invalid
}

/// Finds out who sends a request.
protocol RequestAuthenticator: Sendable {
    func authenticate(_ credentials: RequestCredentials, on eventLoop: any EventLoop) -> EventLoopFuture<Authentication>
}

/// Decides whether a user may do what a request asks.
protocol RequestAuthorizer: Sendable {
    func mayServe(
        _ attributes: RequestAttributes, to user: RequestUser, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool>
}

/// `--standalone`: one token, whose bearer may do everything.
struct StaticRequestAccess: RequestAuthenticator, RequestAuthorizer {
    /// SHA-256 of the token, so that the comparison takes the same time whatever is presented.
    private let tokenDigest: [UInt8]

    init(token: [UInt8]) {
        tokenDigest = Crypto.sha256(token)
    }

    func authenticate(_ credentials: RequestCredentials, on eventLoop: any EventLoop) -> EventLoopFuture<Authentication>
    {
        eventLoop.makeSucceededFuture(authentication(credentials))
    }

    func authentication(_ credentials: RequestCredentials) -> Authentication {
        guard let token = credentials.bearerToken else {
            return credentials.authorization == nil ? .user(.anonymous) : .invalid
        }
        guard Crypto.constantTimeEquals(Crypto.sha256(Array(token.utf8)), tokenDigest) else { return .invalid }
        return .user(RequestUser(name: "standalone-admin", groups: [RequestUser.masters]))
    }

    func mayServe(
        _ attributes: RequestAttributes, to user: RequestUser, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Bool> {
        eventLoop.makeSucceededFuture(user.groups.contains(RequestUser.masters))
    }
}
