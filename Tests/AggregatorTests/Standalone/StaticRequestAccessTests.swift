// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import MetricsAPI
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import Aggregator

@Suite("Who sends a request, without an API server")
struct StaticRequestAccessTests {
    let access = StaticRequestAccess(token: Array("secret".utf8))

    private func who(_ authorization: String?) -> Authentication {
        access.authentication(RequestCredentials(headers: authorization.map { ["Authorization": $0] } ?? [:]))
    }

    @Test("the token's bearer is the administrator", arguments: ["Bearer secret", "bearer secret", "BEARER secret"])
    func bearer(authorization: String) {
        #expect(
            who(authorization)
                == .user(KubeUser(name: "standalone-admin", groups: ["system:masters", "system:authenticated"])))
    }

    @Test("who shows nothing is anonymous")
    func anonymous() {
        #expect(who(nil) == .user(.anonymous))
        #expect(KubeUser.anonymous.name == "system:anonymous")
        #expect(KubeUser.anonymous.groups == ["system:unauthenticated"])
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
        for (groups, isAllowed) in [
            (["system:masters"], true), (["a", "system:masters"], true), (["a"], false), ([], false),
        ] {
            let user = KubeUser(name: "u", groups: groups)
            #expect(
                try access.authorize(attributes, for: user, on: loop).wait()
                    == (isAllowed ? .allowed : .refused(reason: "")))
        }
    }
}
