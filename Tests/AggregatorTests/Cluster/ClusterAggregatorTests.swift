// SPDX-License-Identifier: Apache-2.0
import Calendar
import Console
import Formats
import KubeTestSupport
import MetricsAPI
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import Aggregator

@Suite("The whole aggregator in a cluster")
struct ClusterAggregatorTests {
    private static let pods = "/apis/metrics.k8s.io/v1beta1/pods"
    private static let jane = ["X-Remote-User: jane", "X-Remote-Group: dev"]

    /// One agent that has pushed two sweeps of one container, a second apart.
    /// - Parameters:
    ///   - skew: how far the node's clock is ahead of ours, s.
    ///   - name: the container's, as far as the agent knows it; it has been running for 50 s.
    private func push(_ rig: AggregatorRig, skew: Int64 = 0, name: String = "app") async throws -> BlockingAgent {
        let agent = try await rig.agent(token: "agent's token")
        try await agent {
            try $0.send(.hello(.test("n1", token: "agent's token")))
            _ = try $0.welcome()
        }
        var node = SimulatedNode()
        let ahead = LogLine.now() / 1_000_000_000 - SimulatedNode.bootUnix - 101 + skew
        node.clockAhead = ahead
        for (time, used) in [(100.0, 1.0), (101.0, 1.1)] {
            (node.cpuSeconds, node.memoryKiB) = (used, 2048)
            let frame = try node.frame(at: time) {
                $0.container(
                    0, .app(name, pod: "what the agent says", uid: "uid-web", startedAt: 50, ahead: ahead), at: time,
                    cpuSeconds: used, memoryKiB: 1024)
            }
            try await agent { try $0.send(frame) }
        }
        return agent
    }

    /// What Jane is shown of all pods, as soon as it is as expected, or in the end.
    private func listing(_ rig: AggregatorRig, until isSo: (String) -> Bool) async throws -> AggregatorRig.Answer {
        for _ in 0..<200 {
            let answer = try await rig.curl(Self.pods, as: .frontProxy, Self.jane)
            if isSo(answer.body) { return answer }
            try await Task.sleep(for: .milliseconds(20))
        }
        return try await rig.curl(Self.pods, as: .frontProxy, Self.jane)
    }

    private func exist(_ rig: AggregatorRig) {
        rig.cluster.nodes.set(KubeProto.metadata("n1", namespace: ""))
        rig.cluster.pods.set(KubeProto.metadata("web", namespace: "shop", uid: "uid-web"))
        rig.cluster.reviews.allow("jane")
    }

    @Test("agents' samples come to the API server's users under the API server's names, over verified TLS")
    func allTheWay() async throws {
        try await AggregatorRig.run { (rig) async throws in
            exist(rig)
            #expect(try await rig.serves())
            let agent = try await push(rig)
            let answer = try await listing(rig) { $0.contains("\"web\"") }
            #expect(answer.status == 200)
            let item = try #require(JSONValue(parsing: Array(answer.body.utf8))?["items"]?.first)
            #expect(item["metadata"]?["name"]?.text == "web")
            #expect(item["metadata"]?["namespace"]?.text == "shop")
            let usage = item["containers"]?.first?["usage"]
            #expect(usage?["cpu"]?.text == "100m" && usage?["memory"]?.text == "1Mi")
            // kubectl top node.
            let nodes = try await rig.curl("/apis/metrics.k8s.io/v1beta1/nodes", as: .frontProxy, Self.jane)
            #expect(nodes.body.contains("\"n1\""))
            // With every node reporting it is ready, and says so to a prober without credentials.
            #expect(try await rig.curl("/readyz").status == 200)
            // A pod that is gone is gone at once.
            await rig.cluster.pods.send(
                "DELETED", KubeProto.metadata("web", namespace: "shop", uid: "uid-web"))
            let later = try await listing(rig) { !$0.contains("\"web\"") }
            #expect(!later.body.contains("\"web\""))
            try await agent { $0.hangUp(politely: true) }
        }
    }

    @Test("a container that its agent cannot name is served under the name that the API server has for its id")
    func nameless() async throws {
        try await AggregatorRig.run { (rig) async throws in
            exist(rig)
            let pod = KubeProto.pod(
                KubeProto.metadata("web", namespace: "shop", uid: "uid-web"), containers: ["containerd://c1": "main"])
            rig.cluster.server.on("GET /api/v1/namespaces/shop/pods/web") { _ in
                .protobuf(KubeProto.envelope("v1", "Pod", pod))
            }
            #expect(try await rig.serves())
            _ = try await push(rig, name: "")
            let answer = try await listing(rig) { $0.contains("\"web\"") }
            let item = JSONValue(parsing: Array(answer.body.utf8))?["items"]?.first
            #expect(item?["containers"]?.first?["name"]?.text == "main")
            #expect(rig.cluster.server.requests(to: "/api/v1/namespaces/shop/pods/web").count == 1)
            let root = ["X-Remote-User: root", "X-Remote-Group: system:masters"]
            let page = try PrometheusPage(try await rig.curl("/metrics", as: .frontProxy, root).body)
            #expect(page["metrics_push_container_names_joined_total"] == 1)
            #expect(page["metrics_push_containers_without_name"] == 0)
        }
    }

