// SPDX-License-Identifier: Apache-2.0

/// A list that was asked for properly: what to look up, and how to write what was found.
public struct ListRequest: Sendable {
    public let kind: FiguresList.Kind
    public let selection: Selection
    /// The same for all requests about the same objects.
    public let key: String
    let version: MetricsVersion
    let format: Format
    let rowObject: MetricsEncoder.RowObject
    /// Told of the list, for a watch that may go on from it; nil when that is not to be expected.
    let watches: (any WatchService)?

    /// Looks it up; may take a while.
    public func figures(from source: some MetricsSource) -> FiguresList {
        switch self.kind {
        case .nodes: source.nodes(self.selection)
        case .pods: source.pods(self.selection)
        }
    }

    /// How many objects are looked at, roughly.
    public func size(in source: some MetricsSource) -> Int { source.size(of: self.kind, self.selection) }

    /// The answer; its body is written while it is sent. A list in protobuf is measured before, which takes a while too.
    ///
    /// - Parameter resourceVersion: the moment before `list` was looked up, Unix µs; what came later may be missing from it.
    public func response(
        _ list: FiguresList, resourceVersion: UInt64, nowUnixNanoseconds: Int64
    ) -> APIResponse {
        self.watches?.served(FiguresSnapshot(list, version: resourceVersion), of: self.selection)
        let encoder = MetricsEncoder(list, version: self.version, nowUnixNanoseconds: nowUnixNanoseconds)
        let stream = ListStream(encoder, self.shape, JSONLayout(self.format), version: resourceVersion)
        return Exchange.response(stream, self.format)
    }

    private var shape: ListShape {
        switch self.format.transform {
        case .table(let meta): .table(meta: meta, self.rowObject)
        case .partialObjectList(let meta) where self.format.media == .protobuf: .partialObjectsProtobuf(meta: meta)
        case .partialObjectList(let meta): .partialObjects(meta: meta)
        case nil, .aggregatedDiscovery, .partialObject: self.format.media == .protobuf ? .protobuf : .json
        }
    }
}

/// How a request is to be answered.
public enum PreparedAnswer: Sendable {
    case answer(APIResponse)
    /// Needs figures of many objects: `figures(from:)`, then `response`.
    case list(ListRequest)
}
