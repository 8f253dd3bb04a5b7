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

    /// - Parameter watched: whether they can be watched.
    static func metrics(watched: Bool) -> [DiscoveredResource] {
        let verbs = watched ? ["get", "list", "watch"] : ["get", "list"]
        return [
            DiscoveredResource(name: "nodes", kind: "NodeMetrics", namespaced: false, verbs: verbs),
            DiscoveredResource(name: "pods", kind: "PodMetrics", namespaced: true, verbs: verbs),
        ]
    }
}

/// A discovery document in both encodings.
struct DiscoveryDocument {
    var json: JSONValue
    var protobuf: (inout ByteWriter) -> Void
}
