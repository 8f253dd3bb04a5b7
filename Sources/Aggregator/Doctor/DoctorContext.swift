// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Logging
import NIOCore

/// What every check of the doctor has at hand.
struct DoctorContext: Sendable {
    let configuration: ClusterConfiguration
    let client: KubeClient
    /// The API server, for messages.
    let server: String
    /// Where our objects are.
    let namespace: String
    let group: any EventLoopGroup
    /// Unix time in seconds.
    let now: @Sendable () -> Int64

    /// As a pod we can reach pods; from elsewhere perhaps not.
    var isPod: Bool { configuration.kubeconfig == nil }

    /// The CAs that peers are told to verify us by, in PEM; nil when there is no such key.
    func publishedBundle() async throws(KubeError) -> [UInt8]? {
        let map = try await client.configMap(namespace: namespace, name: configuration.authorityName)
        return map.data[ClusterAuthorityStore.bundleKey].flatMap { $0.isEmpty ? nil : Array($0.utf8) }
    }

    /// A name of a Service that its certificate is for.
    func hostName(ofService name: String) -> String { "\(name).\(namespace).svc" }

    /// A client for one replica, to be shut down after use.
    func replicaClient(_ host: String, _ port: UInt16, serverName: String, bundle: [UInt8]) -> KubeClient? {
        KubeConfiguration.replica(host: host, port: port, serverName: serverName, authority: bundle).map {
            KubeClient(
                configuration: $0, group: group, userAgent: Doctor.userAgent,
                logger: Logger(label: "doctor") { _ in SwiftLogNoOpLogHandler() })
        }
    }
}
