// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOPosix
import Synchronization
import TLS
import TLSTestSupport
import Testing

@testable import Aggregator

private let pki = TestPKI.shared

@Suite("Who sends a request to an extension API server")
struct DelegatedAuthenticatorTests {
    let reviewer = FakeReviewer()
    let trust = CurrentClientTrust()
    let authenticator: DelegatedAuthenticator

    /// The front proxy's CA is ours, the users' CA is the stranger's.
    init() throws {
        trust.value = ClientTrust(
            frontProxy: .init(
                verifier: try pki.verifier(), allowedNames: ["front-proxy-client"], headers: FrontProxyHeaders()),
            users: try pki.strangerVerifier())
        authenticator = DelegatedAuthenticator(
            trust: trust,
            tokens: TokenReviews(
                reviewer: reviewer, lifetime: .seconds(10), gate: ReviewGate(atATime: 4, waiting: 16)),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func authenticate(_ headers: HTTPHeaders = [:], _ client: ShownClient? = nil) async throws -> Authentication
    {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return try await authenticator.authenticate(RequestCredentials(headers: headers, client: client), on: loop)
            .get()
    }

    private let jane: HTTPHeaders = ["X-Remote-User": "jane", "X-Remote-Group": "dev"]

    @Test("the front proxy's word counts, and everybody it names is authenticated")
    func frontProxy() async throws {
        let proxy = try pki.shown(commonName: "front-proxy-client")
        #expect(
            try await authenticate(jane, proxy)
                == .user(KubeUser(name: "jane", groups: ["dev", "system:authenticated"])))
        // The anonymous stay so, also through a proxy.
        let anonymous: HTTPHeaders = ["X-Remote-User": "system:anonymous", "X-Remote-Group": "system:unauthenticated"]
        #expect(try await authenticate(anonymous, proxy) == .user(.anonymous))
    }

    @Test("the headers of somebody without a certificate are just an anonymous request")
    func spoofed() async throws {
        let masters: HTTPHeaders = ["X-Remote-User": "root", "X-Remote-Group": "system:masters"]
        #expect(try await authenticate(masters) == .user(.anonymous))
    }

    @Test("a certificate that is not the front proxy's cannot speak for others")
    func notTheProxy() async throws {
        // The right CA with another name, and the right name by another CA.
        #expect(try await authenticate(jane, pki.shown(commonName: "someone")) == .invalid)
        let user = try pki.shown(commonName: "front-proxy-client", organizations: ["dev"], byStranger: true)
        #expect(
            try await authenticate(["X-Remote-User": "root", "X-Remote-Group": "system:masters"], user)
                == .user(KubeUser(name: "front-proxy-client", groups: ["dev", "system:authenticated"])))
    }

    @Test("the front proxy without a user's name is nobody")
    func proxyAlone() async throws {
        #expect(try await authenticate([:], pki.shown(commonName: "front-proxy-client")) == .invalid)
    }

    @Test("a user's own certificate gives name and groups")
    func userCertificate() async throws {
        let jane = try pki.shown(commonName: "jane", organizations: ["dev", "ops"], byStranger: true)
        #expect(
            try await authenticate([:], jane)
                == .user(KubeUser(name: "jane", groups: ["dev", "ops", "system:authenticated"])))
    }

    @Test("a token is reviewed once, and the answer is remembered for a while")
    func token() async throws {
        reviewer.accept(
            "good", KubeUser(name: "system:serviceaccount:a:b", uid: "1", groups: ["system:serviceaccounts"]))
        for _ in 0..<3 {
            let found = try await authenticate(["Authorization": "Bearer good"])
            #expect(
                found
                    == .user(
                        KubeUser(
                            name: "system:serviceaccount:a:b", uid: "1",
                            groups: ["system:serviceaccounts", "system:authenticated"])))
        }
        #expect(reviewer.tokenReviews == 1)
        #expect(reviewer.state.withLock { $0.tokenReviews[0].audiences } == [])
    }

    @Test(
        "credentials that are not valid are refused, not taken for anonymous",
        arguments: ["Bearer bad", "Bearer ", "Bearer", "Basic am9lOnB3", "bearer  "])
    func invalid(header: String) async throws {
        #expect(try await authenticate(["Authorization": header]) == .invalid)
    }

    @Test("a token counts although the certificate beside it does not")
    func tokenBesideCertificate() async throws {
        reviewer.accept("good", KubeUser(name: "joe"))
        let nobody = try pki.shown(commonName: "someone")
        #expect(
            try await authenticate(["Authorization": "Bearer good"], nobody)
                == .user(KubeUser(name: "joe", groups: ["system:authenticated"])))
    }

    @Test("a review that fails is a refusal, and is not remembered")
    func reviewFails() async throws {
        reviewer.accept("good", KubeUser(name: "joe"))
        reviewer.fail(KubeError(.timedOut, "no answer"))
        #expect(try await authenticate(["Authorization": "Bearer good"]) == .invalid)
        reviewer.fail(nil)
        #expect(try await authenticate(["Authorization": "Bearer good"]) != .invalid)
    }

    @Test("nothing shown is anonymous, also when no trust is known yet")
    func anonymous() async throws {
        #expect(try await authenticate() == .user(.anonymous))
        trust.value = ClientTrust()
        #expect(try await authenticate() == .user(.anonymous))
        #expect(try await authenticate(jane, pki.shown(commonName: "front-proxy-client")) == .invalid)
    }

    @Test("a rotated CA counts at once, on connections that are open")
    func rotation() async throws {
        let proxy = try pki.shown(commonName: "front-proxy-client")
        #expect(try await authenticate(jane, proxy) != .invalid)
        trust.value.frontProxy = .init(
            verifier: try pki.strangerVerifier(), allowedNames: [], headers: FrontProxyHeaders())
        #expect(try await authenticate(jane, proxy) == .invalid)
        trust.value.frontProxy = .init(verifier: try pki.verifier(), allowedNames: [], headers: FrontProxyHeaders())
        #expect(try await authenticate(jane, proxy) != .invalid)
    }
}
