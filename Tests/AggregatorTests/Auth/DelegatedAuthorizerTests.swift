// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Logging
import MetricsAPI
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import Aggregator

@Suite("What a user may see")
struct DelegatedAuthorizerTests {
    let reviewer = FakeReviewer()
    let authorizer: DelegatedAuthorizer
    let jane = KubeUser(name: "jane", groups: ["dev"])

    init() {
        authorizer = DelegatedAuthorizer(
            reviewer: reviewer, allowedLifetime: .seconds(10), refusedLifetime: .zero,
            gate: ReviewGate(atATime: 4, waiting: 16), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func authorize(_ path: String, _ user: KubeUser? = nil) async throws -> Authorization {
        let attributes = MetricsAPIHandler.attributes(of: APIRequest(method: "GET", path: path))
        return try await authorizer.authorize(
            attributes, for: user ?? jane, on: MultiThreadedEventLoopGroup.singleton.next()
        ).get()
    }

    private let pods = SubjectAccess(
        user: KubeUser(name: "jane", groups: ["dev"]),
        attributes: .resource(
            namespace: "shop", verb: "list", group: "metrics.k8s.io", version: "v1beta1", resource: "pods"))

    @Test("the API server is asked in its own terms, and its yes is remembered")
    func allowed() async throws {
        reviewer.state.withLock { _ = $0.allowed.insert(pods) }
        for _ in 0..<3 {
            #expect(try await authorize("/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods") == .allowed)
        }
        #expect(reviewer.state.withLock { $0.accessReviews } == [pods])
    }

    @Test("a no carries the API server's reason, and is forgotten when its time is over")
    func refused() async throws {
        for _ in 0..<2 {
            #expect(
                try await authorize("/apis/metrics.k8s.io/v1beta1/nodes") == .refused(reason: "no RBAC rule"))
        }
        #expect(reviewer.accessReviews == 2)
    }

    @Test("another user, namespace, name or verb is another question")
    func distinct() async throws {
        reviewer.state.withLock { _ = $0.allowed.insert(pods) }
        #expect(try await authorize("/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods") == .allowed)
        let joe = KubeUser(name: "joe", groups: ["dev"])
        #expect(try await authorize("/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods", joe) != .allowed)
        #expect(
            try await authorize(
                "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods", KubeUser(name: "jane", groups: [])) != .allowed)
        for path in ["namespaces/other/pods", "pods", "namespaces/shop/pods/web"] {
            #expect(try await authorize("/apis/metrics.k8s.io/v1beta1/\(path)") != .allowed, "\(path)")
        }
    }

    @Test("a path that is no resource is asked for as one")
    func path() async throws {
        _ = try await authorize("/metrics")
        #expect(
            reviewer.state.withLock { $0.accessReviews[0].attributes } == .nonResource(path: "/metrics", verb: "get"))
    }

    @Test("system:masters may do all, and nobody is asked")
    func masters() async throws {
        #expect(
            try await authorize("/metrics", KubeUser(name: "system:kube-aggregator", groups: ["system:masters"]))
                == .allowed)
        #expect(reviewer.accessReviews == 0)
    }

    @Test("when nobody can be asked that is said, and not remembered")
    func failure() async throws {
        reviewer.fail(KubeError(.unreachable, "connection refused"))
        #expect(try await authorize("/metrics") == .failed("unreachable: connection refused"))
        reviewer.fail(nil)
        #expect(try await authorize("/metrics") == .refused(reason: "no RBAC rule"))
    }
}
