// SPDX-License-Identifier: Apache-2.0
import Logging
import TLS

/// Whatever keeps the certificate that we serve valid.
protocol ServingCertificates: Sendable {
    /// Until the task is cancelled.
    func run() async
}

extension CertificateKeeper: ServingCertificates {}

/// `--tls-cert-file` and `--tls-private-key-file`: somebody else (cert-manager, an operator) makes and renews them.
struct CertificateFiles: ServingCertificates {
    /// Looked at this often: kubelet replaces a mounted Secret without telling.
    static let interval: Duration = .seconds(10)

    let certificateFile: String
    let keyFile: String
    let contexts: ServingContexts
    let logger: Logger
    var interval = CertificateFiles.interval

    /// Reads both, so that what is wrong with them is said at the start.
    func identity() throws(TLSError) -> TLSIdentity {
        try TLSIdentity(certificateFile: certificateFile, keyFile: keyFile)
    }

    func run() async {
        var serving: TLSIdentity?
        var complaint: String?
        while !Task.isCancelled {
            do throws(TLSError) {
                let identity = try identity()
                if identity != serving {
                    try contexts.replace(identity: identity)
                    logger.info("serving the certificate of a file", metadata: ["file": "\(certificateFile)"])
                    serving = identity
                }
                complaint = nil
            } catch {
                // A pair that is being replaced does not fit for a moment; what we serve stays.
                if complaint != error.message {
                    logger.warning("the certificate's files cannot be used", metadata: ["error": "\(error)"])
                }
                complaint = error.message
            }
            try? await Task.sleep(for: interval)
        }
    }
}
