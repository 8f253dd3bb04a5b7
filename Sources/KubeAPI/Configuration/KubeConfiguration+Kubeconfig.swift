// SPDX-License-Identifier: Apache-2.0
import TLS

extension KubeConfiguration {
    /// Reads a kubeconfig file as kubectl does (kubernetes.io/docs/reference/config-api/kubeconfig.v1). Blocks.
    ///
    /// Relative paths in it are relative to the file. What we do not do gets an error, never a fallback: plugins,
    /// passwords, proxies, impersonation, and TLS without verification.
    ///
    /// - Parameter context: instead of the file's current-context.
    public static func kubeconfig(path: String, context: String? = nil) throws(KubeConfigurationError)
        -> KubeConfiguration
    {
        let file = try KubeconfigFile(path: path)
        let currentContext = try file.root.text("current-context")
        guard let contextName = context ?? currentContext else {
            throw KubeConfigurationError("\(path) has no current-context; name a context")
        }
        let context = try file.entry("contexts", contextName, "context", wantedBy: "the context")
        guard let clusterName = try context.text("cluster") else { throw context.missing("cluster") }
        let cluster = try file.entry("clusters", clusterName, "cluster", wantedBy: "context '\(contextName)'")
        var user: KubeconfigEntry?
        if let name = try context.text("user") {
            user = try file.entry("users", name, "user", wantedBy: "context '\(contextName)'")
        }
        let configuration = KubeConfiguration(
            endpoint: try endpoint(cluster), tlsServerName: try cluster.text("tls-server-name"),
            authority: try authority(cluster), clientIdentity: try clientIdentity(user),
            token: try token(user), namespace: try context.text("namespace"))
        do {
            _ = try CredentialSet.load(configuration)
        } catch {
            throw KubeConfigurationError("\(path), context '\(contextName)': \(error.message)")
        }
        return configuration
    }

    private static func endpoint(_ cluster: KubeconfigEntry) throws(KubeConfigurationError) -> ServerURL {
        guard let server = try cluster.text("server") else { throw cluster.missing("server") }
        do {
            return try ServerURL(server)
        } catch {
            throw cluster.error("server", "\(error)")
        }
    }

    private static func authority(_ cluster: KubeconfigEntry) throws(KubeConfigurationError) -> Source {
        if try cluster.flag("insecure-skip-tls-verify") {
            throw cluster.error(
                "insecure-skip-tls-verify",
                "is refused: the API server is always verified; put its CA into certificate-authority-data instead")
        }
        if try cluster.text("proxy-url") != nil {
            throw cluster.error("proxy-url", "is not supported; name a server that is reachable from here")
        }
        guard let source = try cluster.source("certificate-authority") else {
            throw cluster.error(
                "certificate-authority",
                "is missing: the system's CAs are not used; name the cluster's CA there or in "
                    + "certificate-authority-data")
        }
        return source
    }

    private static func clientIdentity(
        _ user: KubeconfigEntry?
    ) throws(KubeConfigurationError) -> (certificate: Source, key: Source)? {
        guard let user else { return nil }
        for key in ["exec", "auth-provider"] where user.has(key) {
            throw user.error(
                key,
                "is not supported: no program is run for credentials; use a ServiceAccount's token (kubectl create "
                    + "token) or a client certificate")
        }
        for key in ["username", "password"] where user.has(key) {
            throw user.error(
                key, "is not supported: Kubernetes dropped passwords in 1.19; use a token or a client certificate")
        }
        for key in ["as", "as-uid", "as-groups", "as-user-extra"] where user.has(key) {
            throw user.error(key, "is not supported: we act as ourselves; use that user's own credentials")
        }
        let certificate = try user.source("client-certificate")
        let key = try user.source("client-key")
        switch (certificate, key) {
        case (let certificate?, let key?): return (certificate, key)
        case (nil, nil): return nil
        case (_?, nil): throw user.error("client-key", "is missing: the client-certificate is of no use without it")
        case (nil, _?): throw user.error("client-certificate", "is missing: the client-key is of no use without it")
        }
    }

    private static func token(_ user: KubeconfigEntry?) throws(KubeConfigurationError) -> Source? {
        guard let user else { return nil }
        // As in kubectl, the file wins: it is the one that somebody keeps fresh.
        if let path = try user.path("tokenFile") { return .file(path) }
        guard let text = try user.text("token") else { return nil }
        return .bytes(Array(text.utf8))
    }
}
