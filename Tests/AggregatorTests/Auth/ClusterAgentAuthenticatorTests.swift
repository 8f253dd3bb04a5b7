// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI
import Logging
import NIOCore
import NIOPosix
import Synchronization
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import Aggregator

private let pki = TestPKI.shared

@Suite("Who may report a node of a cluster")
struct ClusterAgentAuthenticatorTests {
    let reviewer = FakeReviewer()
    private static let account = "system:serviceaccount:kube-system:metrics-push-agent"

    private func authenticator(certificates: CertificateVerifier? = nil) -> ClusterAgentAuthenticator {
        ClusterAgentAuthenticator(
            rules: .init(audience: "metrics-push", userName: Self.account), reviewer: reviewer,
            certificates: certificates, gate: ReviewGate(atATime: 4, waiting: 16),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func verdict(
        _ authenticator: ClusterAgentAuthenticator? = nil, node: String = "n1", token: String = "",
        client: ShownClient? = nil
    ) async throws -> AgentVerdict {
        try await (authenticator ?? self.authenticator()).authenticate(
            AgentClaim(nodeName: node, credential: token, client: client),
            on: MultiThreadedEventLoopGroup.singleton.next()
        ).get()
    }

    /// The extra fields of a token that is bound to a pod; `node` as Kubernetes 1.30 and later add it.
    private func extra(pod: String = "agent-x", uid: String = "uid-x", node: String? = nil) -> [String: [String]] {
        var extra = [
            "authentication.kubernetes.io/pod-name": [pod], "authentication.kubernetes.io/pod-uid": [uid],
        ]
        if let node { extra["authentication.kubernetes.io/node-name"] = [node] }
        return extra
    }

    private func accept(
        _ token: String, user: String = account, audiences: [String] = ["metrics-push"], extra: [String: [String]]
    ) {
        reviewer.accept(token, KubeUser(name: user, extra: extra), audiences: audiences)
    }

    private func refusal(_ verdict: AgentVerdict) throws -> Reject {
        guard case .refused(let reject) = verdict else { throw NotRefused(verdict: verdict) }
        return reject
    }

    private struct NotRefused: Error { let verdict: AgentVerdict }

    // MARK: The truth

    @Test("the node in the token may be reported, until the token ends")
    func nodeInToken() async throws {
        let end = LogLine.now() / 1_000_000_000 + 3600
        let token = token(#"{"exp":\#(end)}"#)
        accept(token, extra: extra(node: "n1"))
        #expect(try await verdict(token: token) == .accepted(untilUnixSeconds: end))
        #expect(reviewer.state.withLock { $0.tokenReviews.map(\.audiences) } == [["metrics-push"]])
        #expect(reviewer.state.withLock { $0.podQuestions } == [])
    }

    @Test("an older API server is asked where the token's pod runs")
    func nodeOfPod() async throws {
        accept("t", extra: extra())
        reviewer.state.withLock { $0.pods["kube-system/agent-x"] = PodPlacement(uid: "uid-x", nodeName: "n1") }
        #expect(try await verdict(token: "t") == .accepted())
        #expect(reviewer.state.withLock { $0.podQuestions } == ["kube-system/agent-x"])
    }

    @Test("a token that was found good is not reviewed again at once, for whichever node it is shown")
    func remembered() async throws {
        accept("t", extra: extra(node: "n1"))
        let authenticator = authenticator()
        for _ in 0..<3 { #expect(try await verdict(authenticator, token: "t") == .accepted()) }
        #expect(try refusal(await verdict(authenticator, node: "n2", token: "t")).code == .wrongNode)
        #expect(reviewer.tokenReviews == 1)
    }

    // MARK: The lies

    @Test("another node's name is refused with both names")
    func otherNode() async throws {
        accept("t", extra: extra(node: "n1"))
        let reject = try refusal(await verdict(node: "n2", token: "t"))
        #expect(reject.code == .wrongNode)
        #expect(reject.reason.contains("node n1") && reject.reason.contains("n2"))
    }

    @Test("a token that the API server does not accept is refused in its words")
    func unknownToken() async throws {
        let reject = try refusal(await verdict(token: "expired"))
        #expect(reject.code == .unauthenticated)
        #expect(reject.reason.contains("invalid bearer token"))
    }

    @Test("a token for somebody else's ears is refused", arguments: [[], ["https://kubernetes.default.svc"]])
    func audience(audiences: [String]) async throws {
        accept("t", audiences: audiences, extra: extra(node: "n1"))
        let reject = try refusal(await verdict(token: "t"))
        #expect(reject.code == .unauthenticated)
        #expect(reject.reason.contains("audience metrics-push"))
    }

    @Test(
        "another ServiceAccount is no agent, whatever node it runs on",
        arguments: [
            "system:serviceaccount:default:metrics-push-agent", "system:serviceaccount:kube-system:default",
            "system:node:n1", "system:serviceaccount:kube-system:metrics-push-agent2",
        ])
    func account(user: String) async throws {
        accept("t", user: user, extra: extra(node: "n1"))
        let reject = try refusal(await verdict(token: "t"))
        #expect(reject.code == .unauthenticated)
        #expect(reject.reason.contains(user) && reject.reason.contains("--agent-service-account"))
    }

    @Test("a token that is bound to no pod speaks for no node")
    func unbound() async throws {
        accept("t", extra: [:])
        #expect(try refusal(await verdict(token: "t")).reason.contains("bound to no pod"))
    }

    @Test("the token of a pod that is gone, or was made anew, is refused")
    func gonePod() async throws {
        accept("gone", extra: extra())
        #expect(try refusal(await verdict(token: "gone")).reason.contains("does not exist any more"))
        accept("old", extra: extra(pod: "agent-y", uid: "uid-old"))
        reviewer.state.withLock { $0.pods["kube-system/agent-y"] = PodPlacement(uid: "uid-new", nodeName: "n1") }
        #expect(try refusal(await verdict(token: "old")).reason.contains("replaced by another"))
    }

    @Test("a pod that has no node yet speaks for none")
    func unscheduled() async throws {
        accept("t", extra: extra())
        reviewer.state.withLock { $0.pods["kube-system/agent-x"] = PodPlacement(uid: "uid-x", nodeName: "") }
        #expect(try refusal(await verdict(node: "", token: "t")).code == .unauthenticated)
    }

    @Test("a token that ended while its review was remembered is refused")
    func endedMeanwhile() async throws {
        let token = token(#"{"exp":\#(LogLine.now() / 1_000_000_000 - 1)}"#)
        accept(token, extra: extra(node: "n1"))
        #expect(try refusal(await verdict(token: token)).reason == "the token has expired")
    }

    @Test("nothing shown is refused")
    func nothing() async throws {
        let reject = try refusal(await verdict())
        #expect(reject.code == .unauthenticated)
        #expect(reject.reason.contains("--token-file"))
    }

    // MARK: Trouble on our side

    @Test("when the API server cannot be asked the agent is told to come again, and nothing is remembered")
    func apiServerAway() async throws {
        accept("t", extra: extra(node: "n1"))
        let authenticator = authenticator()
        reviewer.fail(KubeError(.unreachable, "connection refused"))
        let reject = try refusal(await verdict(authenticator, token: "t"))
        #expect(reject.code == .overloaded)
        #expect(reject.reason.contains("connection refused"))
        reviewer.fail(nil)
        #expect(try await verdict(authenticator, token: "t") == .accepted())
    }

    // MARK: Certificates

    @Test("a client certificate for the node counts where its CA is configured")
    func certificate() async throws {
        let ours = authenticator(certificates: try pki.verifier())
        let client = try pki.shown(commonName: "system:node:n1", organizations: ["system:nodes"])
        guard case .accepted(let end?) = try await verdict(ours, client: client) else {
            Issue.record("not accepted")
            return
        }
        #expect(end > LogLine.now() / 1_000_000_000)
        #expect(try refusal(await verdict(ours, node: "n2", client: client)).code == .wrongNode)
    }

    @Test("a certificate of another CA, or where no CA is configured, is refused")
    func foreignCertificate() async throws {
        let stranger = try pki.shown(commonName: "system:node:n1", byStranger: true)
        let reject = try refusal(await verdict(authenticator(certificates: try pki.verifier()), client: stranger))
        #expect(reject.code == .unauthenticated)
        #expect(reject.reason.contains("unknown CA"))
        let ours = try pki.shown(commonName: "system:node:n1")
        #expect(try refusal(await verdict(client: ours)).reason.contains("--agent-client-ca-file"))
    }

    @Test("a bad token is not saved by a good certificate")
    func tokenFirst() async throws {
        let client = try pki.shown(commonName: "system:node:n1")
        let ours = authenticator(certificates: try pki.verifier())
        #expect(try refusal(await verdict(ours, token: "bad", client: client)).code == .unauthenticated)
    }
}