    @Test("who is not the front proxy speaks for nobody else")
    func identities() async throws {
        try await AggregatorRig.run { (rig) async throws in
            exist(rig)
            #expect(try await rig.serves())
            #expect(try await eventually { !rig.log.lines(with: "front proxy configured").isEmpty })
            let root = ["X-Remote-User: root", "X-Remote-Group: system:masters"]
            let spoofed = try await rig.curl(Self.pods, as: .none, root)
            #expect(spoofed.status == 403)
            #expect(spoofed.body.contains("system:anonymous"))
            #expect(try await rig.curl(Self.pods, as: .unknown, root).status == 401)
            // A user's own certificate: the headers count for nothing.
            #expect(try await rig.curl(Self.pods, as: .user, root).status == 200)
            let joe = try await rig.curl(Self.pods, as: .frontProxy, ["X-Remote-User: joe"])
            #expect(joe.status == 403)
            #expect(joe.body.contains("no RBAC rule for joe"))
            #expect(try await rig.curl(Self.pods, as: .frontProxy, root).status == 200)
        }
    }

    @Test("a front proxy's CA that is rotated counts as soon as the API server publishes it")
    func rotatedProxy() async throws {
        try await AggregatorRig.run { (rig) async throws in
            exist(rig)
            #expect(try await rig.serves())
            #expect(try await eventually { !rig.log.lines(with: "front proxy configured").isEmpty })
            #expect(try await rig.curl(Self.pods, as: .frontProxy, Self.jane).status == 200)
            var data = AggregatorRig.authentication
            data["requestheader-client-ca-file"] = data["client-ca-file"]
            await rig.cluster.authentication.send(
                "MODIFIED",
                KubeProto.configMap(KubeProto.metadata("extension-apiserver-authentication", version: "99"), data))
            #expect(try await eventually { rig.log.lines(with: "front proxy configured").count == 2 })
            #expect(try await rig.curl(Self.pods, as: .frontProxy, Self.jane).status == 401)
        }
    }

    @Test("a review that fails is an error of ours, and the next one is asked again")
    func reviewsFail() async throws {
        try await AggregatorRig.run { (rig) async throws in
            exist(rig)
            #expect(try await rig.serves())
            #expect(try await eventually { !rig.log.lines(with: "front proxy configured").isEmpty })
            rig.cluster.reviews.fail(true)
            let answer = try await rig.curl(Self.pods, as: .frontProxy, Self.jane)
            #expect(answer.status == 500)
            #expect(answer.body.contains("etcd is away"))
            rig.cluster.reviews.fail(false)
            #expect(try await rig.curl(Self.pods, as: .frontProxy, Self.jane).status == 200)
        }
    }

    @Test("an API server that is away at the start is waited for, with the ports open and the reason in readiness")
    func away() async throws {
        try await AggregatorRig.run(isAway: true) { (rig) async throws in
            exist(rig)
            // A temporary certificate, which nobody can verify.
            #expect(try await rig.curl("/livez").status == 200)
            let ready = try await rig.curl("/readyz")
            #expect(ready.status == 500)
            for check in ["informer-sync", "front-proxy", "certificate"] {
                #expect(ready.body.contains("[-]\(check) failed"), "\(ready.body)")
            }
            #expect(try await rig.curl(Self.pods, as: .frontProxy, Self.jane).status == 401)
            #expect(try await eventually { rig.log.lines(with: "cannot").count >= 4 })
            try await rig.cluster.server.start()
            #expect(try await rig.serves())
            #expect(try await eventually { !rig.log.lines(with: "front proxy configured").isEmpty })
            #expect(try await rig.curl(Self.pods, as: .frontProxy, Self.jane).status == 200)
        }
    }

    @Test("a node whose clock is ten minutes off is served with our time", arguments: [600, -600])
    func skew(seconds: Int64) async throws {
        try await AggregatorRig.run { (rig) async throws in
            exist(rig)
            #expect(try await rig.serves())
            _ = try await push(rig, skew: seconds)
            #expect(try await eventually { !rig.log.lines(with: "the node's clock is off").isEmpty })
            let answer = try await listing(rig) { $0.contains("\"web\"") }
            let item = JSONValue(parsing: Array(answer.body.utf8))?["items"]?.first
            let text = try #require(item?["timestamp"]?.text)
            let now = LogLine.now() / 1_000_000_000
            let near = Set((now - 30...now + 2).map { UTCTime(unixSeconds: $0).rfc3339 })
            #expect(near.contains(text), "\(text)")
        }
    }

