// SPDX-License-Identifier: Apache-2.0

/// What the command line says about the cluster.
public struct ClusterConfiguration: Sendable {
    public var common: AggregatorConfiguration

    /// Path of a kubeconfig; nil: the pod's own ServiceAccount.
    public var kubeconfig: String?
    /// The same for reviews of tokens, and for reviews of access; nil: as all else.
    public var authenticationKubeconfig: String?
    public var authorizationKubeconfig: String?
    /// Where our objects are; nil: the ServiceAccount's namespace.
    public var namespace: String?

    /// The Services in front of the two ports: their names are in the certificate.
    public var serviceName = "metrics-push"
    public var pushServiceName = "metrics-push-ingest"
    /// Further names and addresses for the certificate.
    public var extraNames: [String] = []
    /// The Secret with the CAs, and the ConfigMap that agents get them from.
    public var authorityName = "metrics-push-ca"
    /// PEM files to serve instead of a certificate of our own; both or none.
    public var certificateFile: String?
    public var keyFile: String?

    /// The audience that agents' tokens must be made for.
    public var agentAudience = "metrics-push"
    /// NAME or NAMESPACE:NAME of the agents' ServiceAccount.
    public var agentServiceAccount = "metrics-push-agent"
    /// The CA of agents' client certificates; nil: agents need a token.
    public var agentClientCAFile: String?

    public var authentication = AuthenticationSettings()

    public init(common: AggregatorConfiguration) {
        self.common = common
    }
}

/// The flags of the API server library's delegated authentication and authorization.
public struct AuthenticationSettings: Sendable {
    public var clientCAFile: String?
    public var frontProxyCAFile: String?
    public var allowedNames: [String]?
    public var usernameHeaders: [String]?
    public var uidHeaders: [String]?
    public var groupHeaders: [String]?
    public var extraHeaderPrefixes: [String]?
    /// The ConfigMap is not asked: only the flags count.
    public var skipsLookup = false
    /// We become ready although the ConfigMap could not be read.
    public var toleratesLookupFailure = false
    public var tokenLifetime: Duration = .seconds(10)
    public var allowedLifetime: Duration = .seconds(10)
    public var refusedLifetime: Duration = .seconds(10)
    public var alwaysAllowedPaths = ["/healthz", "/readyz", "/livez"]

    public init() {}
}
