// SPDX-License-Identifier: Apache-2.0
import MetricsAPI
import NIOCore
import NIOEmbedded
import NIOHTTP1

@testable import Aggregator

/// Nodes and pods a test makes up.
struct FixedSource: MetricsSource {
    var nodeList: [NodeFigures] = []
    var podList: [PodFigures] = []

    func nodes(_ selection: Selection) -> FiguresList {
        var list = FiguresList(.nodes)
        for node in nodeList where selection.matches(ObjectIdentity(name: node.name, labels: node.labels)) {
            list.append(node)
        }
        return list
    }

    func node(named name: String) -> Lookup<FiguresList> {
        if let node = nodeList.first(where: { $0.name == name }) { return .found(FiguresList(node)) }
        return .unknown
    }

    func pods(_ selection: Selection) -> FiguresList {
        var list = FiguresList(.pods)
        for pod in podList
        where selection.matches(ObjectIdentity(namespace: pod.namespace, name: pod.name, labels: pod.labels)) {
            list.append(pod)
        }
        return list
    }

    func pod(namespace: String, name: String) -> Lookup<FiguresList> {
        if let pod = podList.first(where: { $0.namespace == namespace && $0.name == name }) {
            return .found(FiguresList(pod))
        }
        return .unknown
    }

    func size(of kind: FiguresList.Kind, _ selection: Selection) -> Int {
        kind == .nodes ? nodeList.count : podList.count
    }
}

extension RequestRouter {
    static let userToken = "the user's token"

    static func test(
        source: any MetricsSource & Sendable = FixedSource(),
        live: [HealthCheck] = [HealthCheck(name: "ping") { nil }],
        ready: [HealthCheck] = [HealthCheck(name: "ping") { nil }, HealthCheck(name: "agents") { "none yet" }],
        authenticator: (any RequestAuthenticator)? = nil, authorizer: (any RequestAuthorizer)? = nil,
        store: SampleStore = SampleStore(),
        ingest: IngestMetrics = IngestMetrics(), watches: WatchHub? = nil,
        limits: Admission.Limits = Admission.Limits()
    ) -> RequestRouter {
        let access = StaticRequestAccess(token: Array(userToken.utf8))
        let metrics = ServerMetrics(limits: limits)
        return RequestRouter(
            authenticator: authenticator ?? access, authorizer: authorizer ?? access,
            alwaysAllowed: .probes, health: HealthChecks(live: live, ready: ready),
            metricsPage: MetricsPage(ingest: ingest, server: metrics, store: store, watches: watches?.metrics),
            api: MetricsAPIHandler(
                watches: watches,
                versionInfo: VersionInfo(major: "1", minor: "2", gitVersion: "v1.2.3", platform: "linux/amd64")),
            source: source, metrics: metrics)
    }

    /// What a request is answered, without a server.
    /// - Parameter token: shown as a bearer token; nil shows none.
    func ask(_ path: String, method: String = "GET", query: String? = nil, token: String? = userToken) throws
        -> APIResponse
    {
        let request = APIRequest(method: method, path: path, query: query)
        let credentials = RequestCredentials(headers: token.map { ["Authorization": "Bearer \($0)"] } ?? [:])
        return try respond(
            to: request, credentials: credentials, life: RequestLife(), on: EmbeddedEventLoop()
        ).wait()
    }
}

extension APIResponse {
    var text: String { String(decoding: body.collected(), as: UTF8.self) }
}

extension NodeFigures {
    static func test(_ name: String = "n1", atUnixNanoseconds time: Int64) -> NodeFigures {
        NodeFigures(
            name: name, timestampUnixNanoseconds: time, windowNanoseconds: 15_000_000_000,
            usage: ResourceUsage(cpuNanocores: 250_000_000, memoryBytes: 1 << 20))
    }
}
