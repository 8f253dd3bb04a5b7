// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI
import KubeTestSupport
import Logging
import NIOCore
import NIOPosix
import TLS
import TLSTestSupport
import Wire

@testable import Aggregator

/// A fake API server and a fake replica that are all well; tests break one thing each.
final class HealthyCluster: Sendable {
    static let account = "system:serviceaccount:kube-system:metrics-push-aggregator"
    static let now = LogLine.now() / 1_000_000_000

    let api: FakeAPIServer
    let replica: FakeAPIServer
    let push: FakeAPIServer
    let files: ClusterFiles
    let authority: CertificateAuthority
    let frontProxyCA: CertificateAuthority

    init() async throws {
        authority = try CertificateAuthority.create(commonName: "metrics-push", validFor: .seconds(365 * 86_400))
        frontProxyCA = try CertificateAuthority.create(commonName: "front proxy", validFor: .seconds(365 * 86_400))
        files = ClusterFiles()
        api = try await FakeAPIServer()
        let names = ["metrics-push.kube-system.svc", "metrics-push-ingest.kube-system.svc"]
        let identity = try Self.identity(authority, names)
        replica = try await FakeAPIServer(context: .server(identity: identity, alpn: ["h2", "http/1.1"]))
        push = try await FakeAPIServer(
            context: .server(identity: identity, alpn: [PushProtocol.alpn], requiresALPN: true))
        replica.on("GET /readyz") { _ in Self.text(200, "[+]ping ok\n[+]front-proxy ok\nreadyz check passed\n") }
        serveReviews()
        serveObjects()
        serveMetrics()
    }

    static func identity(_ authority: CertificateAuthority, _ names: [String]) throws -> TLSIdentity {
        let issued = try authority.issue(
            .init(commonName: "aggregator", dnsNames: names, usage: .server, validFor: .seconds(3600)))
        return try TLSIdentity(certificatePEM: issued.certificatePEM, keyPEM: issued.keyPEM)
    }

    // MARK: What the API server says

