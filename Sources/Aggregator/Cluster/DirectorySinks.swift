// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Logging
import MetricsAPI

/// Keeps the directory's pods as the API server has them.
struct PodSink: ReflectorSink {
    let directory: ClusterDirectory
    let logger: Logger

    func replace(with objects: [PartialMetadata]) {
        // All of a cluster's labels at once would be most of what the process ever holds; few are distinct.
        var labels: Set<Labels> = []
        directory.replacePods(
            objects.map { object in
                var pod = ClusterPod(object.metadata)
                pod.labels = labels.insert(pod.labels).memberAfterInsert
                return pod
            })
    }

    func apply(_ change: KubeChange<PartialMetadata>) {
        switch change {
        case .added(let pod), .modified(let pod): directory.set(ClusterPod(pod.metadata))
        case .deleted(let pod): directory.remove(ClusterPod(pod.metadata))
        }
    }

    func synced() { logger.info("pods listed", metadata: ["count": "\(directory.podCount)"]) }

    func disconnected(_ error: KubeError) {
        logger.warning("cannot follow the cluster's pods", metadata: ["error": "\(error)"])
    }
}

/// Keeps the directory's nodes as the API server has them.
struct NodeSink: ReflectorSink {
    let directory: ClusterDirectory
    let logger: Logger

    func replace(with objects: [PartialMetadata]) {
        directory.replaceNodes(
            Dictionary(
                objects.map { ($0.metadata.name, Labels($0.metadata.labels)) }, uniquingKeysWith: { $1 }))
    }

    func apply(_ change: KubeChange<PartialMetadata>) {
        switch change {
        case .added(let node), .modified(let node):
            directory.setNode(node.metadata.name, Labels(node.metadata.labels))
        case .deleted(let node): directory.removeNode(node.metadata.name)
        }
    }

    func synced() { logger.info("nodes listed", metadata: ["count": "\(directory.nodeCount)"]) }

    func disconnected(_ error: KubeError) {
        logger.warning("cannot follow the cluster's nodes", metadata: ["error": "\(error)"])
    }
}
