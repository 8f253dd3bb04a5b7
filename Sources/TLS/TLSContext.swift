// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// Settings shared by many connections: trust, identity, ALPN, protocol versions.
///
/// Immutable after creation; a reload builds a new context and swaps the reference. Creation reads files and
/// does public-key work, so never on an event loop.
///
/// TLS 1.2 and 1.3, AEAD suites with forward secrecy only; no renegotiation, no compression, no sessions and no
/// tickets: every connection verifies its peer against the trust of the day.
///
/// `@unchecked Sendable`: the SSL_CTX is not changed after `init`, and OpenSSL allows concurrent use of such a one.
@safe
public final class TLSContext: @unchecked Sendable {
    /// What a server asks of its clients.
    public enum ClientAuthentication: Sendable {
        case none
        /// A client may stay anonymous; a certificate that does not verify still fails the handshake.
        case optional(TrustRoots)
        case required(TrustRoots)
        /// A client may show any certificate, and the handshake does not ask where it leads: see
        /// ``CertificateVerifier``. It proves that the client holds the key.
        case requested
    }

    /// 112 bits of security: RSA from 2048 bits, no SHA-1 (SSL_CTX_set_security_level(3)).
    static let securityLevel: Int32 = 2

    /// Owned: released in `deinit`. Every SSL made from it holds its own reference.
    let pointer: OpaquePointer
    let isServer: Bool
    /// The ALPN list OpenSSL's callbacks point to, unretained; lives as long as `self`, and every engine retains `self`.
    private let alpn: ALPNPreference

    private init(isServer: Bool, alpn: [String], requiresALPN: Bool) throws(TLSError) {
        try OpenSSLLibrary.ensureInitialized()
        self.alpn = try ALPNPreference(alpn, isRequired: requiresALPN)
        self.isServer = isServer
        guard let made = unsafe SSL_CTX_new(isServer ? TLS_server_method() : TLS_client_method()) else {
            throw TLSError(.resourceExhausted, "OpenSSL cannot make a context: \(OpenSSLFailure.drainedText())")
        }
        unsafe pointer = made
        try applyPolicy()
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    /// For connections we open. The server must present a certificate that leads to `trust` and names it.
    public static func client(
        trust: TrustRoots, identity: TLSIdentity? = nil, alpn: [String] = []
    ) throws(TLSError) -> TLSContext {
        let context = try TLSContext(isServer: false, alpn: alpn, requiresALPN: false)
        try context.use(trust, naming: false)
        unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, recordVerification)
        if let identity { try context.use(identity) }
        if !context.alpn.wire.isEmpty {
            // Unlike the rest of OpenSSL, 0 is success here.
            guard
                unsafe SSL_CTX_set_alpn_protos(context.pointer, context.alpn.wire, UInt32(context.alpn.wire.count)) == 0
            else { throw TLSError(.resourceExhausted, "OpenSSL: \(OpenSSLFailure.drainedText())") }
        }
        return context
    }

    /// For connections we accept.
    ///
    /// - Parameters:
    ///   - alpn: in the server's order of preference.
    ///   - requiresALPN: a client that offers nothing of `alpn`, or no ALPN at all, gets the alert
    ///     `no_application_protocol`. Otherwise it connects without a protocol.
    public static func server(
        identity: TLSIdentity, clients: ClientAuthentication = .none, alpn: [String] = [], requiresALPN: Bool = false
    ) throws(TLSError) -> TLSContext {
        if requiresALPN && alpn.isEmpty {
            throw TLSError(.invalidArgument, "requiresALPN needs at least one protocol")
        }
        let context = try TLSContext(isServer: true, alpn: alpn, requiresALPN: requiresALPN)
        try context.use(identity)
        switch clients {
        case .none:
            unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_NONE, nil)
        case .optional(let trust):
            try context.use(trust, naming: true)
            unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, recordVerification)
        case .required(let trust):
            try context.use(trust, naming: true)
            // VERIFY_PEER alone lets a client without a certificate in.
            unsafe SSL_CTX_set_verify(
                context.pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, recordVerification)
        case .requested:
            unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
            unsafe SSL_CTX_set_cert_verify_callback(context.pointer, leaveVerification, nil)
        }
        if !alpn.isEmpty { unsafe context.alpn.install(in: context.pointer) }
        return context
    }

    private func applyPolicy() throws(TLSError) {
        unsafe _ = SSL_CTX_set_options(
            pointer,
            mpssl_op_no_renegotiation() | mpssl_op_no_compression() | mpssl_op_no_ticket()
                | mpssl_op_cipher_server_preference())
        // RELEASE_BUFFERS: an idle connection keeps no 16 KiB record buffers. Partial and moving writes: the caller's
        // buffer may be another one when a write is retried. NO_AUTO_CHAIN: we send what the identity holds, no more.
        unsafe mpssl_ctx_set_mode(
            pointer,
            mpssl_mode_release_buffers() | mpssl_mode_auto_retry() | mpssl_mode_partial_write()
                | mpssl_mode_moving_write_buffer() | mpssl_mode_no_auto_chain())
        // Resumption would skip re-verification after a CA rotation, and tickets are writes nobody asked for.
        unsafe mpssl_ctx_disable_session_cache(pointer)
        unsafe SSL_CTX_set_security_level(pointer, Self.securityLevel)
        guard unsafe mpssl_ctx_set_min_proto_version(pointer, TLS1_2_VERSION) == 1,
            unsafe SSL_CTX_set_num_tickets(pointer, 0) == 1,
            unsafe SSL_CTX_set_cipher_list(pointer, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1
        else {
            throw TLSError(.resourceExhausted, "OpenSSL refuses our policy: \(OpenSSLFailure.drainedText())")
        }
    }

    /// `naming`: a server also tells its clients which CAs it accepts, so that they pick the right certificate.
    private func use(_ trust: TrustRoots, naming: Bool) throws(TLSError) {
        let roots = try trust.load()
        try unsafe CertificateVerifier.add(roots, of: trust, to: SSL_CTX_get_cert_store(pointer))
        guard naming else { return }
        for (index, root) in roots.enumerated() {
            guard unsafe SSL_CTX_add_client_CA(pointer, root.pointer) == 1 else {
                throw TLSError(
                    .badCertificate,
                    "certificate \(index + 1) of \(trust.source) is unusable: \(OpenSSLFailure.drainedText())")
            }
        }
    }

    private func use(_ identity: TLSIdentity) throws(TLSError) {
        for (index, certificate) in identity.chain.enumerated() {
            let accepted =
                unsafe index == 0
                ? SSL_CTX_use_certificate(pointer, certificate.pointer)
                : mpssl_ctx_add1_chain_cert(pointer, certificate.pointer)
            guard accepted == 1 else {
                throw TLSError(
                    .badCertificate,
                    "certificate \(index + 1) of \(identity.source) is unusable: \(OpenSSLFailure.drainedText())")
            }
        }
        guard unsafe SSL_CTX_use_PrivateKey(pointer, identity.key.pointer) == 1 else {
            throw TLSError(
                .badKey, "the key of \(identity.source) is unusable: \(OpenSSLFailure.drainedText())")
        }
    }
}

/// Lets the handshake go on, and marks the certificate as not verified, so that ``TLSEngine/peerCertificate`` stays nil.
private let leaveVerification: @convention(c) (OpaquePointer?, UnsafeMutableRawPointer?) -> Int32 = { store, _ in
    unsafe X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION)
    return 1
}
