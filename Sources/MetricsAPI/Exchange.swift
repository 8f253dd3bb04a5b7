// SPDX-License-Identifier: Apache-2.0
import Formats

/// One request on its way to an answer. Checks come in the order of the peer's: path, method, Accept, options, object.
struct Exchange {
    let handler: MetricsAPIHandler
    let request: APIRequest
    let query: URLQuery
    let pretty: Bool
    let now: Int64

    func answer(from source: some MetricsSource, _ observe: (Int64) -> Void) throws(Status) -> APIResponse {
        guard let path = PercentEncoding.decode(self.request.path.utf8, plusIsSpace: false) else {
            throw .badRequest("the path has a malformed percent escape; write % as %25")
        }
        let route = Route(path: path, hasCore: self.handler.coreStub != nil)
        switch route {
        case .nowhere: return self.index(status: 404)
        case .noSuchEndpoint: throw .noSuchEndpoint
        default: break
        }
        guard self.request.method == "GET" else { throw .methodNotAllowed }

        switch route {
        case .nowhere, .noSuchEndpoint: throw .noSuchEndpoint
        case .index: return self.index(status: 200)
        case .version: return self.version()
        case .groups:
            return try self.discovery(
                LegacyDiscovery.groupList(serverAddress: self.handler.serverAddress),
                aggregated: AggregatedDiscovery.metrics)
        case .group: return try self.discovery(LegacyDiscovery.metricsGroup())
        case .resources(let version):
            return try self.discovery(
                LegacyDiscovery.resources(DiscoveredResource.metrics, groupVersion: version.groupVersion))
        case .nodes(let version):
            let (format, options) = try self.listRequest(resource: "nodes", group: MetricsVersion.group)
            try options.checkMetadataFieldsOnly()
            return try self.list(source.nodes(options.selection(in: nil)).nodeFigures, version, format, observe)
        case .pods(let version, let namespace):
            let (format, options) = try self.listRequest(resource: "pods", group: MetricsVersion.group)
            try options.checkMetadataFieldsOnly()
            return try self.list(
                source.pods(options.selection(in: namespace)).podFigures, version, format, observe)
        case .node(let version, let name):
            let format = try self.getRequest()
            switch source.node(named: name) {
            case .found(let list): return try self.single(list.nodeFigures[0], version, format, observe)
            case .withoutMetrics: throw .notFound(group: MetricsVersion.group, kind: "nodemetrics", name: name)
            // "node", not "nodes": the peer's lister words it so.
            case .unknown: throw .notFound(kind: "node", name: name)
            }
        case .pod(let version, let namespace, let name):
            let format = try self.getRequest()
            switch source.pod(namespace: namespace, name: name) {
            case .found(let list): return try self.single(list.podFigures[0], version, format, observe)
            case .withoutMetrics:
                throw .notFound(group: MetricsVersion.group, kind: "podmetrics", name: "\(namespace)/\(name)")
            case .unknown: throw .notFound(kind: "pods", name: name)
            }
        case .core(let core):
            guard let stub = self.handler.coreStub else { throw .noSuchEndpoint }
            return try self.core(core, stub)
        }
    }

    // MARK: Requests

    /// Format and options of a list; a watch is refused.
    func listRequest(resource: String, group: String) throws(Status) -> (Format, ListOptions) {
        let plain = MediaType.allCases.map(\.name)
        let streams = ["application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch"]
        let format = try self.format(.objects, available: plain + streams)
        let options = try ListOptions(self.query)
        if options.watch { throw .watchNotSupported(group: group, resource: resource) }
        return (format, options)
    }

    func getRequest() throws(Status) -> Format {
        let format = try self.format(.objects, available: MediaType.allCases.map(\.name))
        if ListOptions.flag(self.query["export"]) ?? false {
            throw .badRequest("the export parameter, deprecated since v1.14, is no longer supported")
        }
        return format
    }

    func format(_ transformable: Transformable, available: [String]) throws(Status) -> Format {
        guard Negotiation.names(anyServedTypeIn: self.request.accept) else {
            throw .routerNotAcceptable(available: available)
        }
        guard
            let format = Negotiation.format(
                accept: self.request.accept, pretty: self.pretty, allowing: transformable)
        else { throw .noAcceptableType }
        return format
    }

    // MARK: Metrics

