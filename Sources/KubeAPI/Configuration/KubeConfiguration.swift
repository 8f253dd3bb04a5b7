// SPDX-License-Identifier: Apache-2.0
import TLS

/// Where the API server is, what it must show, and what we show.
public struct KubeConfiguration: Sendable {
    /// Bytes of a credential: given, or in a file that somebody else may change.
    enum Source: Sendable, Equatable {
        case bytes([UInt8])
        case file(String)
    }

    let endpoint: ServerURL
    /// The name the server's certificate must have, if not the URL's host.
    let tlsServerName: String?
    /// PEM of the CAs that vouch for the server. Always there: the system's store is not used.
    let authority: Source
    /// PEM of our certificate and its key.
    let clientIdentity: (certificate: Source, key: Source)?
    let token: Source?
    /// The ServiceAccount's or the context's.
    public let namespace: String?

    /// `https://host:port[/prefix]`, for messages.
    public var server: String { endpoint.description }
}

extension KubeConfiguration {
    /// What kubelet puts into every pod with a ServiceAccount
    /// (kubernetes.io/docs/tasks/run-application/access-api-from-pod).
    ///
    /// Blocking disk reads. The token and the CA are read again later: both rotate.
    public static func inCluster(
        directory: String = "/var/run/secrets/kubernetes.io/serviceaccount", environment: (String) -> String?
    ) throws(KubeConfigurationError) -> KubeConfiguration {
        func variable(_ name: String) throws(KubeConfigurationError) -> String {
            guard let value = environment(name), !value.isEmpty else {
                throw KubeConfigurationError(
                    "\(name) is not set, so this is not a pod of a cluster; outside a cluster, name a kubeconfig with "
                        + "--kubeconfig")
            }
            return value
        }
        let host = try variable("KUBERNETES_SERVICE_HOST")
        let portText = try variable("KUBERNETES_SERVICE_PORT")
        guard let port = UInt16(portText), port > 0 else {
            throw KubeConfigurationError("KUBERNETES_SERVICE_PORT is '\(portText)', which is no port")
        }
        guard let endpoint = ServerURL(host: host, port: port) else {
            throw KubeConfigurationError("KUBERNETES_SERVICE_HOST is '\(host)', which is neither a name nor an address")
        }
        let configuration = KubeConfiguration(
            endpoint: endpoint, tlsServerName: nil, authority: .file("\(directory)/ca.crt"), clientIdentity: nil,
            token: .file("\(directory)/token"), namespace: namespace(in: directory))
        do {
            _ = try CredentialSet.load(configuration)
        } catch {
            throw KubeConfigurationError(
                "\(error.message); is automountServiceAccountToken switched off for this pod?")
        }
        return configuration
    }

    /// Absent in a volume that somebody projected without it.
    private static func namespace(in directory: String) -> String? {
        guard let bytes = try? CredentialSet.read(.file("\(directory)/namespace")) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self).trimmed
        return text.isEmpty ? nil : text
    }
}

extension String {
    /// Without the white space around it.
    var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }), let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
