// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI
import KubeTestSupport
import NIOCore
import NIOPosix
import TLS
import Testing

@testable import Aggregator

@Suite("The doctor, against an API server where one thing is wrong")
struct DoctorTests {
    /// Runs the doctor after a change; each of `expected` is `verdict subject` and words of the finding or its fix.
    private func expect(
        _ expected: [(line: String, words: String)], after change: (HealthyCluster) async throws -> Void,
        with flags: (inout ClusterConfiguration) -> Void = { _ in }, location: SourceLocation = #_sourceLocation
    ) async throws {
        let cluster = try await HealthyCluster()
        try await change(cluster)
        let complaints = try await cluster.complaints(flags)
        let lines = complaints.map { "\($0.verdict.rawValue) \($0.subject)" }
        #expect(lines == expected.map(\.line), sourceLocation: location)
        for (finding, words) in zip(complaints, expected.map(\.words)) {
            let text = ([finding.found] + finding.fix).joined(separator: "\n")
            #expect(text.contains(words), sourceLocation: location)
        }
        await cluster.close()
    }

    @Test("nothing is wrong with a healthy cluster, and nothing is changed in it")
    func healthy() async throws {
        let cluster = try await HealthyCluster()
        let findings = try await cluster.findings()
        #expect(findings.allSatisfy { $0.verdict == .ok && $0.fix.isEmpty })
        #expect(findings.contains(.ok("credentials", HealthyCluster.account)))
        #expect(findings.contains(.ok("agents", "2 of 2 nodes report")))
        let writes = cluster.api.requests.filter { $0.method != "GET" }.map(\.path)
        #expect(!writes.isEmpty && writes.allSatisfy { $0.hasSuffix("reviews") })
        // Our token is the API server's business only.
        #expect(cluster.replica.requests.allSatisfy { $0.token == nil })
        await cluster.close()
    }

    @Test("an API server that is away makes one failure, and the rest is not looked at")
    func away() async throws {
        let cluster = try await HealthyCluster()
        await cluster.api.stop()
        let findings = try await cluster.findings()
        #expect(findings.first?.verdict == .fail && findings.first?.subject == "API server")
        #expect(findings.count == 1 + DoctorCheck.others.count)
        #expect(findings.dropFirst().allSatisfy { $0.verdict == .warn && $0.found.hasPrefix("not looked at") })
        await cluster.close()
    }

    @Test("what does not answer is said, in time")
    func silent() async throws {
        let cluster = try await HealthyCluster()
        cluster.api.on("GET /api/v1/nodes") { _ in .silence }
        let slow = DoctorCheck(name: "slow") { context in
            await AgentsCheck.run(context)
        }
        let context = DoctorContext(
            configuration: .ofTests, client: try cluster.client(), server: "it", namespace: "kube-system",
            group: .singletonMultiThreadedEventLoopGroup, now: { HealthyCluster.now })
        let start = ContinuousClock.now
        let findings = await Doctor.findings(
            in: context, others: [slow], othersDeadline: .seconds(1))
        #expect(findings.last?.subject == "slow" && findings.last?.found == "no answer within 1 s")
        // Less than the deadline that it has without ours.
        #expect(ContinuousClock.now - start < .seconds(19))
        #expect(Doctor.firstDeadline + Doctor.othersDeadline < .seconds(30))
        await context.client.shutdown()
        await cluster.close()
    }

