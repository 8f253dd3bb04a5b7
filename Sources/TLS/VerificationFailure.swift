// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL
import Calendar

/// What OpenSSL's verification disliked, kept because the certificate is gone once the handshake has failed.
struct VerificationFailure {
    /// An X509_V_ERR_* code.
    let code: Int32
    /// 0 is the peer's own certificate, 1 its issuer, and so on.
    let depth: Int32
    /// The certificate in question; nil if OpenSSL has none at hand.
    let certificate: Certificate?

    /// Whose certificate it is.
    enum Side {
        case client
        case server(checked: ServerName)

        var noun: String {
            switch self {
            case .client: "client"
            case .server: "server"
            }
        }
    }

    /// Reads it from a verification that has just failed.
    static func taken(from store: OpaquePointer) -> VerificationFailure {
        let current = unsafe X509_STORE_CTX_get_current_cert(store)
        return unsafe VerificationFailure(
            code: X509_STORE_CTX_get_error(store), depth: X509_STORE_CTX_get_error_depth(store),
            certificate: current.flatMap { unsafe Certificate.borrowed($0) })
    }

    /// Cause and way out.
    func error(of side: Side) -> TLSError {
        let reason = unsafe String(cString: X509_verify_cert_error_string(Int(code)))
        let subject = certificate.map { "'\($0.subjectText)'" } ?? "of unknown subject"
        let which = depth == 0 ? "\(side.noun) certificate \(subject)" : "CA certificate \(subject)"
        let text: String
        switch code {
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_CERT_UNTRUSTED, X509_V_ERR_CERT_SIGNATURE_FAILURE:
            let issuer = certificate.map { ", issued by '\($0.issuerText)'," } ?? ""
            text = "unknown CA: \(which)\(issuer) does not lead to a CA we trust (\(reason)); is it the right CA file?"
        case X509_V_ERR_CERT_HAS_EXPIRED:
            let end = certificate.map { " at \(UTCTime(unixSeconds: $0.notAfterUnixSeconds).rfc3339)" } ?? ""
            text = "\(which) has expired\(end); check its renewal and this machine's clock"
        case X509_V_ERR_CERT_NOT_YET_VALID:
            let start = certificate.map { " before \(UTCTime(unixSeconds: $0.notBeforeUnixSeconds).rfc3339)" } ?? ""
            text = "\(which) is not valid\(start); check this machine's clock"
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: text = mismatch(side)
        default: text = "\(which): \(reason)"
        }
        return TLSError(.certificateVerifyFailed, text)
    }

    private func mismatch(_ side: Side) -> String {
        let checked: String
        switch side {
        case .server(checked: .dns(let name)): checked = "'\(name)'"
        case .server(checked: .ip(let address)): checked = "IP address \(address)"
        case .client: checked = "the name"
        }
        guard let peer = certificate?.peerCertificate else { return "hostname mismatch: checked \(checked)" }
        // Enough to see which server answered, short enough for one log line.
        let names = (peer.dnsNames + peer.ipAddresses.map { "IP \($0)" }).prefix(20).joined(separator: ", ")
        let has = names.isEmpty ? "no DNS name and no IP address" : names
        return "hostname mismatch: checked \(checked), but the certificate is for \(has)"
    }
}
