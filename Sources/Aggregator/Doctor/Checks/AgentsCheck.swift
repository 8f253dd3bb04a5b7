// SPDX-License-Identifier: Apache-2.0
import Console
import Formats
import KubeAPI

/// Which nodes have an agent that reports: the cluster's nodes against those that figures are served for.
enum AgentsCheck {
    /// Nodes named in a line.
    static let mostNamed = 10
    private static let subject = "agents"

    static func run(_ context: DoctorContext) async -> [Finding] {
        do throws(KubeError) {
            let nodes: [PartialMetadata] = try await context.client.listAll(KubeResource(plural: "nodes"))
            let answer = try await context.client.look(
                at: "/apis/metrics.k8s.io/v1beta1/nodes", timeout: .seconds(10))
            guard answer.status == 200 else { return [unseen("HTTP \(answer.status)", answer.status)] }
            guard let served = names(answer.body) else { return [unseen("no list of nodes", 200)] }
            return [
                judge(
                    nodes: nodes.map(\.metadata.name), served: served, namespace: context.namespace,
                    account: context.configuration.agentServiceAccount)
            ]
        } catch {
            return [.failed(subject, error)]
        }
    }

    private static func unseen(_ found: String, _ status: Int) -> Finding {
        .warn(
            subject, "cannot be seen: \(found)",
            fix: [
                status == 403
                    ? "let this account list nodes of metrics.k8s.io: kubectl apply -f \(Manifests.rights)"
                    : "see the lines \"call\" above"
            ])
    }

    /// Names of a NodeMetricsList in JSON.
    static func names(_ body: [UInt8]) -> Set<String>? {
        guard case .array(let items) = JSONValue(parsing: body)?["items"] else { return nil }
        return Set(items.compactMap { $0["metadata"]?["name"]?.text })
    }

    static func judge(nodes: [String], served: Set<String>, namespace: String, account: String) -> Finding {
        let missing = nodes.filter { !served.contains($0) }.sorted()
        let found = "\(nodes.count - missing.count) of \(nodes.count) nodes report"
        if nodes.isEmpty { return .warn(subject, "the cluster has no nodes", fix: []) }
        if missing.isEmpty { return .ok(subject, found) }
        let more = missing.count > mostNamed ? " and \(missing.count - mostNamed) more" : ""
        let named = "\(found); not: \(missing.prefix(mostNamed).joined(separator: ", "))\(more)"
        let pods = "kubectl -n \(namespace) get pods -o wide -l app.kubernetes.io/component=agent"
        let fix = [
            "is an agent running there? \(pods); none at all: \(Manifests.all); a taint: add its toleration to the DaemonSet",
            "does it reach the push port? its log says it (DNS, NetworkPolicy, TCP 4444): kubectl -n \(namespace) logs POD",
            "is its token refused? the aggregator's log names the node and why (the audience, the ServiceAccount "
                + "\(account), the node's name)",
            "nodes that run no DaemonSet (virtual kubelets, Windows) cannot report",
        ]
        return missing.count == nodes.count ? .fail(subject, named, fix: fix) : .warn(subject, named, fix: fix)
    }
}