    @Test("the clock and the version of the API server")
    func clockAndVersion() async throws {
        try await expect([
            ("warn API server", "upgrade"), ("FAIL clock", "600 s behind"),
        ]) { cluster in
            cluster.api.on("GET /version") { _ in
                .json(
                    200, #"{"gitVersion":"v1.19.3"}"#, ["date": HealthyCluster.date(HealthyCluster.now + 600)])
            }
        }
    }

    @Test("a token that is not accepted")
    func token() async throws {
        try await expect([("FAIL credentials", "expired")]) { cluster in
            cluster.api.on("POST /apis/authentication.k8s.io/v1/tokenreviews") { _ in
                let status = KubeProto().number(1, 0).text(3, "it has expired")
                return .protobuf(
                    KubeProto.envelope("authentication.k8s.io/v1", "TokenReview", KubeProto().message(3, status)))
            }
        }
    }

    @Test("each missing right names the manifest, and only those that are needed fail")
    func rights() async throws {
        try await expect([
            ("FAIL rights: reviews", "may not create tokenreviews"), ("warn rights: this check", "--check"),
        ]) {
            $0.refuseRights { $0.contains("tokenreviews") || $0.contains("endpoints") }
        }
        try await expect([
            ("FAIL rights: nodes, pods", "aggregator-rbac.yaml"), ("FAIL rights: APIServices", "patch"),
        ]) { $0.refuseRights { $0.contains("pods") || $0.contains("patch") } }
    }

    @Test("each flag of the aggregation layer that is missing is named")
    func aggregationLayer() async throws {
        try await expect([("FAIL front proxy: CA", "--proxy-client-cert-file")]) {
            $0.publish(["requestheader-client-ca-file": ""])
        }
        try await expect([("FAIL front proxy: CA", "no certificate")]) {
            $0.publish(["requestheader-client-ca-file": "nonsense"])
        }
        try await expect([("warn front proxy: names", "--requestheader-allowed-names")]) {
            $0.publish(["requestheader-allowed-names": "[]"])
        }
        try await expect([("FAIL front proxy: names", "speak for all others")]) {
            $0.publish([
                "requestheader-allowed-names": "[]",
                "client-ca-file": String(decoding: $0.frontProxyCA.certificatePEM, as: UTF8.self),
            ])
        }
        try await expect([("FAIL front proxy: headers", "--requestheader-group-headers=X-Remote-Group")]) {
            $0.publish(["requestheader-group-headers": ""])
        }
        try await expect([("FAIL front proxy", "is not a JSON list")]) {
            $0.publish(["requestheader-allowed-names": "front-proxy-client"])
        }
        try await expect([("FAIL front proxy", "does not exist")]) {
            $0.api.on("GET /api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication") { _ in
                .status(404, "NotFound", "not found")
            }
        }
        try await expect([]) {
            $0.publish(["requestheader-group-headers": ""])
        } with: {
            $0.authentication.groupHeaders = ["X-Remote-Group"]
        }
    }

    @Test("an expired CA of the front proxy")
    func expired() async throws {
        let old = try CertificateAuthority.create(commonName: "old", validFor: .seconds(1))
        let pem = String(decoding: old.certificatePEM, as: UTF8.self)
        let later = old.notAfterUnixSeconds + 60
        let findings = AggregationLayerCheck.findings(
            ["requestheader-client-ca-file": pem, "requestheader-allowed-names": #"["a"]"#], .init(), now: later)
        #expect(findings.first?.verdict == .fail && findings.first?.found.contains("CN=old expired 20") == true)
        let soon = AggregationLayerCheck.findings(
            ["requestheader-client-ca-file": pem], .init(), now: old.notAfterUnixSeconds - 60)
        #expect(soon.first?.verdict == .warn)
    }

    @Test("a front proxy's certificate that the aggregator does not accept, or that is not shown")
    func frontProxyRefused() async throws {
        let calls = ["/v1", "/v1beta1", "/v1beta1/nodes"]
        try await expect(
            [
                ("FAIL call: v1beta1", "--requestheader-allowed-names"), ("FAIL call: v1", "front proxy refused"),
                ("FAIL call: v1beta1/nodes", "HTTP 401"), ("warn agents", "HTTP 401"),
            ]
        ) { cluster in
            for call in calls {
                cluster.api.on("GET /apis/metrics.k8s.io\(call)") { _ in .refusal(401, "Unauthorized") }
            }
        }
        try await expect([("FAIL call: v1beta1", "--proxy-client-cert-file")]) {
            $0.api.on("GET /apis/metrics.k8s.io/v1beta1") { _ in
                .refusal(403, #"forbidden: User \"system:anonymous\" cannot get path"#)
            }
        }
    }

    @Test("an account that may not list nodes is no failure, but then agents cannot be seen")
    func forbidden() async throws {
        try await expect([("warn agents", "aggregator-rbac.yaml")]) {
            $0.api.on("GET /apis/metrics.k8s.io/v1beta1/nodes") { _ in
                .refusal(403, #"nodes.metrics.k8s.io is forbidden: User \"jane\" cannot list resource"#)
            }
        }
    }

    @Test("APIServices that are missing, lead elsewhere, are not verified, or verified by another CA")
    func apiServices() async throws {
        try await expect([("FAIL call: v1", "apiservices.yaml"), ("FAIL APIService v1", "does not exist")]) {
            $0.api.on("GET /apis/apiregistration.k8s.io/v1/apiservices/v1.metrics.k8s.io") { _ in
                .status(404, "NotFound", "not found")
            }
            $0.api.on("GET /apis/metrics.k8s.io/v1") { _ in .refusal(404, "not found") }
        }
        try await expect([("FAIL APIService v1beta1", "leads to Service kube-system/metrics-server")]) {
            $0.serveAPIService("v1beta1", service: "metrics-server")
        }
        try await expect([("FAIL APIService v1: trust", "insecureSkipTLSVerify")]) {
            $0.serveAPIService("v1", bundle: [], skipsVerification: true)
        }
        try await expect([("FAIL APIService v1: trust", "caBundle is empty")]) {
            $0.serveAPIService("v1", bundle: [])
        }
        try await expect([("FAIL APIService v1: trust", "GitOps")]) {
            $0.serveAPIService("v1", bundle: ClusterFiles.certificateAuthority)
        }
        try await expect([("FAIL APIService v1: available", "--enable-aggregator-routing")]) {
            $0.serveAPIService(
                "v1",
                condition: (
                    "False", "FailedDiscoveryCheck", "Get \"https://10.96.0.9:443/apis\": connection refused"
                ))
        }
    }

    @Test("our Secret and ConfigMap: missing, empty, garbage, disagreeing, about to end")
    func authority() async throws {
        try await expect([("FAIL our CA: Secret", "does not exist"), ("warn our CA: ConfigMap", "cannot be compared")])
        {
            $0.api.on("GET /api/v1/namespaces/kube-system/secrets/metrics-push-ca") { _ in
                .status(404, "NotFound", "not found")
            }
        }
        let now = HealthyCluster.now
        #expect(AuthorityCheck.judge([:], now: now).0.found == "is empty")
        #expect(AuthorityCheck.judge(["ca.crt": [1], "ca.key": [2]], now: now).0.verdict == .fail)
        let set = AuthoritySet(current: try .create(commonName: "ours", validFor: .seconds(86_400)))
        #expect(AuthorityCheck.judge(set.data, now: now).0.verdict == .warn)
        #expect(AuthorityCheck.judge(set.data, now: now + 2 * 86_400).0.verdict == .fail)
        var renewed = set
        renewed.next = try .create(commonName: "next", validFor: .seconds(365 * 86_400))
        #expect(AuthorityCheck.judge(renewed.data, now: now).0.found.contains("its successor until"))
        #expect(AuthorityCheck.judge(set.bundlePEM, renewed, now: now).verdict == .fail)
        #expect(AuthorityCheck.judge(Array("nonsense".utf8), set, now: now).verdict == .fail)
    }

    @Test("replicas: none, not ready and why, behind a closed port, with another CA, with another protocol")
    func replicas() async throws {
        try await expect([("FAIL API replicas", "none behind Service")]) {
            $0.serveEndpoints("metrics-push", port: 1, isEmpty: true)
        }
        try await expect([
            ("FAIL API replicas", "0 of 1 ready"), ("FAIL API metrics-push-0", "informer-sync failed: wait"),
        ]) {
            $0.serveEndpoints("metrics-push", port: $0.replica.port, isReady: false)
            $0.replica.on("GET /readyz") { _ in
                HealthyCluster.text(500, "[+]ping ok\n[-]informer-sync failed: wait\nreadyz check failed\n")
            }
        }
        try await expect([("warn API metrics-push-0", "CN=x")]) {
            $0.replica.on("GET /readyz") { _ in
                HealthyCluster.text(200, "[+]front-proxy ok (refused CN=x, issued by CN=y: no)\nreadyz check passed\n")
            }
        }
        try await expect([("FAIL API metrics-push-0", "refused"), ("FAIL push metrics-push-ingest-0", "--push-port")]) {
            await $0.replica.stop()
            await $0.push.stop()
        }
        let other = try CertificateAuthority.create(commonName: "other", validFor: .seconds(3600))
        try await expect([
            ("FAIL API metrics-push-0", "within 20 s"), ("FAIL push metrics-push-ingest-0", "within 20 s"),
        ]) {
            let names = ["metrics-push.kube-system.svc", "metrics-push-ingest.kube-system.svc"]
            let identity = try HealthyCluster.identity(other, names)
            $0.replica.use(try .server(identity: identity))
            $0.push.use(try .server(identity: identity))
        }
        try await expect([("FAIL push metrics-push-ingest-0", "--push-port")]) {
            $0.serveEndpoints("metrics-push-ingest", port: $0.replica.port)
        }
    }

    @Test("a push replica that cannot be reached is no failure beside one that can")
    func ending() {
        let gone = ReplicasCheck.judge("push b", .failure(TLSError(.connectFailed, "refused")), "it")
        let good = ReplicasCheck.judge("push a", .success("metrics-push/1"), "it")
        let sum = Finding.ok("push replicas", "2 of 2")
        #expect(ReplicasCheck.excused([sum, good, gone]).map(\.verdict) == [.ok, .ok, .warn])
        #expect(ReplicasCheck.excused([sum, gone]).map(\.verdict) == [.ok, .fail])
        #expect(ReplicasCheck.judge("push", .failure(TLSError(.timedOut, "late")), "it").verdict == .warn)
    }

    @Test("nodes whose agents do not report, ten of them by name")
    func agents() async throws {
        try await expect([("warn agents", "1 of 2 nodes report; not: node-2")]) { $0.serveReporting(["node-1"]) }
        try await expect([("FAIL agents", "node-10, node-11")]) {
            $0.serveReporting([])
            $0.serveNodes((10..<30).map { "node-\($0)" })
        }
        let finding = AgentsCheck.judge(
            nodes: (10..<30).map { "n\($0)" }, served: ["n10"], namespace: "ns", account: "agent")
        #expect(finding.found.hasSuffix("n19, n20 and 9 more"))
        #expect(AgentsCheck.names(Array("[]".utf8)) == nil && AgentsCheck.names([]) == nil)
    }

    @Test("with a certificate of the operator's, our own CA is not asked for")
    func operatorsCertificate() async throws {
        try await expect([]) {
            for path in ["secrets", "configmaps"] {
                $0.api.on("GET /api/v1/namespaces/kube-system/\(path)/metrics-push-ca") { _ in
                    .status(404, "NotFound", "not found")
                }
            }
        } with: {
            $0.certificateFile = "/tls.crt"
            $0.keyFile = "/tls.key"
        }
    }
}
