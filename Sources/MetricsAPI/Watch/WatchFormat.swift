// SPDX-License-Identifier: Apache-2.0

/// How a watch's events are written.
struct WatchFormat: Equatable {
    /// What an event's object is.
    enum Shape: Equatable {
        case object
        /// A Table of one row; `meta` is the version of meta.k8s.io.
        case table(meta: String, rowObject: MetricsEncoder.RowObject)
        case partialObject(meta: String)
    }

    /// Frames of a length and a message; otherwise one JSON document a line.
    var isProtobuf: Bool
    var shape: Shape
    var version: MetricsVersion

    /// As API servers say it: JSON is JSON, also when there is more than one document of it.
    var contentType: String { self.isProtobuf ? "\(MediaType.protobuf.name);stream=watch" : MediaType.json.name }

    /// What a watch can be asked for. There is no YAML among it.
    static let streams = [MediaType.json, .protobuf].map { "\($0.name);stream=watch" }

    /// - Parameter kind: of one object, for the wording of a refusal.
    init(_ format: Format, version: MetricsVersion, kind: String, query: URLQuery) throws(Status) {
        self.version = version
        switch format.media {
        case .json: self.isProtobuf = false
        case .protobuf: self.isProtobuf = true
        case .yaml:
            throw .notAcceptable(
                "only the following media types are accepted: \(Self.streams.joined(separator: ", "))")
        }
        switch format.transform {
        case nil, .aggregatedDiscovery: self.shape = .object
        case .table(let meta): self.shape = .table(meta: meta, rowObject: try MetricsEncoder.RowObject(query))
        case .partialObject(let meta): self.shape = .partialObject(meta: meta)
        case .partialObjectList:
            throw .notAcceptable(
                "you requested PartialObjectMetadataList, but the requested object is not a list (*metrics.\(kind))")
        }
    }
}
