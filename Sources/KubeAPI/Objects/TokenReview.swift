// SPDX-License-Identifier: Apache-2.0
import CKubeProto

/// Whom a credential belongs to.
public struct KubeUser: Sendable, Hashable {
    public var name: String
    public var uid: String
    public var groups: [String]
    /// Such as `authentication.kubernetes.io/node-name` of a ServiceAccount token (since Kubernetes 1.30).
    public var extra: [String: [String]]

    public init(name: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
        self.name = name
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }
}

/// The API server's word on a token (authentication.k8s.io/v1 TokenReview).
public struct TokenReviewResult: Sendable, Equatable {
    public let authenticated: Bool
    /// Empty unless authenticated.
    public let user: KubeUser
    /// Those of the audiences asked for that the token is for. Empty from a server that knows no audiences: then the
    /// token is for the API server, and for nobody else.
    public let audiences: [String]
    /// Why the token could not be checked, or is not good; empty if all is well.
    public let error: String

    public init(authenticated: Bool, user: KubeUser, audiences: [String], error: String) {
        self.authenticated = authenticated
        self.user = user
        self.audiences = audiences
        self.error = error
    }

    static func request(token: String, audiences: [String]) -> [UInt8] {
        let packer = Packer()
        let spec = unsafe packer.make(kube__token_review_spec__init)
        unsafe (spec.pointee.has_token, spec.pointee.token) = (1, packer.text(token))
        unsafe spec.pointee.n_audiences = audiences.count
        unsafe spec.pointee.audiences = packer.texts(audiences)
        let review = unsafe packer.make(kube__token_review__init)
        unsafe review.pointee.spec = unsafe spec
        return unsafe packer.body(review, apiVersion: "authentication.k8s.io/v1", kind: "TokenReview")
    }

    init(_ body: RawSpan) throws(KubeDecodingError) {
        self = unsafe try unpack(body, kube__token_review__unpack) { (message) throws(KubeDecodingError) in
            guard let status = unsafe message.pointee.status else {
                throw KubeDecodingError("a TokenReview without a status")
            }
            var user = KubeUser(name: "")
            if let info = unsafe status.pointee.user {
                user.name = try unsafe info.pointee.username.text("the user's name")
                user.uid = try unsafe info.pointee.uid.text("the user's uid")
                user.groups = unsafe try texts(info.pointee.groups, info.pointee.n_groups, "a group")
                let extra = unsafe try mapMessages(info.pointee.extra, info.pointee.n_extra) {
                    (entry) throws(KubeDecodingError) in
                    let key = try unsafe entry.key.text("an extra's name")
                    guard let value = unsafe entry.value?.pointee else { return (key, [String]()) }
                    return (key, unsafe try texts(value.items, value.n_items, "an extra's value"))
                }
                for (key, values) in extra { user.extra[key] = values }
            }
            return TokenReviewResult(
                authenticated: unsafe status.pointee.authenticated != 0, user: user,
                audiences: unsafe try texts(status.pointee.audiences, status.pointee.n_audiences, "an audience"),
                error: try unsafe status.pointee.error.text("the error"))
        }
    }
}
