// SPDX-License-Identifier: Apache-2.0
internal import COpenSSL

/// The CA certificates a peer's certificate must lead to. Never the system's store.
///
/// As in Go (and so in Kubernetes), every certificate of the bundle is an anchor by itself: an intermediate CA may
/// be trusted without its root.
public enum TrustRoots: Sendable {
    /// Path of a PEM bundle.
    case file(String)
    /// PEM text.
    case pem([UInt8])

    var source: String {
        switch self {
        case .file(let path): path
        case .pem: "the CA bundle"
        }
    }

    /// Blocking disk read.
    func load() throws(TLSError) -> [Certificate] {
        let bytes: [UInt8]
        switch self {
        case .file(let path): bytes = try SmallFile.read(path)
        case .pem(let given): bytes = given
        }
        let certificates = try PEM.certificates(bytes, source: source)
        if certificates.isEmpty {
            throw TLSError(.emptyTrust, "\(source) holds no CA certificate (no BEGIN CERTIFICATE line)")
        }
        return certificates
    }
}
