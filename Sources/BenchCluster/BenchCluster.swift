// SPDX-License-Identifier: Apache-2.0
import Glibc
import KubeAPI
import KubeTestSupport

/// The server with all that it serves.
struct BenchCluster {
    private let directory: String
    private let pods: ClusterPods
    private let server: FakeAPIServer
    private let podCollection: PagedCollection
    /// Where agents get the aggregator's CA from.
    private let authority: FakeObject
    private var replaced: ReplacedPodsFile

    /// A run that is forgotten ends by itself.
    private static let longest: Duration = .seconds(7_200)
    private static let agentUser = "system:serviceaccount:\(ClusterAccess.namespace):metrics-push-agent"
    /// Who asks the aggregator, through the API server.
    private static let users = [
        "system:serviceaccount:kube-system:horizontal-pod-autoscaler", "system:kube-controller-manager", "jane",
    ]

    init(_ pods: ClusterPods, directory: String) async throws {
        self.pods = pods
        self.directory = directory
        replaced = try ReplacedPodsFile(path: "\(directory)/replaced-pods")
        let access = try ClusterAccess()
        let server = try await FakeAPIServer(context: access.serverContext())
        self.server = server
        let core = "/api/v1/namespaces/\(ClusterAccess.namespace)"
        podCollection = PagedCollection(server, path: "/api/v1/pods", count: pods.count) { pods.metadata($0) }
        let nodes = pods.nodes
        _ = PagedCollection(server, path: "/api/v1/nodes", count: nodes.count) { Self.node(nodes[$0], number: $0) }
        let published = access.published
        _ = PagedCollection(server, path: "\(core)/configmaps", kind: "ConfigMap", count: 1) { _ in
            KubeProto.configMap(
                KubeProto.metadata("extension-apiserver-authentication", namespace: ClusterAccess.namespace), published)
        }
        _ = FakeObject(server, kind: "Secret", collection: "\(core)/secrets", name: "metrics-push-ca")
        authority = FakeObject(server, kind: "ConfigMap", collection: "\(core)/configmaps", name: "metrics-push-ca")
        for version in ["v1beta1", "v1"] {
            _ = FakeAPIService(
                server, name: "\(version).metrics.k8s.io", namespace: ClusterAccess.namespace, service: "metrics-push")
        }
        try access.write(to: directory, server: server)
        try serveReviews()
        try writeDeployments()
        try OutputFile.write("\(directory)/ready", [])
    }

    private static func node(_ name: String, number: Int) -> KubeProto {
        KubeProto.metadata(
            name, namespace: "",
            labels: [
                "kubernetes.io/hostname": name, "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux",
                "node.kubernetes.io/instance-type": "standard-16",
                "topology.kubernetes.io/region": "region-1", "topology.kubernetes.io/zone": "zone-\(number % 3)",
            ])
    }

    /// Tokens as a server since 1.30 reviews them: it says which node they are bound to.
    private func serveReviews() throws {
        let reviews = FakeReviews(server)
        for user in Self.users { reviews.allow(user) }
        let tokens = "\(directory)/tokens"
        guard mkdir(tokens, 0o700) == 0 else { throw BenchError("\(tokens): \(String(cString: strerror(errno)))") }
        let end = Int64(time(nil)) + 86_400
        for (number, node) in pods.nodes.enumerated() {
            let token = ClusterAccess.token(node: node, until: end)
            reviews.accept(
                token,
                KubeUser(
                    name: Self.agentUser, uid: "5c1be0a2-9d53-4e0a-8b21-9a4f3c2e1d00",
                    groups: ["system:serviceaccounts", "system:authenticated"],
                    extra: ["authentication.kubernetes.io/node-name": [node]]), audiences: ["metrics-push"])
            try OutputFile.write("\(tokens)/\(number)", Array(token.utf8))
        }
    }

    private func writeDeployments() throws {
        let lines = pods.namespaces.flatMap { namespace in
            (0..<namespace.deployments).map {
                "\(namespace.name) app=\(ClusterPods.app(deployment: $0)) tier=\(ClusterPods.tier)\n"
            }
        }
        try OutputFile.write("\(directory)/deployments", Array(lines.joined().utf8))
    }

    mutating func run() async throws {
        var known: [UInt8]?
        let end = ContinuousClock.now + Self.longest
        while ContinuousClock.now < end {
            if let published = authority.data?["ca.crt"], published != known {
                try OutputFile.write("\(directory)/ca.crt", published)
                known = published
            }
            for line in try replaced.next() {
                guard let (old, new) = pods.replace(uid: line.uid, by: line.newName, uid: line.newUID) else {
                    throw BenchError("a pod was replaced that there is not: \(line.uid)")
                }
                podCollection.tell("DELETED", old)
                podCollection.tell("ADDED", new)
            }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw BenchError("nobody has ended this server within \(Self.longest)")
    }
}