    /// Why an agent on n1 is refused.
    /// - Parameter node: the one that its token speaks for; nil: the API server does not know the token.
    private func refusal(_ rig: AggregatorRig, token: String, of node: String? = "n1") async throws -> Reject {
        let agent = try await rig.agent(token: token, node: node)
        return try await agent {
            try $0.send(.hello(.test("n1", token: token)))
            return try $0.refusal()
        }
    }

    @Test("an agent that lies about its node, or shows another's token, is refused")
    func liars() async throws {
        try await AggregatorRig.run { (rig) async throws in
            #expect(try await rig.serves())
            #expect(try await refusal(rig, token: "t2", of: "n2").code == .wrongNode)
            let refusal = try await refusal(rig, token: "t3", of: nil)
            #expect(refusal.code == .unauthenticated)
            #expect(refusal.reason.contains("unknown token"))
        }
    }

    @Test("an agent whose token cannot be reviewed is told to come again")
    func agentReviewFails() async throws {
        try await AggregatorRig.run { (rig) async throws in
            #expect(try await rig.serves())
            rig.cluster.reviews.fail(true)
            let refusal = try await refusal(rig, token: "t")
            #expect(refusal.code == .overloaded)
            #expect(refusal.reason.contains("etcd is away"))
        }
    }

    @Test("a shutdown waits while readiness fails, then ends sessions and connections, and is no trouble")
    func shutdown() async throws {
        // Longer than this machine holds up the question that must come meanwhile.
        try await AggregatorRig.run(shutdownDelay: .seconds(5)) { (rig) async throws in
            exist(rig)
            #expect(try await rig.serves())
            let agent = try await push(rig)
            let down = Task { try await rig.shutDown() }
            #expect(try await eventually { !rig.log.lines(with: "shutting down").isEmpty })
            let ready = try await rig.curl("/readyz")
            #expect(ready.status == 500)
            #expect(ready.body.contains("[-]shutdown failed: shutting down"))
            try await down.value
            #expect(try await agent { try $0.refusal().code } == .shuttingDown)
            #expect(try await rig.curl("/livez").exit != 0)
            #expect(rig.log.lines(with: "warning").isEmpty, "\(rig.log.lines(with: "warning"))")
        }
    }

    @Test("a certificate of somebody else's is served as it is, and none of ours is made")
    func ownCertificate() async throws {
        let directory = TemporaryDirectory()
        let files = TestPKI.shared.writeServer(to: directory)
        try await AggregatorRig.run(certificate: (files.certificate, files.key)) { (rig) async throws in
            #expect(try await eventually { !rig.log.lines(with: "serving the certificate of a file").isEmpty })
            #expect(try await rig.curl("/livez").status == 200)
            #expect(rig.cluster.secret.writes.isEmpty && rig.cluster.configMap.writes.isEmpty)
        }
    }

    @Test("what keeps it from starting is said in words for the operator")
    func cannotStart() async throws {
        var configuration = ClusterConfiguration(
            common: AggregatorConfiguration(bindAddress: "127.0.0.1", securePort: 0, pushPort: 0))
        func failure() async -> String? {
            do {
                try await ClusterAggregator(configuration: configuration, logger: LogCapture().logger).serve()
                return nil
            } catch {
                return "\(error)"
            }
        }
        #expect(await failure()?.contains("or serve without a cluster with --standalone") == true)
        configuration.kubeconfig = "/does/not/exist"
        #expect(await failure()?.contains("/does/not/exist") == true)

        let cluster = try await FakeCluster()
        let directory = TemporaryDirectory()
        configuration.kubeconfig = directory.write("kubeconfig", AggregatorRig.kubeconfig(cluster.server))
        configuration.authentication.clientCAFile = "/no/ca"
        #expect(await failure()?.contains("/no/ca") == true)
        configuration.authentication.clientCAFile = nil
        configuration.agentClientCAFile = "/no/agents/ca"
        #expect(await failure()?.contains("/no/agents/ca") == true)
        configuration.agentClientCAFile = nil
        (configuration.certificateFile, configuration.keyFile) = ("/no/certificate", "/no/key")
        #expect(await failure()?.contains("/no/") == true)
        (configuration.certificateFile, configuration.keyFile) = (nil, nil)
        configuration.common.securePort = cluster.server.port
        let text = await failure()
        #expect(text?.contains("\(cluster.server.port): the port is in use; choose another with --secure-port") == true)
        await cluster.close()
    }
}

extension JSONValue {
    /// The first of an array's.
    fileprivate var first: JSONValue? {
        guard case .array(let items) = self else { return nil }
        return items.first
    }
}
