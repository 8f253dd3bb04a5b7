// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// Checks shown client certificates against one set of CAs, outside of any handshake.
///
/// As in Kubernetes' API servers: a connection is open to any client certificate, and which CA counts depends on what the
/// certificate is then used for (a front proxy's, or a user's own). So a CA can also be rotated under open connections.
///
/// `@unchecked Sendable`: the store is not changed after `init`, and OpenSSL locks what it caches inside.
@safe
public final class CertificateVerifier: @unchecked Sendable {
    /// Owned: released in `deinit`.
    private let store: OpaquePointer

    /// Blocking disk read if `trust` is a file.
    public init(trust: TrustRoots) throws(TLSError) {
        let roots = try trust.load()
        guard let made = unsafe X509_STORE_new() else {
            throw TLSError(.resourceExhausted, "OpenSSL: \(OpenSSLFailure.drainedText())")
        }
        unsafe store = made
        try unsafe Self.add(roots, of: trust, to: store)
    }

    deinit { unsafe X509_STORE_free(store) }

    /// - Parameter unixSeconds: the moment at which the chain must be valid; nil: now.
    /// - Returns: what the leaf says.
    /// - Throws: `certificateVerifyFailed` in words for an operator.
    public func verify(
        _ shown: ShownCertificates, at unixSeconds: Int64? = nil
    ) throws(TLSError) -> PeerCertificate {
        try OpenSSLLibrary.ensureInitialized()
        guard let untrusted = unsafe mpssl_x509_stack_new(), let context = unsafe X509_STORE_CTX_new() else {
            throw TLSError(.resourceExhausted, "OpenSSL: \(OpenSSLFailure.drainedText())")
        }
        // Frees the stack, not the certificates, which `shown` owns.
        defer { unsafe mpssl_x509_stack_free(untrusted) }
        defer { unsafe X509_STORE_CTX_free(context) }
        for certificate in shown.intermediates {
            guard unsafe mpssl_x509_push(untrusted, certificate.pointer) > 0 else {
                throw TLSError(.resourceExhausted, "OpenSSL: \(OpenSSLFailure.drainedText())")
            }
        }
        guard unsafe X509_STORE_CTX_init(context, store, shown.leaf.pointer, untrusted) == 1 else {
            throw TLSError(.resourceExhausted, "OpenSSL: \(OpenSSLFailure.drainedText())")
        }
        let parameters = unsafe X509_STORE_CTX_get0_param(context)
        // The same demands as in a handshake: purpose (extended key usage) and strength.
        unsafe _ = X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_CLIENT)
        unsafe X509_VERIFY_PARAM_set_auth_level(parameters, TLSContext.securityLevel)
        if let unixSeconds { unsafe X509_VERIFY_PARAM_set_time(parameters, time_t(unixSeconds)) }
        guard unsafe X509_verify_cert(context) == 1 else {
            let failure = unsafe VerificationFailure.taken(from: context)
            ERR_clear_error()
            throw failure.error(of: .client)
        }
        return shown.leaf.peerCertificate
    }

    /// Makes every certificate of a bundle an anchor by itself, as Go does.
    static func add(_ roots: [Certificate], of trust: TrustRoots, to store: OpaquePointer?) throws(TLSError) {
        unsafe _ = X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        for (index, root) in roots.enumerated() {
            guard unsafe X509_STORE_add_cert(store, root.pointer) == 1 else {
                throw TLSError(
                    .badCertificate,
                    "certificate \(index + 1) of \(trust.source) is unusable: \(OpenSSLFailure.drainedText())")
            }
        }
    }
}
