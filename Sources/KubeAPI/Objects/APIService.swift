// SPDX-License-Identifier: Apache-2.0
import CKubeProto

/// An entry of the aggregation layer: which Service answers for a group and version
/// (kubernetes.io/docs/concepts/extend-kubernetes/api-extension/apiserver-aggregation).
public struct APIService: Sendable, Equatable {
    /// What the API server last found out about the Service.
    public struct Condition: Sendable, Equatable {
        /// Such as `Available`.
        public let type: String
        /// `True`, `False` or `Unknown`.
        public let status: String
        /// One word, such as `FailedDiscoveryCheck`.
        public let reason: String
        public let message: String
    }

    public struct Service: Sendable, Equatable {
        public let namespace: String
        public let name: String
        public let port: Int32
    }

    public let metadata: ObjectMetadata
    /// nil: the API server answers itself.
    public let service: Service?
    /// PEM; empty: the API server's own trust.
    public let caBundle: [UInt8]
    public let insecureSkipTLSVerify: Bool
    public let conditions: [Condition]

    public var available: Condition? { conditions.first { $0.type == "Available" } }

    init(_ body: RawSpan) throws(KubeDecodingError) {
        metadata = try ObjectMetadata(body, try PartialMetadata.metadataRange(body), KubeDecodingOptions())
        (service, caBundle, insecureSkipTLSVerify, conditions) = unsafe try unpack(body, kube__apiservice__unpack) {
            (message) throws(KubeDecodingError) in
            var service: Service?
            var caBundle: [UInt8] = []
            var skips = false
            if let spec = unsafe message.pointee.spec {
                if let reference = unsafe spec.pointee.service {
                    service = Service(
                        namespace: try unsafe reference.pointee.namespace_.text("spec.service.namespace"),
                        name: try unsafe reference.pointee.name.text("spec.service.name"),
                        port: unsafe reference.pointee.has_port != 0 ? reference.pointee.port : 443)
                }
                caBundle = unsafe spec.pointee.ca_bundle.array
                skips = unsafe spec.pointee.insecure_skip_tls_verify != 0
            }
            var conditions: [Condition] = []
            if let status = unsafe message.pointee.status {
                conditions = unsafe try mapMessages(status.pointee.conditions, status.pointee.n_conditions) {
                    (condition) throws(KubeDecodingError) in
                    Condition(
                        type: try unsafe condition.type.text("a condition's type"),
                        status: try unsafe condition.status.text("a condition's status"),
                        reason: try unsafe condition.reason.text("a condition's reason"),
                        message: try unsafe condition.message.text("a condition's message"))
                }
            }
            return (service, caBundle, skips, conditions)
        }
    }
}
