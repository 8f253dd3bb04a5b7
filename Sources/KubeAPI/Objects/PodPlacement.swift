// SPDX-License-Identifier: Apache-2.0
import CKubeProto

/// Where a pod runs.
public struct PodPlacement: Sendable, Equatable {
    public let uid: String
    /// spec.nodeName; empty until the pod is scheduled.
    public let nodeName: String

    public init(uid: String, nodeName: String) {
        self.uid = uid
        self.nodeName = nodeName
    }

    init(_ body: RawSpan) throws(KubeDecodingError) {
        let metadata = try ObjectMetadata(body, try PartialMetadata.metadataRange(body), KubeDecodingOptions())
        guard !metadata.uid.isEmpty else { throw KubeDecodingError("a pod without a uid") }
        uid = metadata.uid
        nodeName = unsafe try unpack(body, kube__pod__unpack) { (message) throws(KubeDecodingError) in
            guard let spec = unsafe message.pointee.spec else { return "" }
            return try unsafe spec.pointee.node_name.text("spec.nodeName")
        }
    }
}
