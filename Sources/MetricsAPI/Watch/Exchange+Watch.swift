// SPDX-License-Identifier: Apache-2.0

extension Exchange {
    /// What discovery tells of.
    var resources: [DiscoveredResource] { DiscoveredResource.metrics(watched: self.handler.watches != nil) }

    /// Opens a watch whose options are checked.
    func watch(
        _ kind: FiguresList.Kind, _ selection: Selection, _ version: MetricsVersion, _ format: Format
    ) throws(Status) -> APIResponse {
        guard let watches = self.handler.watches else {
            throw .watchNotSupported(group: MetricsVersion.group, resource: kind.resource)
        }
        let request = WatchRequest(
            kind: kind, selection: selection, options: try WatchOptions(self.query, resource: kind.resource),
            format: try WatchFormat(format, version: version, kind: kind.objectKind, query: self.query))
        guard let stream = watches.open(request) else { throw .tooManyRequests(retryAfterSeconds: 1) }
        return APIResponse(contentType: request.contentType, headers: [APIResponse.uncached], stream: stream)
    }

    /// A watch by its path. Its options are checked as those of a list, unless they say watch too, as API servers do.
    func watch(
        _ kind: FiguresList.Kind, namespace: String?, name: String?, _ version: MetricsVersion
    ) throws(Status) -> APIResponse {
        guard self.handler.watches != nil else { throw .noSuchEndpoint }
        let format = try self.format(
            .objects, available: MediaType.allCases.map(\.name) + WatchFormat.streams, allowingStreams: true)
        let options = try ListOptions(self.query)
        try options.checkMetadataFieldsOnly()
        var selection = options.selection(in: namespace)
        if let name { selection.add(name: name) }
        return try self.watch(kind, selection, version, format)
    }

    /// What is to be told of a list that a watch may go on from. Who watches says so by the way he lists: in pages, or from a
    /// version; autoscalers and `kubectl top`, who ask all the time, do neither.
    var watchesAfterList: (any WatchService)? {
        self.query["limit"] != nil || self.query["resourceVersion"] != nil ? self.handler.watches : nil
    }
}

extension Selection {
    /// Narrows it down to one name.
    fileprivate mutating func add(name: String) {
        self.fields.terms.append(FieldSelector.Term(field: "metadata.name", value: name, negated: false))
    }
}
