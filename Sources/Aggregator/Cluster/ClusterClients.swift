// SPDX-License-Identifier: Apache-2.0
import Console
import KubeAPI
import Logging
import NIOCore

/// How we speak to the API server: all as one client, unless reviews are to be asked for with other credentials.
struct ClusterClients: Sendable {
    let general: KubeClient
    /// `--authentication-kubeconfig`: reviews of tokens, and the published CAs.
    let authentication: KubeClient
    /// `--authorization-kubeconfig`: reviews of access.
    let authorization: KubeClient

    init(
        _ configuration: ClusterConfiguration, _ cluster: ClusterIdentity, group: any EventLoopGroup, logger: Logger
    ) throws(StartupError) {
        func client(_ kube: KubeConfiguration) -> KubeClient {
            KubeClient(
                configuration: kube, group: group, userAgent: "metrics-push-aggregator/\(Version.text)", logger: logger)
        }
        func client(kubeconfig path: String?) throws(StartupError) -> KubeClient? {
            guard let path else { return nil }
            return client(try StartupError.wrapping { try KubeConfiguration.kubeconfig(path: path) })
        }
        general = client(cluster.kube)
        authentication = try client(kubeconfig: configuration.authenticationKubeconfig) ?? general
        authorization = try client(kubeconfig: configuration.authorizationKubeconfig) ?? general
    }

    func shutdown() async {
        await general.shutdown()
        if authentication !== general { await authentication.shutdown() }
        if authorization !== general { await authorization.shutdown() }
    }
}
