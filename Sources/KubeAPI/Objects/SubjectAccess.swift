// SPDX-License-Identifier: Apache-2.0
import CKubeProto

/// What somebody wants to do.
public enum AccessAttributes: Sendable, Hashable {
    /// Something to a resource. Empty namespace: in all of them, or a cluster-wide resource; empty name: any.
    case resource(
        namespace: String = "", verb: String, group: String, version: String = "", resource: String,
        subresource: String = "", name: String = "")
    /// Something to a path that is no resource, such as `/metrics`; the verb is the HTTP method in lower case.
    case nonResource(path: String, verb: String)
}

/// Who wants to do what: the question of a SubjectAccessReview, and the key of a cache of answers.
public struct SubjectAccess: Sendable, Hashable {
    public var user: KubeUser
    public var attributes: AccessAttributes

    public init(user: KubeUser, attributes: AccessAttributes) {
        self.user = user
        self.attributes = attributes
    }
}

/// The API server's word on it.
public struct AccessDecision: Sendable, Equatable {
    public let allowed: Bool
    /// An authorizer said no; with both false, none said yes.
    public let denied: Bool
    public let reason: String
    /// What went wrong on the way to the decision, which stands all the same.
    public let evaluationError: String

    public init(allowed: Bool, denied: Bool = false, reason: String = "", evaluationError: String = "") {
        self.allowed = allowed
        self.denied = denied
        self.reason = reason
        self.evaluationError = evaluationError
    }

    /// - Parameter user: nil asks about ourselves.
    static func request(_ attributes: AccessAttributes, user: KubeUser?) -> [UInt8] {
        let packer = Packer()
        let spec = unsafe packer.make(kube__subject_access_review_spec__init)
        switch attributes {
        case .resource(let namespace, let verb, let group, let version, let resource, let subresource, let name):
            let message = unsafe packer.make(kube__resource_attributes__init)
            unsafe (message.pointee.has_namespace_, message.pointee.namespace_) = (1, packer.text(namespace))
            unsafe (message.pointee.has_verb, message.pointee.verb) = (1, packer.text(verb))
            unsafe (message.pointee.has_group, message.pointee.group) = (1, packer.text(group))
            unsafe (message.pointee.has_version, message.pointee.version) = (1, packer.text(version))
            unsafe (message.pointee.has_resource, message.pointee.resource) = (1, packer.text(resource))
            unsafe (message.pointee.has_subresource, message.pointee.subresource) = (1, packer.text(subresource))
            unsafe (message.pointee.has_name, message.pointee.name) = (1, packer.text(name))
            unsafe spec.pointee.resource_attributes = unsafe message
        case .nonResource(let path, let verb):
            let message = unsafe packer.make(kube__non_resource_attributes__init)
            unsafe (message.pointee.has_path, message.pointee.path) = (1, packer.text(path))
            unsafe (message.pointee.has_verb, message.pointee.verb) = (1, packer.text(verb))
            unsafe spec.pointee.non_resource_attributes = unsafe message
        }
        if let user {
            unsafe (spec.pointee.has_user, spec.pointee.user) = (1, packer.text(user.name))
            unsafe (spec.pointee.has_uid, spec.pointee.uid) = (1, packer.text(user.uid))
            unsafe spec.pointee.n_groups = user.groups.count
            unsafe spec.pointee.groups = packer.texts(user.groups)
            var extra: [UnsafeMutablePointer<Kube__ExtraEntry>?] = unsafe []
            for (key, values) in user.extra.sorted(by: { $0.key < $1.key }) {
                let value = unsafe packer.make(kube__extra_value__init)
                unsafe value.pointee.n_items = values.count
                unsafe value.pointee.items = packer.texts(values)
                let entry = unsafe packer.make(kube__extra_entry__init)
                unsafe (entry.pointee.has_key, entry.pointee.key) = (1, packer.text(key))
                unsafe entry.pointee.value = unsafe value
                unsafe extra.append(entry)
            }
            unsafe spec.pointee.n_extra = extra.count
            unsafe spec.pointee.extra = packer.array(extra)
        }
        let review = unsafe packer.make(kube__subject_access_review__init)
        unsafe review.pointee.spec = unsafe spec
        return unsafe packer.body(
            review, apiVersion: "authorization.k8s.io/v1",
            kind: user == nil ? "SelfSubjectAccessReview" : "SubjectAccessReview")
    }

    init(_ body: RawSpan) throws(KubeDecodingError) {
        self = unsafe try unpack(body, kube__subject_access_review__unpack) { (message) throws(KubeDecodingError) in
            guard let status = unsafe message.pointee.status?.pointee else {
                throw KubeDecodingError("an access review without a status")
            }
            return AccessDecision(
                allowed: unsafe status.allowed != 0, denied: unsafe status.denied != 0,
                reason: try unsafe status.reason.text("the reason"),
                evaluationError: try unsafe status.evaluation_error.text("the evaluation error"))
        }
    }
}
