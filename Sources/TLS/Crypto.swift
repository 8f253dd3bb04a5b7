// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// The few primitives other targets need.
public enum Crypto {
    /// From OpenSSL's CSPRNG. `count` must not be negative.
    public static func randomBytes(_ count: Int) throws(TLSError) -> [UInt8] {
        try OpenSSLLibrary.ensureInitialized()
        guard let length = Int32(exactly: count), length >= 0 else {
            throw TLSError(.invalidArgument, "cannot make \(count) random bytes")
        }
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe RAND_bytes(&bytes, length) == 1 else {
            throw TLSError(.resourceExhausted, "no randomness: \(OpenSSLFailure.drainedText())")
        }
        return bytes
    }

    /// In time that depends on the length only; different lengths are unequal at once.
    public static func constantTimeEquals(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return unsafe CRYPTO_memcmp(a, b, a.count) == 0
    }

    /// 32 bytes.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        let ok = unsafe EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
        precondition(ok == 1, "SHA-256 is part of every OpenSSL build and cannot fail on valid memory")
        return digest
    }
}
