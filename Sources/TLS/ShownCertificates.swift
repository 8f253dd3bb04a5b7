// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// The certificates that a client showed, none of them verified: only that it holds the key of the first is certain.
///
/// Nothing can be read from them but through a ``CertificateVerifier``.
public struct ShownCertificates: Sendable {
    let leaf: Certificate
    /// What the client sent to complete the chain.
    let intermediates: [Certificate]

    /// Bounds what a client can make us keep; real chains have two or three.
    private static let maximumIntermediates = 16

    /// - Returns: nil when the client showed none.
    init?(of ssl: OpaquePointer) {
        guard let shown = unsafe SSL_get0_peer_certificate(ssl), let leaf = unsafe Certificate.borrowed(shown) else {
            return nil
        }
        self.leaf = leaf
        // On a server the stack is without the leaf.
        let stack = unsafe SSL_get_peer_cert_chain(ssl)
        let count = unsafe stack.map { unsafe Int(mpssl_x509_count($0)) } ?? 0
        intermediates = (0..<max(0, min(count, Self.maximumIntermediates))).compactMap { index in
            unsafe mpssl_x509_at(stack, Int32(index)).flatMap { unsafe Certificate.borrowed($0) }
        }
    }
}
