// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOCore
import NIOEmbedded
import Testing

@testable import Aggregator

@Suite("Who sends a request, without an API server")
struct RequestAccessTests {
    let access = StaticRequestAccess(token: Array("secret".utf8))

    private func who(_ authorization: String?) -> Authentication {
        access.authentication(RequestCredentials(authorization: authorization, certificate: nil))
    }

    @Test("the token's bearer is the administrator", arguments: ["Bearer secret", "bearer secret", "BEARER secret"])
    func bearer(authorization: String) {
        #expect(who(authorization) == .user(RequestUser(name: "standalone-admin", groups: ["system:masters"])))
    }

    @Test("who shows nothing is anonymous")
    func anonymous() {
        #expect(who(nil) == .user(.anonymous))
        #expect(RequestUser.anonymous.name == "system:anonymous")
        #expect(RequestUser.anonymous.groups == ["system:unauthenticated"])
    }

    @Test(
        "whatever else is shown is invalid, not anonymous",
        arguments: [
            "", "Bearer", "Bearer ", "Bearer  secret", "Bearer wrong", "Bearer secret2", "Bearer secret x",
            "Basic c2VjcmV0", "secret",
        ])
    func invalid(authorization: String) {
        #expect(who(authorization) == .invalid)
    }

    @Test("the administrator may do everything, anybody else nothing")
    func authorization() throws {
        let loop = EmbeddedEventLoop()
        let attributes = MetricsAPIHandler.attributes(of: APIRequest(method: "GET", path: "/metrics"))
        for (groups, mayServe) in [
            (["system:masters"], true), (["a", "system:masters"], true), (["a"], false), ([], false),
        ] {
            let user = RequestUser(name: "u", groups: groups)
            #expect(try access.mayServe(attributes, to: user, on: loop).wait() == mayServe)
        }
    }
}
