// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// One TLS connection over bytes: the caller moves them.
///
/// Every call takes the ciphertext received so far and says how much of it was consumed; what was not consumed must
/// come first in the next call. After every call, also a failed one, send `takeOutbound()`: it may hold the alert.
/// Call in order: `handshake` until `complete`, then `read` and `write` in any order, `sendCloseNotify` once.
/// Not `Sendable`: one thread or event loop at a time.
@safe
public final class TLSEngine {
    /// What a call with inbound bytes achieved. `consumed` bytes of them are used up.
    public struct Step<Outcome> {
        public var consumed: Int
        public var outcome: Outcome

        public init(consumed: Int, outcome: Outcome) {
            self.consumed = consumed
            self.outcome = outcome
        }
    }

    public enum HandshakeOutcome: Sendable {
        /// More bytes from the peer are needed; all given ones are consumed.
        case incomplete
        case complete
        case failed(TLSError)
    }

    public enum ReadOutcome: Sendable {
        /// Plaintext was appended to the output.
        case bytes(Int)
        /// More bytes from the peer are needed; all given ones are consumed.
        case incomplete
        /// The peer's close_notify: a clean end of what it sends.
        case closeNotify
        case failed(TLSError)
    }

    public enum WriteOutcome: Sendable {
        /// So many bytes were encrypted, at least one; call again with the rest.
        case wrote(Int)
        /// `outboundCap` is reached: send `takeOutbound()` first.
        case full
        case failed(TLSError)
    }

    /// Ciphertext past which `write` returns `full`.
    public static let outboundCap = 64 << 10
    /// Largest plaintext of one record (RFC 8446 §5.1).
    public static let recordBytes = 16384
    /// What a record takes beside it, at most, with the ciphers that are left (RFC 8446 §5.2, RFC 5288 §3).
    private static let recordOverhead = 64

    /// Retained for the ALPN list and the trust its SSL_CTX callbacks refer to.
    private let context: TLSContext
    /// The name the peer is checked for; nil on a server.
    let serverName: ServerName?
    /// Owned: freed in `deinit`, before `transport`. Its ex_data 0 is `self`, unretained.
    let ssl: OpaquePointer
    let transport = MemoryTransport()
    /// After a fatal error nothing more may be asked of OpenSSL, not even a close_notify.
    private(set) var failure: TLSError?
    private var closeNotifySent = false
    /// Set by callbacks during a handshake, for a better message.
    var verification: VerificationFailure?
    var clientOfferedNoALPN = false

