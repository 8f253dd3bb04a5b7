// SPDX-License-Identifier: Apache-2.0
import KubeTestSupport
import Synchronization

/// The pods of a swarm's nodes, as an API server has them: each belongs to a deployment of its namespace.
final class ClusterPods: Sendable {
    /// Pods of a deployment, which lie on as many nodes.
    static let replicas = 10
    /// Every pod has it.
    static let tier = "backend"
    /// What kubelet and the controllers leave in a pod's metadata about who owns which field.
    private static let managedBytes = 2_000

    private struct Pod {
        let namespace: String
        /// Its number in the namespace.
        let deployment: Int
        var name: String
        var uid: String
    }

    private let pods: Mutex<[Pod]>
    private let indexes: Mutex<[String: Int]>
    let count: Int
    /// Names of the nodes, in the order of their numbers.
    let nodes: [String]
    /// Namespaces, and how many whole deployments each has.
    let namespaces: [(name: String, deployments: Int)]

    /// - Parameter list: as `swarm --list` prints it: a line of node, namespace, name and uid for each pod, node by node.
    init(list: String) throws {
        var pods: [Pod] = []
        var nodes: [String] = []
        var members: [Substring: Int] = [:]
        for line in list.split(separator: "\n") {
            let words = line.split(separator: "\t")
            guard words.count == 4 else { throw BenchError("\"\(line)\" is no pod") }
            if nodes.last ?? "" != words[0] { nodes.append(String(words[0])) }
            let number = members[words[1], default: 0]
            members[words[1]] = number + 1
            pods.append(
                Pod(
                    namespace: String(words[1]), deployment: number / Self.replicas, name: String(words[2]),
                    uid: String(words[3])))
        }
        guard !pods.isEmpty else { throw BenchError("the list has no pods") }
        count = pods.count
        self.nodes = nodes
        namespaces = members.map { (String($0.key), $0.value / Self.replicas) }.sorted { $0.0 < $1.0 }
        indexes = Mutex(Dictionary(uniqueKeysWithValues: pods.enumerated().map { ($1.uid, $0) }))
        self.pods = Mutex(pods)
    }

    /// The metadata of a pod.
    func metadata(_ index: Int) -> KubeProto { Self.metadata(pods.withLock { $0[index] }, version: 1) }

    /// Puts another pod of the same deployment in the place of one.
    /// - Returns: the metadata of both by their resourceVersion; nil: there is no such pod.
    func replace(uid: String, by name: String, uid next: String) -> (old: Metadata, new: Metadata)? {
        guard let index = indexes.withLock({ $0.removeValue(forKey: uid) }) else { return nil }
        indexes.withLock { $0[next] = index }
        let (old, new) = pods.withLock { pods in
            let old = pods[index]
            (pods[index].name, pods[index].uid) = (name, next)
            return (old, pods[index])
        }
        return ({ Self.metadata(old, version: $0) }, { Self.metadata(new, version: $0) })
    }

    typealias Metadata = @Sendable (_ version: Int) -> KubeProto

    static func app(deployment: Int) -> String { "app-\(deployment)" }

    private static func metadata(_ pod: Pod, version: Int) -> KubeProto {
        KubeProto.metadata(
            pod.name, namespace: pod.namespace, uid: pod.uid, version: "\(version)",
            labels: [
                "app": app(deployment: pod.deployment), "pod-template-hash": hash(pod.namespace, pod.deployment),
                "tier": tier, "version": "v\(pod.deployment % 7 + 1)",
            ], managedBytes: managedBytes)
    }

    /// As the deployment controller writes one: ten letters and digits that make no words.
    private static func hash(_ namespace: String, _ deployment: Int) -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        // FNV-1a.
        var rest = (Array(namespace.utf8) + Array("\(deployment)".utf8)).reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return String(
            (0..<10).map { _ in
                defer { rest /= UInt64(alphabet.count) }
                return alphabet[Int(rest % UInt64(alphabet.count))]
            })
    }
}
