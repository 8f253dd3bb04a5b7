// SPDX-License-Identifier: Apache-2.0
import Formats

/// What a client may ask for, and the documents that say so.
struct DiscoveredResource {
    var name: String
    var kind: String
    var namespaced: Bool
    var singular = ""
    var shortNames: [String] = []
    var verbs = ["get", "list"]

    static let metrics = [
        DiscoveredResource(name: "nodes", kind: "NodeMetrics", namespaced: false),
        DiscoveredResource(name: "pods", kind: "PodMetrics", namespaced: true),
    ]
}

/// A discovery document in both encodings.
struct DiscoveryDocument {
    var json: JSONValue
    var protobuf: (inout ByteWriter) -> Void
}