    public init(context: TLSContext, role: TLSRole) throws(TLSError) {
        try OpenSSLLibrary.ensureInitialized()
        switch role {
        case .client(let name):
            guard !context.isServer else { throw TLSError(.invalidArgument, "a client needs a client context") }
            serverName = try ServerName(name)
        case .server:
            guard context.isServer else { throw TLSError(.invalidArgument, "a server needs a server context") }
            serverName = nil
        }
        self.context = context
        guard let made = unsafe SSL_new(context.pointer) else {
            throw TLSError(.resourceExhausted, "OpenSSL cannot make a connection: \(OpenSSLFailure.drainedText())")
        }
        unsafe ssl = made
        guard let bio = unsafe transport.makeBIO() else {
            throw TLSError(.resourceExhausted, "OpenSSL cannot make a BIO: \(OpenSSLFailure.drainedText())")
        }
        // One reference for both directions: with the same BIO twice, SSL_set_bio takes exactly one.
        unsafe SSL_set_bio(ssl, bio, bio)
        guard unsafe SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque()) == 1 else {
            throw TLSError(.resourceExhausted, "OpenSSL: \(OpenSSLFailure.drainedText())")
        }
        if let serverName {
            try expect(serverName)
            unsafe SSL_set_connect_state(ssl)
        } else {
            unsafe SSL_set_accept_state(ssl)
        }
    }

    deinit {
        unsafe _ = SSL_set_ex_data(ssl, 0, nil)
        unsafe SSL_free(ssl)
    }

    /// The engine a callback's SSL belongs to.
    static func owner(of ssl: OpaquePointer?) -> TLSEngine? {
        guard let ssl = unsafe ssl, let data = unsafe SSL_get_ex_data(ssl, 0) else { return nil }
        return unsafe Unmanaged<TLSEngine>.fromOpaque(data).takeUnretainedValue()
    }

    private func expect(_ name: ServerName) throws(TLSError) {
        let parameters = unsafe SSL_get0_param(ssl)
        let accepted: Bool
        switch name {
        case .dns(let host):
            // The subject's CN is not a name (RFC 9525 §2), as in Go; "f*.example.com" is no wildcard.
            unsafe X509_VERIFY_PARAM_set_hostflags(
                parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
            accepted =
                unsafe X509_VERIFY_PARAM_set1_host(parameters, host, host.utf8.count) == 1
                && mpssl_set_tlsext_host_name(ssl, host) == 1
        case .ip(let address):
            accepted = unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, address) == 1
        }
        guard accepted else {
            throw TLSError(.invalidArgument, "OpenSSL refuses the server name: \(OpenSSLFailure.drainedText())")
        }
    }

    // MARK: Steps

    /// Starts or continues the handshake. A client starts with no bytes.
    public func handshake(_ inbound: RawSpan) -> Step<HandshakeOutcome> {
        if let failure { return Step(consumed: 0, outcome: .failed(failure)) }
        let (consumed, outcome) = transport.lend(inbound) { () -> HandshakeOutcome in
            OpenSSLFailure.clear()
            let result = unsafe SSL_do_handshake(ssl)
            if result == 1 { return .complete }
            switch unsafe SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .incomplete
            case let kind: return .failed(fail(kind, during: .handshake))
            }
        }
        return Step(consumed: consumed, outcome: outcome)
    }

    /// Appends at most one record's plaintext, never more than fits, to `output`.
    ///
    /// With no room it returns `bytes(0)`. Call until `incomplete`: decrypted bytes may still wait inside.
    public func read(_ inbound: RawSpan, into output: inout OutputRawSpan) -> Step<ReadOutcome> {
        if output.freeCapacity == 0 { return Step(consumed: 0, outcome: .bytes(0)) }
        return unsafe output.withUnsafeMutableBytes { buffer, initialized in
            let step = unsafe read(inbound, into: UnsafeMutableRawBufferPointer(rebasing: buffer[initialized...]))
            if case .bytes(let count) = step.outcome { initialized += count }
            return step
        }
    }

    /// As the other one; `output` gives the room, which must not be empty.
    func read(_ inbound: RawSpan, into output: UnsafeMutableRawBufferPointer) -> Step<ReadOutcome> {
        receive(inbound) { count in unsafe SSL_read_ex(ssl, output.baseAddress, output.count, &count) }
    }

    /// Whether OpenSSL holds bytes that `read` has not given yet. Otherwise, with no bytes from the peer, `read` can only
    /// be `incomplete`.
    public var hasPending: Bool { unsafe SSL_has_pending(ssl) == 1 }

    /// Whether `read` would give something, without taking it: `bytes`, `incomplete` or an end.
    public func peek(_ inbound: RawSpan) -> Step<ReadOutcome> {
        var byte: UInt8 = 0
        return receive(inbound) { count in unsafe SSL_peek_ex(ssl, &byte, 1, &count) }
    }

    private func receive(_ inbound: RawSpan, _ call: (inout Int) -> Int32) -> Step<ReadOutcome> {
        if let failure { return Step(consumed: 0, outcome: .failed(failure)) }
        let (consumed, outcome) = transport.lend(inbound) { () -> ReadOutcome in
            OpenSSLFailure.clear()
            var count = 0
            let result = call(&count)
            if result == 1 { return .bytes(count) }
            switch unsafe SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .incomplete
            case SSL_ERROR_ZERO_RETURN: return .closeNotify
            case let kind: return .failed(fail(kind, during: .read))
            }
        }
        return Step(consumed: consumed, outcome: outcome)
    }

    /// Encrypts the front of `plaintext` (one record at most). Writing nothing is `wrote(0)`.
    public func write(_ plaintext: RawSpan) -> WriteOutcome {
        if let failure { return .failed(failure) }
        if closeNotifySent { return .failed(TLSError(.closed, "write after close_notify")) }
        if plaintext.byteCount == 0 { return .wrote(0) }
        // Checked before OpenSSL starts a record, so that none is ever left half written.
        if transport.outbound.count >= Self.outboundCap { return .full }
        let (_, outcome) = transport.lend(RawSpan()) { () -> WriteOutcome in
            OpenSSLFailure.clear()
            var count = 0
            let result = unsafe plaintext.withUnsafeBytes { bytes in
                unsafe SSL_write_ex(ssl, bytes.baseAddress, min(bytes.count, Self.recordBytes), &count)
            }
            if result == 1 { return .wrote(count) }
            return unsafe .failed(fail(SSL_get_error(ssl, result), during: .write))
        }
        return outcome
    }

    /// Makes room for the ciphertext of as many bytes, up to the cap, before the first of them is written: by and by the room
    /// is made, and left, several times.
    public func reserve(plaintext: Int) {
        let expected = min(plaintext, Self.outboundCap + Self.recordBytes)
        transport.reserve(expected + (expected / Self.recordBytes + 1) * Self.recordOverhead)
    }

    /// Says that we send no more. Does nothing before the handshake is done, after a failure, or a second time.
    ///
    /// Afterwards keep reading until `closeNotify` if the peer's last data or a clean end matter.
    public func sendCloseNotify() {
        guard failure == nil, !closeNotifySent, isHandshakeComplete else { return }
        closeNotifySent = true
        _ = transport.lend(RawSpan()) {
            OpenSSLFailure.clear()
            // 0 means "sent, the peer's has not come"; reading on is the caller's business, not SSL_shutdown's.
            if unsafe SSL_shutdown(ssl) < 0 { ERR_clear_error() }
        }
    }

    private func fail(_ kind: Int32, during phase: Phase) -> TLSError {
        let error = describe(kind, during: phase, OpenSSLFailure.drain())
        failure = error
        return error
    }

    // MARK: Outbound

    public var outboundCount: Int { transport.outbound.count }

    /// Ciphertext to send, in order; the engine keeps none of its storage.
    public func takeOutbound() -> [UInt8] {
        let bytes = transport.outbound
        transport.outbound = []
        return bytes
    }

    // MARK: What was agreed

    public var isHandshakeComplete: Bool { unsafe SSL_is_init_finished(ssl) == 1 }

    /// The application protocol both ends agreed on; nil if none.
    public var negotiatedALPN: String? {
        var data: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &data, &length)
        guard let data = unsafe data, length > 0 else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: data, count: Int(length)), as: UTF8.self)
    }

    /// Such as `TLSv1.3`.
    public var protocolVersion: String { unsafe String(cString: SSL_get_version(ssl)) }

    /// The name the client asked for (server side); nil if none.
    public var requestedServerName: String? {
        unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { unsafe String(cString: $0) }
    }

    /// The peer's leaf certificate, verified; nil before the handshake is done or if it sent none.
    public var peerCertificate: PeerCertificate? {
        guard isHandshakeComplete, unsafe SSL_get_verify_result(ssl) == Int(X509_V_OK),
            let leaf = unsafe SSL_get0_peer_certificate(ssl)
        else { return nil }
        return unsafe Certificate.borrowed(leaf)?.peerCertificate
    }

    /// What the client showed, not verified; for ``TLSContext/ClientAuthentication/requested``.
    public var shownCertificates: ShownCertificates? {
        isHandshakeComplete ? unsafe ShownCertificates(of: ssl) : nil
    }
}

@available(*, unavailable)
extension TLSEngine: Sendable {}
