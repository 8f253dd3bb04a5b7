// SPDX-License-Identifier: Apache-2.0
public import KubeAPI
import Synchronization

/// How a fake API server answers TokenReviews and SubjectAccessReviews.
public final class FakeReviews: Sendable {
    private struct State {
        var tokens: [String: (user: KubeUser, audiences: [String])] = [:]
        var allowed: Set<String> = []
        var tokenReviews = 0
        var isFailing = false
    }

    private let state = Mutex(State())

    public init(_ server: FakeAPIServer) {
        server.on("POST /apis/authentication.k8s.io/v1/tokenreviews") { [self] in reviewToken($0.body) }
        server.on("POST /apis/authorization.k8s.io/v1/subjectaccessreviews") { [self] in reviewAccess($0.body) }
    }

    public func accept(_ token: String, _ user: KubeUser, audiences: [String]) {
        state.withLock { $0.tokens[token] = (user, audiences) }
    }

    /// Lets a user do everything.
    public func allow(_ user: String) { state.withLock { _ = $0.allowed.insert(user) } }

    /// All reviews end in an error of the server.
    public func fail(_ isFailing: Bool) { state.withLock { $0.isFailing = isFailing } }

    public var tokenReviews: Int { state.withLock { $0.tokenReviews } }

    private func reviewToken(_ body: [UInt8]) -> FakeAPIServer.Reply {
        let token = KubeProto.Fields(body: body).message(2).text(1)
        let (known, isFailing) = state.withLock { state in
            state.tokenReviews += 1
            return (state.tokens[token], state.isFailing)
        }
        if isFailing { return .status(500, "InternalError", "etcd is away") }
        guard let known else { return review("authentication", "TokenReview", KubeProto().text(3, "unknown token")) }
        var user = KubeProto().text(1, known.user.name).text(2, known.user.uid)
        for group in known.user.groups { user = user.text(3, group) }
        for (key, values) in known.user.extra {
            let items = values.reduce(KubeProto()) { $0.text(1, $1) }
            user = user.message(4, KubeProto().text(1, key).message(2, items))
        }
        let status = known.audiences.reduce(KubeProto().number(1, 1).message(2, user)) { $0.text(4, $1) }
        return review("authentication", "TokenReview", status)
    }

    private func reviewAccess(_ body: [UInt8]) -> FakeAPIServer.Reply {
        let user = KubeProto.Fields(body: body).message(2).text(3)
        let (isAllowed, isFailing) = state.withLock { ($0.allowed.contains(user), $0.isFailing) }
        if isFailing { return .status(500, "InternalError", "etcd is away") }
        let status = isAllowed ? KubeProto().number(1, 1) : KubeProto().number(1, 0).text(2, "no RBAC rule for \(user)")
        return review("authorization", "SubjectAccessReview", status)
    }

    private func review(_ group: String, _ kind: String, _ status: KubeProto) -> FakeAPIServer.Reply {
        .protobuf(KubeProto.envelope("\(group).k8s.io/v1", kind, KubeProto().message(3, status)), status: 201)
    }
}
