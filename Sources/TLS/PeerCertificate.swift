// SPDX-License-Identifier: Apache-2.0

/// What a peer's verified leaf certificate says about it.
public struct PeerCertificate: Sendable, Equatable {
    /// The subject's last CN, as Go reads it; nil when absent, not text, or holding a NUL.
    public var commonName: String?
    /// The subject's O entries in order; Kubernetes calls them groups.
    public var organizations: [String]
    /// DNS names of the subject alternative name. Names with bytes outside printable ASCII are left out.
    public var dnsNames: [String]
    /// URIs of the subject alternative name, same rule.
    public var uris: [String]
    /// IP addresses of the subject alternative name, in text.
    public var ipAddresses: [String]
    /// End of validity, seconds since 1970.
    public var notAfterUnixSeconds: Int64

    public init(
        commonName: String?, organizations: [String] = [], dnsNames: [String] = [], uris: [String] = [],
        ipAddresses: [String] = [], notAfterUnixSeconds: Int64
    ) {
        self.commonName = commonName
        self.organizations = organizations
        self.dnsNames = dnsNames
        self.uris = uris
        self.ipAddresses = ipAddresses
        self.notAfterUnixSeconds = notAfterUnixSeconds
    }
}
