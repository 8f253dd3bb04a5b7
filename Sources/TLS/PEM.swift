// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// A certificate owned by Swift.
///
/// `@unchecked Sendable`: the X509 is never changed after it is parsed or signed, and OpenSSL's reference
/// counts and lazily cached extensions are thread-safe.
@safe
final class Certificate: @unchecked Sendable {
    /// Owned: released in `deinit`.
    let pointer: OpaquePointer

    init(taking pointer: OpaquePointer) { unsafe self.pointer = pointer }
    deinit { unsafe X509_free(pointer) }
}

/// A private key owned by Swift; same invariant as ``Certificate``.
@safe
final class PrivateKey: @unchecked Sendable {
    /// Owned: released in `deinit`.
    let pointer: OpaquePointer

    init(taking pointer: OpaquePointer) { unsafe self.pointer = pointer }
    deinit { unsafe EVP_PKEY_free(pointer) }
}

/// PEM text to and from certificates and keys.
enum PEM {
    /// Bounds a bundle: the Mozilla set is about 140 certificates.
    static let maximumCertificates = 1024

    /// All certificates in order; other PEM blocks between them are skipped. `source` names the file in errors.
    static func certificates(_ bytes: [UInt8], source: String) throws(TLSError) -> [Certificate] {
        try OpenSSLLibrary.ensureInitialized()
        var certificates: [Certificate] = []
        var failure: TLSError?
        unsafe try withReadBIO(bytes) { bio in
            while failure == nil {
                if let parsed = unsafe PEM_read_bio_X509(bio, nil, refusePassphrase, nil) {
                    unsafe certificates.append(Certificate(taking: parsed))
                    if certificates.count > maximumCertificates {
                        failure = TLSError(
                            .badCertificate, "\(source) holds more than \(maximumCertificates) certificates")
                    }
                    continue
                }
                let failures = OpenSSLFailure.drain()
                let atEnd = failures.contains { $0.library == ERR_LIB_PEM && $0.reason == PEM_R_NO_START_LINE }
                if !atEnd {
                    failure = TLSError(
                        .badCertificate,
                        "certificate \(certificates.count + 1) in \(source) cannot be parsed: "
                            + failures.map(\.text).joined(separator: "; "))
                }
                return
            }
        }
        if let failure { throw failure }
        return certificates
    }

    /// The first private key. Passphrases are not supported: a daemon has nobody to ask.
    static func privateKey(_ bytes: [UInt8], source: String) throws(TLSError) -> PrivateKey {
        try OpenSSLLibrary.ensureInitialized()
        var key: PrivateKey?
        unsafe try withReadBIO(bytes) { bio in
            if let parsed = unsafe PEM_read_bio_PrivateKey(bio, nil, refusePassphrase, nil) {
                unsafe key = PrivateKey(taking: parsed)
            }
        }
        if let key { return key }
        let reasons = OpenSSLFailure.drainedText()
        if contains(bytes, "ENCRYPTED") {
            throw TLSError(
                .badKey, "the key in \(source) is encrypted; decrypt it first (openssl pkey -in \(source))")
        }
        if !contains(bytes, "PRIVATE KEY-----") {
            throw TLSError(.badKey, "\(source) holds no PEM private key (no BEGIN PRIVATE KEY line)")
        }
        throw TLSError(.badKey, "the key in \(source) cannot be parsed: \(reasons)")
    }

    static func encode(_ certificate: Certificate) throws(TLSError) -> [UInt8] {
        unsafe try withWriteBIO { bio in unsafe PEM_write_bio_X509(bio, certificate.pointer) }
    }

    /// Unencrypted PKCS #8.
    static func encode(_ key: PrivateKey) throws(TLSError) -> [UInt8] {
        unsafe try withWriteBIO { bio in unsafe PEM_write_bio_PKCS8PrivateKey(bio, key.pointer, nil, nil, 0, nil, nil) }
    }

    private static func withReadBIO(_ bytes: [UInt8], _ body: (OpaquePointer) -> Void) throws(TLSError) {
        guard let length = Int32(exactly: bytes.count) else {
            throw TLSError(.invalidArgument, "PEM text of \(bytes.count) bytes is too long")
        }
        // The BIO borrows the array's storage; it is freed before the borrow ends.
        let made = unsafe bytes.withUnsafeBytes { buffer in
            guard let bio = unsafe BIO_new_mem_buf(buffer.baseAddress ?? emptyBytes, length) else { return false }
            defer { unsafe _ = BIO_free(bio) }
            unsafe body(bio)
            return true
        }
        if !made { throw TLSError(.resourceExhausted, "OpenSSL: \(OpenSSLFailure.drainedText())") }
    }

    private static func withWriteBIO(_ body: (OpaquePointer) -> Int32) throws(TLSError) -> [UInt8] {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else {
            throw TLSError(.resourceExhausted, "OpenSSL: \(OpenSSLFailure.drainedText())")
        }
        defer { unsafe _ = BIO_free(bio) }
        guard unsafe body(bio) == 1 else {
            throw TLSError(.resourceExhausted, "OpenSSL cannot write PEM: \(OpenSSLFailure.drainedText())")
        }
        var data: UnsafeMutablePointer<CChar>?
        let count = unsafe mpssl_bio_get_mem_data(bio, &data)
        return unsafe Array(UnsafeRawBufferPointer(start: data, count: max(0, count)))
    }

    private static func contains(_ bytes: [UInt8], _ text: StaticString) -> Bool {
        let needle = Array(String(describing: text).utf8)
        guard bytes.count >= needle.count else { return false }
        return (0...(bytes.count - needle.count)).contains { start in
            bytes[start..<(start + needle.count)].elementsEqual(needle)
        }
    }
}

/// Without a callback OpenSSL would ask the terminal.
private let refusePassphrase:
    @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?)
        -> Int32 = { _, _, _, _ in -1 }

/// A valid address for zero-length input.
private nonisolated(unsafe) let emptyBytes: UnsafeRawPointer = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))
