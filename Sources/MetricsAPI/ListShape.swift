// SPDX-License-Identifier: Apache-2.0

/// What a list is turned into on the way out.
enum ListShape: Sendable {
    case json
    case protobuf
    /// `meta`: the version of meta.k8s.io, v1 or v1beta1.
    case table(meta: String, MetricsEncoder.RowObject)
    case partialObjects(meta: String)
    case partialObjectsProtobuf(meta: String)

    /// The member that the rows are in.
    var listName: String {
        if case .table = self { return "rows" }
        return "items"
    }
}

/// How JSON is laid out.
enum JSONLayout: Sendable {
    case compact, indented, yaml

    init(_ format: Format) {
        self = format.media == .yaml ? .yaml : format.pretty ? .indented : .compact
    }
}
