// SPDX-License-Identifier: Apache-2.0
import Formats

/// One request on its way to an answer. Checks come in the order of the peer's: path, method, Accept, options, object.
struct Exchange {
    let handler: MetricsAPIHandler
    let request: APIRequest
    let query: URLQuery
    let pretty: Bool
    let now: Int64

    /// - Parameter observe: told of the figures in a single object's answer.
    func prepare(from source: some MetricsSource, _ observe: (FiguresList) -> Void) throws(Status) -> PreparedAnswer {
        guard let path = PercentEncoding.decode(self.request.path.utf8, plusIsSpace: false) else {
            throw .badRequest("the path has a malformed percent escape; write % as %25")
        }
        let route = Route(path: path, hasCore: self.handler.coreStub != nil)
        switch route {
        case .nowhere: return .answer(self.index(status: 404))
        case .noSuchEndpoint: throw .noSuchEndpoint
        default: break
        }
        guard self.request.method == "GET" else { throw .methodNotAllowed }

        switch route {
        case .nodes(let version): return try self.collection(.nodes, in: nil, version)
        case .pods(let version, let namespace): return try self.collection(.pods, in: namespace, version)
        case .watch(let version, let kind, let namespace, let name):
            return .answer(try self.watch(kind, namespace: namespace, name: name, version))
        default: return .answer(try self.answer(route, from: source, observe))
        }
    }

    private func answer(
        _ route: Route, from source: some MetricsSource, _ observe: (FiguresList) -> Void
    ) throws(Status) -> APIResponse {
        switch route {
        case .nowhere, .noSuchEndpoint, .nodes, .pods, .watch: throw .noSuchEndpoint
        case .index: return self.index(status: 200)
        case .version: return self.version()
        case .groups:
            return try self.discovery(
                LegacyDiscovery.groupList(serverAddress: self.handler.serverAddress),
                aggregated: AggregatedDiscovery.metrics(self.resources))
        case .group: return try self.discovery(LegacyDiscovery.metricsGroup())
        case .resources(let version):
            return try self.discovery(
                LegacyDiscovery.resources(self.resources, groupVersion: version.groupVersion))
        case .node(let version, let name):
            let format = try self.getRequest()
            switch source.node(named: name) {
            case .found(let list): return try self.single(list, version, format, observe)
            case .withoutMetrics: throw .notFound(group: MetricsVersion.group, kind: "nodemetrics", name: name)
            // "node", not "nodes": the peer's lister words it so.
            case .unknown: throw .notFound(kind: "node", name: name)
            }
        case .pod(let version, let namespace, let name):
            let format = try self.getRequest()
            switch source.pod(namespace: namespace, name: name) {
            case .found(let list): return try self.single(list, version, format, observe)
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

    /// Format and options of a list, or of a watch where those are served.
    func listRequest(resource: String, group: String) throws(Status) -> (Format, ListOptions) {
        let plain = MediaType.allCases.map(\.name)
        let isWatch = ListOptions.flag(self.query["watch"]) ?? false
        let format = try self.format(.objects, available: plain + WatchFormat.streams, allowingStreams: isWatch)
        let options = try ListOptions(self.query)
        if options.watch, self.handler.watches == nil {
            throw .watchNotSupported(group: group, resource: resource)
        }
        return (format, options)
    }

    func getRequest() throws(Status) -> Format {
        let format = try self.format(.objects, available: MediaType.allCases.map(\.name))
        if ListOptions.flag(self.query["export"]) ?? false {
            throw .badRequest("the export parameter, deprecated since v1.14, is no longer supported")
        }
        return format
    }

    func format(
        _ transformable: Transformable, available: [String], allowingStreams: Bool = false
    ) throws(Status) -> Format {
        guard Negotiation.names(anyServedTypeIn: self.request.accept) else {
            throw .routerNotAcceptable(available: available)
        }
        guard
            let format = Negotiation.format(
                accept: self.request.accept, pretty: self.pretty, allowing: transformable,
                allowingStreams: allowingStreams)
        else { throw .noAcceptableType }
        return format
    }

    // MARK: Metrics

    /// All objects of a kind that are selected: a list, or a watch.
    private func collection(
        _ kind: FiguresList.Kind, in namespace: String?, _ version: MetricsVersion
    ) throws(Status) -> PreparedAnswer {
        let (format, options) = try self.listRequest(resource: kind.resource, group: MetricsVersion.group)
        try options.checkMetadataFieldsOnly()
        let selection = options.selection(in: namespace)
        return options.watch
            ? .answer(try self.watch(kind, selection, version, format))
            : .list(try self.list(kind, selection, version, format))
    }

    private func list(
        _ kind: FiguresList.Kind, _ selection: Selection, _ version: MetricsVersion, _ format: Format
    ) throws(Status) -> ListRequest {
        var rowObject = MetricsEncoder.RowObject.none
        switch format.transform {
        case .partialObject:
            throw .notAcceptable(
                "you requested PartialObjectMetadata, but the requested object is a list "
                    + "(*metrics.\(kind.objectKind)List)")
        case .table: rowObject = try MetricsEncoder.RowObject(self.query)
        case nil, .partialObjectList, .aggregatedDiscovery: break
        }
        let key = [
            kind.objectKind, selection.namespace ?? "", self.query["labelSelector"] ?? "",
            self.query["fieldSelector"] ?? "",
        ]
        return ListRequest(
            kind: kind, selection: selection, key: key.joined(separator: "\0"), version: version, format: format,
            rowObject: rowObject, watches: self.watchesAfterList)
    }

    private func single(
        _ list: FiguresList, _ version: MetricsVersion, _ format: Format, _ observe: (FiguresList) -> Void
    ) throws(Status) -> APIResponse {
        var encoder = MetricsEncoder(list, version: version, nowUnixNanoseconds: self.now)
        var out = ByteWriter()
        switch format.transform {
        case .partialObjectList:
            throw .notAcceptable(
                "you requested PartialObjectMetadataList, but the requested object is not a list "
                    + "(*metrics.\(encoder.kind))")
        case .table(let meta):
            let rowObject = try MetricsEncoder.RowObject(self.query)
            observe(list)
            return Self.response(ListStream(encoder, .table(meta: meta, rowObject), JSONLayout(format)), format)
        case .partialObject(let meta) where format.media == .protobuf:
            out.kubernetesEnvelope(apiVersion: "meta.k8s.io/\(meta)", kind: "PartialObjectMetadata") { out in
                encoder.partialObjectProtobuf(0, to: &out)
            }
        case .partialObject(let meta): encoder.partialObject(0, meta: meta, to: &out)
        case nil, .aggregatedDiscovery:
            if format.media == .protobuf {
                out.kubernetesEnvelope(apiVersion: version.groupVersion, kind: encoder.kind) { out in
                    encoder.protobuf(0, to: &out)
                }
            } else {
                encoder.json(single: 0, to: &out)
            }
        }
        observe(list)
        return Self.response(out, format)
    }

    static func response(_ stream: ListStream, _ format: Format) -> APIResponse {
        APIResponse(contentType: format.media.name, headers: [APIResponse.uncached], stream: stream)
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
