// SPDX-License-Identifier: Apache-2.0
import NIOCore
import TLS

/// What one connection's client showed in its handshake, and what became of checking it.
///
/// A front proxy asks thousands of times over a connection: its signature is not verified for each of them, but anew when
/// the CAs change, and now and then, since a certificate can expire under a connection. Confined to its event loop.
final class ShownClient {
    /// An expired certificate is noticed within this time.
    static let recheckInterval: TimeAmount = .seconds(60)

    private let certificates: ShownCertificates
    /// One for each set of CAs that is asked for: the front proxy's and the users'.
    private var checked: [(verifier: CertificateVerifier, result: Result<PeerCertificate, TLSError>, time: NIODeadline)]

    init(_ certificates: ShownCertificates) {
        self.certificates = certificates
        checked = []
    }

    /// What it says about itself, verified by nobody.
    var claims: CertificateFacts { certificates.claims }

    func verify(by verifier: CertificateVerifier, now: NIODeadline = .now()) -> Result<PeerCertificate, TLSError> {
        checked.removeAll { now - $0.time >= Self.recheckInterval }
        if let known = checked.first(where: { $0.verifier === verifier }) { return known.result }
        let result = Result { () throws(TLSError) in try verifier.verify(certificates) }
        // Verifiers that were replaced make room.
        if checked.count >= 2 { checked.removeFirst() }
        checked.append((verifier, result, now))
        return result
    }
}

@available(*, unavailable)
extension ShownClient: Sendable {}
