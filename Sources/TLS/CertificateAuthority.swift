// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// A private certificate authority with an EC P-256 key.
///
/// Issued certificates are valid from five minutes ago, for peers whose clock is slow, and never longer than the CA.
public struct CertificateAuthority: Sendable {
    private let certificate: Certificate
    private let key: PrivateKey

    /// The CA's certificate: what peers trust.
    public let certificatePEM: [UInt8]
    /// The CA's key, PKCS #8, not encrypted. Secret.
    public let keyPEM: [UInt8]
    /// Start of the CA's validity, seconds since 1970; five minutes before it was made.
    public var notBeforeUnixSeconds: Int64 { certificate.notBeforeUnixSeconds }
    /// End of the CA's validity, seconds since 1970.
    public var notAfterUnixSeconds: Int64 { certificate.notAfterUnixSeconds }

    /// Makes a new, self-signed CA that may sign end-entity certificates only (path length 0).
    public static func create(commonName: String, validFor: Duration) throws(TLSError) -> CertificateAuthority {
        try OpenSSLLibrary.ensureInitialized()
        let key = try PrivateKey.generate()
        var draft = try CertificateDraft(commonName: commonName, organizations: [], key: key, validFor: validFor)
        let certificate = try draft.sign(issuer: nil, issuerKey: key) { (draft) throws(TLSError) in
            try draft.add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0")
            try draft.add(NID_key_usage, "critical,keyCertSign,cRLSign")
            try draft.add(NID_subject_key_identifier, "hash")
        }
        return try CertificateAuthority(certificate: certificate, key: key)
    }

    /// A CA made earlier. `badCertificate` if the certificate is not one of a CA, `keyMismatch` if the key is another's.
    public init(certificatePEM: [UInt8], keyPEM: [UInt8]) throws(TLSError) {
        let identity = try TLSIdentity(certificatePEM: certificatePEM, keyPEM: keyPEM)
        guard let certificate = identity.chain.first, unsafe X509_check_ca(certificate.pointer) == 1 else {
            throw TLSError(.badCertificate, "the certificate is not one of a CA (basicConstraints CA:TRUE is missing)")
        }
        try self.init(certificate: certificate, key: identity.key)
    }

    private init(certificate: Certificate, key: PrivateKey) throws(TLSError) {
        self.certificate = certificate
        self.key = key
        certificatePEM = try PEM.encode(certificate)
        keyPEM = try PEM.encode(key)
    }

    /// What an issued certificate may be used for.
    public enum Usage: Sendable {
        case server
        case client
        case both

        var extendedKeyUsage: String {
            switch self {
            case .server: "serverAuth"
            case .client: "clientAuth"
            case .both: "serverAuth,clientAuth"
            }
        }
    }

    /// The wished-for content of an end-entity certificate.
    public struct LeafRequest: Sendable {
        /// At most 64 bytes (RFC 5280 ub-common-name).
        public var commonName: String
        /// Kubernetes reads them as groups.
        public var organizations: [String]
        /// A leading `*.` makes a wildcard of one label.
        public var dnsNames: [String]
        /// IPv4 or IPv6 literals.
        public var ipAddresses: [String]
        public var usage: Usage
        public var validFor: Duration

        public init(
            commonName: String, organizations: [String] = [], dnsNames: [String] = [], ipAddresses: [String] = [],
            usage: Usage, validFor: Duration
        ) {
            self.commonName = commonName
            self.organizations = organizations
            self.dnsNames = dnsNames
            self.ipAddresses = ipAddresses
            self.usage = usage
            self.validFor = validFor
        }
    }

    /// Makes a key and a certificate for it.
    ///
    /// - Throws: `invalidArgument` for a name, address or validity that cannot be put into a certificate, or when
    ///   the CA itself has expired.
    public func issue(_ request: LeafRequest) throws(TLSError) -> (certificatePEM: [UInt8], keyPEM: [UInt8]) {
        try OpenSSLLibrary.ensureInitialized()
        let leafKey = try PrivateKey.generate()
        var draft = try CertificateDraft(
            commonName: request.commonName, organizations: request.organizations, key: leafKey,
            validFor: request.validFor, notAfterLimit: notAfterUnixSeconds)
        let leaf = try draft.sign(issuer: certificate, issuerKey: key) { (draft) throws(TLSError) in
            try draft.add(NID_basic_constraints, "critical,CA:FALSE")
            try draft.add(NID_key_usage, "critical,digitalSignature")
            try draft.add(NID_ext_key_usage, request.usage.extendedKeyUsage)
            try draft.add(NID_subject_key_identifier, "hash")
            try draft.add(NID_authority_key_identifier, "keyid:always")
            try draft.addNames(dns: request.dnsNames, ip: request.ipAddresses)
        }
        return (try PEM.encode(leaf), try PEM.encode(leafKey))
    }
}

extension PrivateKey {
    fileprivate static func generate() throws(TLSError) -> PrivateKey {
        guard let made = unsafe mpssl_generate_p256() else {
            throw TLSError(.resourceExhausted, "OpenSSL cannot make a key: \(OpenSSLFailure.drainedText())")
        }
        return unsafe PrivateKey(taking: made)
    }
}
