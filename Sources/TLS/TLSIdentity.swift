// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// A certificate chain and its private key, checked to belong together.
public struct TLSIdentity: Sendable, Equatable {
    /// Leaf first, then the intermediates in the order given.
    let chain: [Certificate]
    let key: PrivateKey
    /// Where it came from, for messages.
    let source: String

    /// End of the leaf's validity, seconds since 1970.
    public let notAfterUnixSeconds: Int64

    /// Same certificates, in the same order, and the same key.
    public static func == (a: TLSIdentity, b: TLSIdentity) -> Bool {
        guard a.chain.count == b.chain.count, unsafe EVP_PKEY_eq(a.key.pointer, b.key.pointer) == 1 else {
            return false
        }
        return zip(a.chain, b.chain).allSatisfy { unsafe X509_cmp($0.pointer, $1.pointer) == 0 }
    }

    /// Blocking disk reads. The certificate file holds the leaf first, then any intermediates.
    public init(certificateFile: String, keyFile: String) throws(TLSError) {
        try self.init(
            certificates: SmallFile.read(certificateFile), certificateSource: certificateFile,
            key: SmallFile.read(keyFile), keySource: keyFile)
    }

    public init(certificatePEM: [UInt8], keyPEM: [UInt8]) throws(TLSError) {
        try self.init(
            certificates: certificatePEM, certificateSource: "the certificate", key: keyPEM, keySource: "the key")
    }

    private init(
        certificates: [UInt8], certificateSource: String, key keyBytes: [UInt8], keySource: String
    ) throws(TLSError) {
        chain = try PEM.certificates(certificates, source: certificateSource)
        guard let leaf = chain.first else {
            throw TLSError(
                .badCertificate, "\(certificateSource) holds no PEM certificate (no BEGIN CERTIFICATE line)")
        }
        key = try PEM.privateKey(keyBytes, source: keySource)
        guard unsafe X509_check_private_key(leaf.pointer, key.pointer) == 1 else {
            ERR_clear_error()
            throw TLSError(
                .keyMismatch,
                "\(keySource) is not the key of \(certificateSource); the leaf certificate must come first in it")
        }
        source = certificateSource
        notAfterUnixSeconds = leaf.notAfterUnixSeconds
    }
}
