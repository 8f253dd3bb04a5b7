// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Logging

/// Follows the cluster's nodes and running pods: metadata only, so that a pod costs some hundred bytes on the way and less
/// in memory.
struct ClusterInformers: Sendable {
    private let pods: Reflector<PartialMetadata>
    private let nodes: Reflector<PartialMetadata>

    init(client: KubeClient, directory: ClusterDirectory, logger: Logger) {
        // As the peer: what has not started, or has ended, has no figures.
        pods = Reflector(
            client: client, resource: KubeResource(plural: "pods"), fieldSelector: "status.phase=Running",
            options: KubeDecodingOptions(annotations: [ClusterPod.configHash]),
            sink: PodSink(directory: directory, logger: logger))
        nodes = Reflector(
            client: client, resource: KubeResource(plural: "nodes"),
            sink: NodeSink(directory: directory, logger: logger))
    }

    var havePods: Bool { pods.hasSynced }
    var haveNodes: Bool { nodes.hasSynced }

    /// Until the task is cancelled.
    func run() async {
        async let podsDone: Void = pods.run()
        await nodes.run()
        await podsDone
    }
}
