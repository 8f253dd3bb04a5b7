// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import KubeTestSupport
import TLS
import TLSTestSupport
import Testing

@testable import Aggregator

private let pki = TestPKI.shared

@Suite("Following which front proxy to trust")
struct TrustFollowerTests {
    private let trust = CurrentClientTrust()
    private let log = LogCapture()
    private let ours = String(decoding: pki.authority.certificatePEM, as: UTF8.self)
    private let others = String(decoding: pki.stranger.certificatePEM, as: UTF8.self)

    private func follower(_ overrides: ExtensionAuthenticationOverrides = .init()) -> TrustFollower {
        TrustFollower(trust: trust, overrides: overrides, logger: log.logger)
    }

    private func map(_ data: [String: String]) -> ConfigMap {
        ConfigMap(
            metadata: ObjectMetadata(namespace: "kube-system", name: "extension-apiserver-authentication"), data: data)
    }

    private func published(by authority: String) -> ConfigMap {
        map(["requestheader-client-ca-file": authority, "requestheader-allowed-names": "[\"front-proxy-client\"]"])
    }

    /// Whether a front proxy with our CA's certificate is believed.
    private func isTrusted(byStranger: Bool = false) throws -> Bool {
        guard let proxy = trust.value.frontProxy else { return false }
        let client = try pki.shown(commonName: "front-proxy-client", byStranger: byStranger)
        guard case .success(let certificate) = client.verify(by: proxy.verifier) else { return false }
        return proxy.allows(certificate)
    }

    @Test("at first nothing is known, and that is the problem")
    func start() throws {
        #expect(follower().problem == "not read yet")
        #expect(try !isTrusted())
    }

    @Test("what is published counts")
    func published() throws {
        let follower = follower()
        follower.replace(with: [published(by: ours)])
        #expect(follower.problem == nil)
        #expect(try isTrusted() && !isTrusted(byStranger: true))
        follower.replace(with: [published(by: ours)])
        #expect(log.lines == ["info front proxy configured allowed_names=front-proxy-client from=cluster"])
    }

    @Test("a missing ConfigMap is the problem, with the API server's flags")
    func missing() throws {
        let follower = follower()
        for _ in 0..<3 { follower.replace(with: []) }
        let problem = try #require(follower.problem)
        #expect(problem.contains("kube-system/extension-apiserver-authentication does not exist"))
        #expect(problem.contains("--requestheader-client-ca-file"))
        #expect(log.lines(with: "error").count == 1)
    }

    @Test("an API server without an aggregation layer is the problem; users' certificates count all the same")
    func noFrontProxy() throws {
        let follower = follower()
        follower.replace(with: [map(["client-ca-file": ours])])
        #expect(follower.problem?.contains("aggregation layer is not configured") == true)
        #expect(trust.value.users != nil && trust.value.frontProxy == nil)
        #expect(log.lines(with: "error nobody can be a front proxy").count == 1)
    }

    @Test(
        "what cannot be used is named, and what is trusted stays",
        arguments: [
            (["requestheader-client-ca-file": "x"], "cannot be used"),
            (["requestheader-allowed-names": "front-proxy-client"], "requestheader-allowed-names"),
        ])
    func malformed(data: [String: String], words: String) throws {
        let follower = follower()
        follower.replace(with: [published(by: ours)])
        follower.apply(.modified(map(data)))
        #expect(follower.problem?.contains(words) == true)
        #expect(try isTrusted())
        #expect(log.lines(with: "error").count == 1)
    }

    @Test("when what was there before comes back, the problem is over", arguments: [true, false])
    func recovery(isDeleted: Bool) throws {
        let follower = follower()
        follower.replace(with: [published(by: ours)])
        follower.apply(isDeleted ? .deleted(published(by: ours)) : .modified(map(["requestheader-allowed-names": "{"])))
        #expect(follower.problem != nil)
        #expect(try isTrusted())
        follower.apply(.added(published(by: ours)))
        #expect(follower.problem == nil)
        #expect(log.lines(with: "front proxy configured").count == 2)
    }

    @Test("a rotated CA counts as soon as it is published")
    func rotation() throws {
        let follower = follower()
        follower.replace(with: [published(by: ours)])
        follower.apply(.modified(published(by: ours + others)))
        #expect(try isTrusted() && isTrusted(byStranger: true))
        follower.apply(.modified(published(by: others)))
        #expect(try !isTrusted() && isTrusted(byStranger: true))
    }

    @Test("flags come before what is published")
    func overrides() throws {
        let follower = follower(.init(frontProxyCA: others, allowedNames: ["front-proxy-client"]))
        follower.replace(with: [published(by: ours)])
        #expect(try !isTrusted() && isTrusted(byStranger: true))
    }

    @Test("without a lookup the flags are all there is")
    func noLookup() throws {
        let follower = follower(.init(frontProxyCA: ours))
        follower.applyOverridesOnly()
        #expect(follower.problem == nil)
        #expect(try isTrusted())
        #expect(log.lines(with: "from=flags").count == 1)
    }

    @Test("a front proxy that the flags name counts where the cluster says nothing", arguments: [true, false])
    func flagsSuffice(isMissing: Bool) throws {
        let follower = follower(.init(frontProxyCA: ours))
        if isMissing {
            follower.replace(with: [])
        } else {
            follower.disconnected(KubeError(.forbidden, "cannot list resource \"configmaps\""))
        }
        #expect(follower.problem == nil)
        #expect(try isTrusted())
        // The users' CA comes when it is published.
        follower.replace(with: [map(["client-ca-file": others])])
        #expect(try isTrusted())
        #expect(trust.value.users != nil)
    }

    @Test("an API server that cannot be asked is the problem until it can; later it is none")
    func disconnected() throws {
        let follower = follower()
        follower.disconnected(KubeError(.forbidden, "cannot list resource \"configmaps\""))
        #expect(follower.problem == "cannot list resource \"configmaps\"")
        #expect(log.lines(with: "cannot learn which front proxy to trust").count == 1)
        follower.replace(with: [published(by: ours)])
        #expect(follower.problem == nil)
        follower.disconnected(KubeError(.unreachable, "connection refused"))
        #expect(follower.problem == nil)
        #expect(try isTrusted())
        #expect(log.lines(with: "cannot follow changes").count == 1)
    }
}
