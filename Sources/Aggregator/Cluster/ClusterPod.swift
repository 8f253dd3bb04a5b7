// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import MetricsAPI

/// What we know of a running pod: enough to name it and to select it.
struct ClusterPod: Equatable, Sendable {
    /// Kubelet names the cgroups of a pod from a file after this hash; what the API server lists is its mirror, with a uid
    /// of its own (kubernetes.io/docs/reference/labels-annotations-taints).
    static let configHash = "kubernetes.io/config.hash"

    var namespace: String
    var name: String
    var uid: String
    var labels: Labels
    /// The uid that the pod's cgroups carry.
    var cgroupUID: String

    init(namespace: String, name: String, uid: String, labels: Labels, configHash: String? = nil) {
        self.namespace = namespace
        self.name = name
        self.uid = uid
        self.labels = labels
        cgroupUID = configHash.flatMap { $0.isEmpty ? nil : $0 } ?? uid
    }

    init(_ pod: ListedPod) {
        let identity = pod.identity
        self.init(
            namespace: identity.namespace, name: identity.name, uid: identity.uid, labels: identity.labels,
            configHash: pod.wanted.uid.text)
    }

    init(_ metadata: ObjectMetadata) {
        self.init(
            namespace: metadata.namespace, name: metadata.name, uid: metadata.uid, labels: Labels(metadata.labels),
            configHash: metadata.annotation(Self.configHash))
    }
}

extension Labels {
    init(_ pairs: [ObjectMetadata.Pair]) {
        // A label key stands once; of a broken object the last one counts, as in a Go map.
        self.init(Dictionary(pairs.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 }))
    }
}
