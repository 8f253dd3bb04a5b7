// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// What a certificate says about itself, for messages only: nobody has to vouch for it.
public struct CertificateFacts: Sendable, Equatable {
    /// One line of printable ASCII, such as `CN=front-proxy-client`.
    public let subject: String
    public let issuer: String
    /// Validity, seconds since 1970.
    public let notBeforeUnixSeconds: Int64
    public let notAfterUnixSeconds: Int64

    init(_ certificate: Certificate) {
        subject = certificate.subjectText
        issuer = certificate.issuerText
        notBeforeUnixSeconds = certificate.notBeforeUnixSeconds
        notAfterUnixSeconds = certificate.notAfterUnixSeconds
    }

    /// Reads a PEM bundle.
    /// - Parameter source: names it in errors.
    /// - Throws: `badCertificate`; `emptyTrust` when there is no certificate in it.
    public static func read(pem: [UInt8], source: String) throws(TLSError) -> [CertificateFacts] {
        let certificates = try PEM.certificates(pem, source: source)
        guard !certificates.isEmpty else {
            throw TLSError(.emptyTrust, "\(source) holds no certificate (no BEGIN CERTIFICATE line)")
        }
        return certificates.map(CertificateFacts.init)
    }
}

extension ShownCertificates {
    /// What the client claims to be, whether or not it is true.
    public var claims: CertificateFacts { CertificateFacts(leaf) }
}
