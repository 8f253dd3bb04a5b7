// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport

@testable import Aggregator

extension TestPKI {
    /// What our server knows of a client after a real handshake in which it showed this certificate.
    func shown(_ identity: TLSIdentity) throws -> ShownClient {
        let pair = try EnginePair(
            client: clientContext(identity: identity), server: serverContext(clients: .requested))
        pair.handshake()
        guard let certificates = pair.server.shownCertificates else { throw NothingShown() }
        return ShownClient(certificates)
    }

    /// A client certificate that our CA, or the stranger's, issued.
    func shown(
        commonName: String, organizations: [String] = [], dnsNames: [String] = [], byStranger: Bool = false
    ) throws -> ShownClient {
        let issued = try (byStranger ? stranger : authority).issue(
            .init(
                commonName: commonName, organizations: organizations, dnsNames: dnsNames, usage: .client,
                validFor: .seconds(3600)))
        return try shown(TLSIdentity(certificatePEM: issued.certificatePEM, keyPEM: issued.keyPEM))
    }

    /// Accepts what our CA issued.
    func verifier() throws -> CertificateVerifier { try CertificateVerifier(trust: trust) }

    /// Accepts what the stranger issued.
    func strangerVerifier() throws -> CertificateVerifier {
        try CertificateVerifier(trust: .pem(stranger.certificatePEM))
    }
}

private struct NothingShown: Error {}