    private func serveReviews() {
        api.on("GET /version") { _ in .json(200, #"{"gitVersion":"v1.31.0"}"#, ["date": Self.date(Self.now)]) }
        api.on("POST /apis/authentication.k8s.io/v1/tokenreviews") { _ in
            let status = KubeProto().number(1, 1).message(2, KubeProto().text(1, Self.account))
            return .protobuf(
                KubeProto.envelope("authentication.k8s.io/v1", "TokenReview", KubeProto().message(3, status)))
        }
        refuseRights { _ in false }
    }

    /// - Parameter isRefused: is given the review as text, in which the parts of the right stand.
    func refuseRights(_ isRefused: @escaping @Sendable (String) -> Bool) {
        api.on("POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews") { request in
            let text = String(decoding: request.body, as: UTF8.self)
            let status = KubeProto().number(1, isRefused(text) ? 0 : 1)
            return .protobuf(
                KubeProto.envelope("authorization.k8s.io/v1", "SelfSubjectAccessReview", KubeProto().message(3, status))
            )
        }
    }

    private func serveObjects() {
        publish([:])
        serveAuthority(AuthoritySet(current: authority))
        for version in ["v1", "v1beta1"] { serveAPIService(version) }
        serveEndpoints("metrics-push", port: replica.port)
        serveEndpoints("metrics-push-ingest", port: push.port)
        serveNodes(["node-1", "node-2"])
    }

    /// The API server's own ConfigMap; an empty text takes a key away.
    func publish(_ changes: [String: String]) {
        let data = [
            "client-ca-file": String(decoding: authority.certificatePEM, as: UTF8.self),
            "requestheader-client-ca-file": String(decoding: frontProxyCA.certificatePEM, as: UTF8.self),
            "requestheader-allowed-names": #"["front-proxy-client"]"#,
            "requestheader-username-headers": #"["X-Remote-User"]"#,
            "requestheader-group-headers": #"["X-Remote-Group"]"#,
            "requestheader-extra-headers-prefix": #"["X-Remote-Extra-"]"#,
        ].merging(changes) { $1 }.filter { !$0.value.isEmpty }
        serve("configmaps/extension-apiserver-authentication", "ConfigMap", KubeProto.configMap(meta, data))
    }

    func serveAuthority(_ set: AuthoritySet, published: [UInt8]? = nil) {
        serve(
            "secrets/metrics-push-ca", "Secret",
            set.data.sorted { $0.key < $1.key }.reduce(KubeProto().message(1, meta)) { secret, entry in
                secret.message(2, KubeProto().text(1, entry.key).raw(2, entry.value))
            })
        let bundle = String(decoding: published ?? set.bundlePEM, as: UTF8.self)
        serve("configmaps/metrics-push-ca", "ConfigMap", KubeProto.configMap(meta, ["ca.crt": bundle]))
    }

    func serveAPIService(
        _ version: String, service: String = "metrics-push", bundle: [UInt8]? = nil, skipsVerification: Bool = false,
        condition: (status: String, reason: String, message: String) = ("True", "Passed", "all checks passed")
    ) {
        let spec = KubeProto().message(1, KubeProto().text(1, "kube-system").text(2, service).number(3, 443))
            .number(4, skipsVerification ? 1 : 0).raw(5, bundle ?? authority.certificatePEM)
        let available = KubeProto().text(1, "Available").text(2, condition.status).text(4, condition.reason)
            .text(5, condition.message)
        let object = KubeProto().message(1, meta).message(2, spec).message(3, KubeProto().message(1, available))
        api.on("GET /apis/apiregistration.k8s.io/v1/apiservices/\(version).metrics.k8s.io") { _ in
            .protobuf(KubeProto.envelope("apiregistration.k8s.io/v1", "APIService", object))
        }
    }

    func serveEndpoints(_ name: String, port: Int, isReady: Bool = true, isEmpty: Bool = false) {
        let target = KubeProto().text(1, "Pod").text(3, "\(name)-0")
        let address = KubeProto().text(1, "127.0.0.1").message(2, target)
        let subset = KubeProto().message(isReady ? 1 : 2, address).message(3, KubeProto().number(2, UInt64(port)))
        let object = KubeProto().message(1, meta)
        serve("endpoints/\(name)", "Endpoints", isEmpty ? object : object.message(2, subset))
    }

    func serveNodes(_ names: [String]) {
        api.on("GET /api/v1/nodes") { _ in
            .protobuf(KubeProto.partialList(version: "7", names.map { KubeProto.metadata($0, namespace: "") }))
        }
    }

    /// What comes through the aggregation layer.
    private func serveMetrics() {
        for version in ["v1", "v1beta1"] {
            api.on("GET /apis/metrics.k8s.io/\(version)") { _ in .json(200, #"{"kind":"APIResourceList"}"#) }
        }
        serveReporting(["node-1", "node-2"])
    }

    func serveReporting(_ names: [String]) {
        let items = names.map { #"{"metadata":{"name":"\#($0)"}}"# }.joined(separator: ",")
        api.on("GET /apis/metrics.k8s.io/v1beta1/nodes") { _ in .json(200, #"{"items":[\#(items)]}"#) }
    }

    private var meta: KubeProto { KubeProto.metadata("it", namespace: "kube-system") }

    private func serve(_ path: String, _ kind: String, _ object: KubeProto) {
        api.on("GET /api/v1/namespaces/kube-system/\(path)") { _ in
            .protobuf(KubeProto.envelope("v1", kind, object))
        }
    }

    static func text(_ status: Int, _ body: String) -> FakeAPIServer.Reply {
        .answer(status: status, contentType: "text/plain", headers: [:], body: Array(body.utf8))
    }

    /// An HTTP date of today's year and time, by the C library.
    static func date(_ unixSeconds: Int64) -> String { HTTPDateText.of(unixSeconds) }

    // MARK: The doctor

    func findings(_ change: (inout ClusterConfiguration) -> Void = { _ in }) async throws -> [Finding] {
        var configuration = ClusterConfiguration.ofTests
        change(&configuration)
        let client = try client()
        let findings = await Doctor.findings(
            in: DoctorContext(
                configuration: configuration, client: client, server: api.url, namespace: "kube-system",
                group: .singletonMultiThreadedEventLoopGroup, now: { Self.now }))
        await client.shutdown()
        return findings
    }

    func client() throws -> KubeClient {
        KubeClient(
            configuration: try .inCluster(directory: files.directory.path, environment: files.environment(api)),
            group: MultiThreadedEventLoopGroup.singleton, userAgent: "doctor-tests",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// All but what is ok.
    func complaints(_ change: (inout ClusterConfiguration) -> Void = { _ in }) async throws -> [Finding] {
        try await findings(change).filter { $0.verdict != .ok }
    }

    func close() async {
        for server in [api, replica, push] { await server.stop() }
    }
}

extension ClusterConfiguration {
    /// As with no flags at all.
    static var ofTests: ClusterConfiguration {
        ClusterConfiguration(
            common: AggregatorConfiguration(
                bindAddress: "::", securePort: 0, pushPort: 0, store: StoreConfiguration(), shutdownDelay: .zero,
                logLevel: .error))
    }
}

extension FakeAPIServer.Reply {
    static func json(_ status: Int, _ body: String, _ headers: [String: String] = [:]) -> Self {
        .answer(status: status, contentType: "application/json", headers: headers, body: Array(body.utf8))
    }

    /// A Status as servers behind the aggregation layer send it.
    static func refusal(_ code: Int, _ message: String) -> Self {
        .json(code, #"{"kind":"Status","code":\#(code),"message":"\#(message)"}"#)
    }
}
