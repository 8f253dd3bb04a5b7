internal import COpenSSL
// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A certificate while it is being filled in.
struct CertificateDraft {
    /// Clocks of peers may be this far behind, in seconds.
    private static let backdating: Int64 = 300
    /// 100 years: past it dates stop making sense to other software.
    private static let maximumSeconds: Int64 = 100 * 366 * 86_400

    private let certificate: Certificate
    /// Who signs; nil for a self-signed one. Needed for the key identifiers.
    private var issuer: Certificate?

    private var x509: OpaquePointer { unsafe certificate.pointer }

    init(
        commonName: String, organizations: [String], key: PrivateKey, validFor: Duration,
        notAfterLimit: Int64 = .max
    ) throws(TLSError) {
        guard let made = unsafe X509_new() else { throw Self.failure("X509_new") }
        certificate = unsafe Certificate(taking: made)
        let seconds = validFor.components.seconds
        guard seconds > 0, seconds <= Self.maximumSeconds else {
            throw TLSError(.invalidArgument, "a certificate cannot be valid for \(validFor)")
        }
        let now = Int64(time(nil))
        let end = min(now + seconds, notAfterLimit)
        guard end > now else { throw TLSError(.invalidArgument, "the CA has expired; make a new one") }
        // X.509 v3 is written as 2.
        guard unsafe X509_set_version(x509, 2) == 1, unsafe X509_set_pubkey(x509, key.pointer) == 1 else {
            throw Self.failure("X509_set_pubkey")
        }
        try unsafe Self.set(X509_getm_notBefore(x509), now - Self.backdating)
        try unsafe Self.set(X509_getm_notAfter(x509), end)
        try setSerial()
        for organization in organizations { try addSubject(NID_organizationName, organization) }
        try addSubject(NID_commonName, commonName)
    }

    private static func set(_ field: UnsafeMutablePointer<ASN1_TIME>?, _ unixSeconds: Int64) throws(TLSError) {
        guard unsafe ASN1_TIME_set(field, time_t(unixSeconds)) != nil else { throw failure("ASN1_TIME_set") }
    }

    /// 20 random octets, positive: unique without a register (RFC 5280 §4.1.2.2).
    private func setSerial() throws(TLSError) {
        var octets = try Crypto.randomBytes(20)
        octets[0] = octets[0] & 0x3F | 0x40
        guard let number = unsafe BN_bin2bn(octets, Int32(octets.count), nil) else { throw Self.failure("BN_bin2bn") }
        defer { unsafe BN_free(number) }
        guard unsafe BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != nil else {
            throw Self.failure("BN_to_ASN1_INTEGER")
        }
    }

    private func addSubject(_ nid: Int32, _ text: String) throws(TLSError) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            throw TLSError(.invalidArgument, "'\(text)' cannot be a certificate's subject: empty or control characters")
        }
        let added = unsafe X509_NAME_add_entry_by_NID(
            X509_get_subject_name(x509), nid, MBSTRING_UTF8, bytes, Int32(clamping: bytes.count), -1, 0)
        guard added == 1 else {
            // Common names and organizations are limited to 64 characters by the standard.
            throw TLSError(
                .invalidArgument, "'\(text)' cannot be a certificate's subject: \(OpenSSLFailure.drainedText())")
        }
    }

    /// An extension in OpenSSL's configuration syntax; `value` is a constant of ours, never input.
    func add(_ nid: Int32, _ value: String) throws(TLSError) {
        var context = unsafe X509V3_CTX()
        unsafe X509V3_set_ctx(&context, issuer?.pointer ?? x509, x509, nil, nil, 0)
        guard let made = unsafe X509V3_EXT_conf_nid(nil, &context, nid, value) else { throw Self.failure(value) }
        defer { unsafe X509_EXTENSION_free(made) }
        guard unsafe X509_add_ext(x509, made, -1) == 1 else { throw Self.failure(value) }
    }

    /// The subject alternative name, built from values: no name can smuggle in another one.
    func addNames(dns: [String], ip: [String]) throws(TLSError) {
        if dns.isEmpty && ip.isEmpty { return }
        guard let names = unsafe mpssl_general_names_new() else { throw Self.failure("GENERAL_NAMES") }
        defer { unsafe GENERAL_NAMES_free(names) }
        for name in dns {
            let checked = name.hasPrefix("*.") ? String(name.dropFirst(2)) : name
            guard case .dns = try ServerName(checked) else {
                throw TLSError(.invalidArgument, "'\(name)' is an IP address, not a DNS name")
            }
            guard let string = unsafe ASN1_STRING_type_new(V_ASN1_IA5STRING) else { throw Self.failure(name) }
            guard unsafe ASN1_STRING_set(string, name, Int32(clamping: name.utf8.count)) == 1 else {
                unsafe ASN1_STRING_free(string)
                throw Self.failure(name)
            }
            try unsafe Self.push(GEN_DNS, string, to: names)
        }
        for address in ip {
            guard !address.utf8.contains(0), let octets = unsafe a2i_IPADDRESS(address) else {
                ERR_clear_error()
                throw TLSError(.invalidArgument, "'\(address)' is not an IP address")
            }
            try unsafe Self.push(GEN_IPADD, octets, to: names)
        }
        guard unsafe X509_add1_ext_i2d(x509, NID_subject_alt_name, UnsafeMutableRawPointer(names), 0, 0) == 1 else {
            throw Self.failure("subjectAltName")
        }
    }

    /// Takes ownership of `value`, also when it throws.
    private static func push(
        _ kind: Int32, _ value: UnsafeMutablePointer<ASN1_STRING>, to names: OpaquePointer
    ) throws(TLSError) {
        guard let name = unsafe GENERAL_NAME_new() else {
            unsafe ASN1_STRING_free(value)
            throw failure("GENERAL_NAME")
        }
        unsafe GENERAL_NAME_set0_value(name, kind, value)
        guard unsafe mpssl_general_names_push(names, name) > 0 else {
            unsafe GENERAL_NAME_free(name)
            throw failure("GENERAL_NAMES")
        }
    }

    /// Adds the extensions and signs with SHA-256. `issuer` nil: self-signed.
    mutating func sign(
        issuer: Certificate?, issuerKey: PrivateKey, _ extensions: (CertificateDraft) throws(TLSError) -> Void
    ) throws(TLSError) -> Certificate {
        self.issuer = issuer
        let name = unsafe X509_get_subject_name(issuer?.pointer ?? x509)
        guard unsafe X509_set_issuer_name(x509, name) == 1 else { throw Self.failure("issuer") }
        try extensions(self)
        guard unsafe X509_sign(x509, issuerKey.pointer, EVP_sha256()) > 0 else { throw Self.failure("sign") }
        return certificate
    }

    private static func failure(_ what: String) -> TLSError {
        TLSError(.resourceExhausted, "OpenSSL cannot make the certificate (\(what)): \(OpenSSLFailure.drainedText())")
    }
}
