// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import MetricsAPI
import NIOCore
import TLS

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
            return credentials.hasAuthorization ? .invalid : .user(.anonymous)
        }
        guard Crypto.constantTimeEquals(Crypto.sha256(Array(token.utf8)), tokenDigest) else { return .invalid }
        return .user(KubeUser(name: "standalone-admin", groups: [KubeUser.masters, KubeUser.authenticated]))
    }

    func authorize(
        _ attributes: RequestAttributes, for user: KubeUser, on eventLoop: any EventLoop
    ) -> EventLoopFuture<Authorization> {
        eventLoop.makeSucceededFuture(user.groups.contains(KubeUser.masters) ? .allowed : .refused(reason: ""))
    }
}
