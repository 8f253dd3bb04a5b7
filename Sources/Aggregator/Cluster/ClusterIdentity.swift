// SPDX-License-Identifier: Apache-2.0
import Glibc
import KubeAPI
import TLS

/// Where we are: the cluster, the namespace, and the names that others know us by.
struct ClusterIdentity: Sendable {
    let kube: KubeConfiguration
    let namespace: String
    private let configuration: ClusterConfiguration

    init(_ configuration: ClusterConfiguration) throws(StartupError) {
        self.configuration = configuration
        do throws(KubeConfigurationError) {
            kube =
                if let path = configuration.kubeconfig {
                    try KubeConfiguration.kubeconfig(path: path)
                } else {
                    try KubeConfiguration.inCluster { name in getenv(name).map { String(cString: $0) } }
                }
        } catch {
            let hint =
                configuration.kubeconfig == nil
                ? ", or serve without a cluster with --standalone --state-dir DIR" : ""
            throw StartupError("\(error)\(hint)")
        }
        guard let namespace = configuration.namespace ?? kube.namespace else {
            throw StartupError(
                "no namespace is known for our Secret and ConfigMap; give it with --namespace NAME")
        }
        self.namespace = namespace
    }

    /// As a TokenReview names a ServiceAccount.
    var agentUserName: String {
        let name = configuration.agentServiceAccount
        return "system:serviceaccount:" + (name.contains(":") ? name : "\(namespace):\(name)")
    }

    /// The certificate is for both Services, as the API server and the agents call them, and for a local look.
    var leafPolicy: LeafPolicy {
        let services = [configuration.serviceName, configuration.pushServiceName].flatMap { name in
            ["\(name).\(namespace).svc", "\(name).\(namespace)", name, "\(name).\(namespace).svc.cluster.local"]
        }
        let isAddress = { (name: String) in SocketAddress(ipLiteral: name, port: 0) != nil }
        return LeafPolicy(
            dnsNames: services + ["localhost"] + configuration.extraNames.filter { !isAddress($0) },
            ipAddresses: ["127.0.0.1", "::1"] + configuration.extraNames.filter(isAddress))
    }

    /// Something to open the ports with until the cluster's CA is known. Kubelet's probes do not verify it.
    func temporaryIdentity() throws(TLSError) -> TLSIdentity {
        try leafPolicy.issue(
            by: CertificateAuthority.create(commonName: "metrics-push temporary", validFor: .seconds(86_400))
        ).identity
    }
}

extension AuthenticationSettings {
    /// Blocking disk reads.
    func overrides() throws(TLSError) -> ExtensionAuthenticationOverrides {
        var overrides = ExtensionAuthenticationOverrides()
        overrides.clientCA = try clientCAFile.map(Self.text)
        overrides.frontProxyCA = try frontProxyCAFile.map(Self.text)
        overrides.allowedNames = allowedNames
        overrides.usernameHeaders = usernameHeaders
        overrides.uidHeaders = uidHeaders
        overrides.groupHeaders = groupHeaders
        overrides.extraHeaderPrefixes = extraHeaderPrefixes
        return overrides
    }

    private static func text(_ path: String) throws(TLSError) -> String {
        String(decoding: try SmallFile.read(path), as: UTF8.self)
    }
}