    private func list<Item: MetricsItem>(
        _ items: [Item], _ version: MetricsVersion, _ format: Format, _ observe: (Int64) -> Void
    ) throws(Status) -> APIResponse {
        var encoder = MetricsEncoder(version: version, nowUnixNanoseconds: self.now)
        var out = ByteWriter()
        switch format.transform {
        case .partialObject:
            throw .notAcceptable(
                "you requested PartialObjectMetadata, but the requested object is a list (*metrics.\(Item.kind)List)")
        case .table(let meta):
            let rowObject = try MetricsEncoder.RowObject(self.query)
            encoder.table(items, meta: meta, rowObject: rowObject, to: &out)
        case .partialObjectList(let meta) where format.media == .protobuf:
            encoder.partialObjectListProtobuf(items, meta: meta, to: &out)
        case .partialObjectList(let meta): encoder.partialObjectList(items, meta: meta, to: &out)
        case nil, .aggregatedDiscovery:
            if format.media == .protobuf {
                encoder.protobuf(list: items, to: &out)
            } else {
                encoder.json(list: items, to: &out)
            }
        }
        for at in items.indices { observe(self.age(of: items[at])) }
        return Self.response(out, format)
    }

    private func single<Item: MetricsItem>(
        _ item: Item, _ version: MetricsVersion, _ format: Format, _ observe: (Int64) -> Void
    ) throws(Status) -> APIResponse {
        var encoder = MetricsEncoder(version: version, nowUnixNanoseconds: self.now)
        var out = ByteWriter()
        switch format.transform {
        case .partialObjectList:
            throw .notAcceptable(
                "you requested PartialObjectMetadataList, but the requested object is not a list "
                    + "(*metrics.\(Item.kind))")
        case .table(let meta):
            let rowObject = try MetricsEncoder.RowObject(self.query)
            encoder.table([item], meta: meta, rowObject: rowObject, to: &out)
        case .partialObject(let meta) where format.media == .protobuf:
            encoder.partialObjectProtobuf(item, meta: meta, to: &out)
        case .partialObject(let meta): encoder.partialObject(item, meta: meta, to: &out)
        case nil, .aggregatedDiscovery:
            if format.media == .protobuf {
                encoder.protobuf(single: item, to: &out)
            } else {
                encoder.json(single: item, to: &out)
            }
        }
        observe(self.age(of: item))
        return Self.response(out, format)
    }

    /// Nanoseconds since the item's timestamp; negative when the node's clock is ahead.
    private func age(of item: some MetricsItem) -> Int64 {
        let (age, overflow) = self.now.subtractingReportingOverflow(item.timestampUnixNanoseconds)
        return overflow ? (self.now > 0 ? .max : .min) : age
    }

    /// Compact JSON or protobuf goes out as it was written; for people it is laid out anew.
    static func response(_ written: consuming ByteWriter, _ format: Format) -> APIResponse {
        var out = written
        if format.media == .json && !format.pretty { out.byte(0x0a) }
        if format.media == .yaml || (format.media == .json && format.pretty),
            let tree = JSONValue(parsing: out.bytes)
        {
            out = ByteWriter()
            if format.media == .yaml { tree.writeYAML(to: &out) } else { tree.writeIndented(to: &out) }
        }
        return APIResponse(
            status: 200, contentType: format.media.name, headers: [APIResponse.uncached], body: out.bytes)
    }

    // MARK: Documents

    func discovery(
        _ document: DiscoveryDocument, aggregated group: AggregatedDiscovery.Group? = nil
    ) throws(Status) -> APIResponse {
        let format = try self.format(
            group == nil ? .nothing : .discovery, available: MediaType.allCases.map(\.name))
        guard let group, case .aggregatedDiscovery(let version) = format.transform else {
            return APIResponse(format: format, json: document.json, protobuf: document.protobuf)
        }
        let aggregated = AggregatedDiscovery.document(group, version: version)
        var response = APIResponse(
            format: format,
            contentType: "\(format.media.name);g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList",
            headers: [("Cache-Control", "public"), ("Vary", "Accept")],
            json: aggregated.json, protobuf: aggregated.protobuf)
        let tag = EntityTag.of(response.body.collected())
        response.headers.append(("ETag", tag))
        if EntityTag.matches(self.request.ifNoneMatch, tag) {
            response.status = 304
            response.body = .bytes([])
        }
        return response
    }

    private func version() -> APIResponse {
        let info = self.handler.versionInfo
        let json = JSONValue.members(
            ("major", .string(info.major)), ("minor", .string(info.minor)), ("gitVersion", .string(info.gitVersion)),
            ("gitCommit", .string(info.gitCommit)), ("gitTreeState", .string(info.gitTreeState)),
            ("buildDate", .string(info.buildDate)), ("goVersion", .string("")),
            ("compiler", .string(info.compiler)), ("platform", .string(info.platform)))
        return APIResponse(format: .indentedJSON, json: json) { _ in }
    }

    private func index(status: Int) -> APIResponse {
        APIResponse(
            status: status, format: .indentedJSON, json: .members(("paths", .strings(self.handler.indexPaths)))
        ) { _ in }
    }
}
