// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// Verification callback: takes notes, never changes the verdict.
let recordVerification: @convention(c) (Int32, OpaquePointer?) -> Int32 = { verdict, store in
    guard verdict != 1, let store = unsafe store else { return verdict }
    let index = SSL_get_ex_data_X509_STORE_CTX_idx()
    guard let ssl = unsafe X509_STORE_CTX_get_ex_data(store, index),
        let engine = unsafe TLSEngine.owner(of: OpaquePointer(ssl))
    else { return verdict }
    unsafe engine.verification = .taken(from: store)
    return verdict
}

extension TLSEngine {
    enum Phase {
        case handshake
        case read
        case write
    }

    /// Reason codes from 1000 on are alerts the peer sent (ssl.h: SSL_AD_REASON_OFFSET).
    private static let alertOffset: Int32 = 1000

    /// Turns one failed call into an error; `failures` is the drained queue of that call.
    func describe(_ kind: Int32, during phase: Phase, _ failures: [OpenSSLFailure]) -> TLSError {
        if transport.overflowed {
            return TLSError(.limitExceeded, "more than \(MemoryTransport.hardCap) bytes wait for the peer to read")
        }
        if kind == SSL_ERROR_ZERO_RETURN { return TLSError(.handshakeFailed, "the peer closed during the handshake") }
        if clientOfferedNoALPN {
            return TLSError(.alpnMismatch, "the client offered no application protocol (ALPN), and one is required")
        }
        let own = failures.filter { $0.library == ERR_LIB_SSL }
        if let failure = own.first {
            switch failure.reason {
            case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: return plainHTTP
            case SSL_R_NO_APPLICATION_PROTOCOL:
                return TLSError(.alpnMismatch, "the client offers no application protocol (ALPN) that we speak")
            case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
                return TLSError(.certificateVerifyFailed, "the client sent no certificate, and one is required")
            case SSL_R_CERTIFICATE_VERIFY_FAILED: return verificationError
            case SSL_R_UNEXPECTED_EOF_WHILE_READING:
                return TLSError(.truncated, "the peer closed the connection without close_notify")
            case Self.alertOffset...: return alert(failure.reason - Self.alertOffset, failure.text)
            case SSL_R_WRONG_VERSION_NUMBER, SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_VERSION_TOO_LOW:
                if phase == .handshake { return notTLS(failure.text) }
            default: break
            }
        }
        let text = failures.isEmpty ? "connection lost" : failures.map(\.text).joined(separator: "; ")
        switch phase {
        case .handshake: return TLSError(.handshakeFailed, "TLS handshake failed: \(text)")
        case .read, .write: return TLSError(.protocolError, "the peer broke the TLS protocol: \(text)")
        }
    }

    private var plainHTTP: TLSError {
        TLSError(
            .protocolError,
            serverName == nil
                ? "peer speaks plain HTTP on a TLS port; use https://"
                : "the server answers in plain HTTP, not TLS; is this its TLS port?")
    }

    /// OpenSSL knows four HTTP methods; the first bytes tell the rest, and the answers to a client.
    private func notTLS(_ text: String) -> TLSError {
        let first = transport.firstBytes
        if first.starts(with: Array("HTTP/".utf8)) { return plainHTTP }
        let word = first.prefix { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") }
        if word.count >= 3, first.count == word.count || first[word.count] == UInt8(ascii: " ") { return plainHTTP }
        // A TLS record starts with its content type and major version 3.
        if first.count >= 2, (20...23).contains(first[0]), first[1] == 3 {
            return TLSError(.handshakeFailed, "no TLS version in common (1.2 or 1.3 is needed): \(text)")
        }
        let hex = first.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        return TLSError(.protocolError, "peer does not speak TLS (it sent \(hex))")
    }

    /// Alerts by number (RFC 8446 §6).
    private func alert(_ number: Int32, _ text: String) -> TLSError {
        switch number {
        case 120: TLSError(.alpnMismatch, "the peer speaks none of the application protocols we offer (ALPN)")
        case 42...46, 48, 116, 51, 113:
            TLSError(
                .handshakeFailed,
                "the peer refused our certificate (\(text)); does it trust our CA, and is the certificate for us?")
        case 40, 47, 49, 70, 71, 80, 86, 109, 112:
            TLSError(.handshakeFailed, "the peer refused the connection (\(text))")
        default: TLSError(.protocolError, "the peer reported an error (\(text))")
        }
    }

    private var verificationError: TLSError {
        let side: VerificationFailure.Side = serverName.map { .server(checked: $0) } ?? .client
        guard let verification else {
            let code = unsafe SSL_get_verify_result(ssl)
            return TLSError(
                .certificateVerifyFailed,
                unsafe "\(side.noun) certificate: \(String(cString: X509_verify_cert_error_string(code)))")
        }
        return verification.error(of: side)
    }
}
