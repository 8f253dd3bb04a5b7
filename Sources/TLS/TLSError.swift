// SPDX-License-Identifier: Apache-2.0

/// What went wrong, in words an operator can act on.
///
/// `==` compares the code only, so callers and tests match on the kind and people read the message.
public struct TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure.
    public enum Code: String, Sendable, Hashable {
        /// A certificate, key or CA file cannot be opened or read.
        case fileUnreadable
        /// A certificate is not PEM, not X.509, or too weak for the security level.
        case badCertificate
        /// A private key is not PEM, is encrypted, or is of an unusable kind.
        case badKey
        /// The private key does not belong to the certificate.
        case keyMismatch
        /// A CA bundle holds no certificate.
        case emptyTrust
        /// The handshake failed for a reason other than those below; also when the peer refused our certificate.
        case handshakeFailed
        /// The peer hung up in the middle of the handshake without a word: a probe, or somebody who changed their mind.
        case handshakeCut
        /// The peer's certificate was refused: unknown CA, expired, wrong name, or missing.
        case certificateVerifyFailed
        /// The peer broke the protocol or does not speak TLS at all.
        case protocolError
        /// The connection ended without close_notify: what was read may be incomplete.
        case truncated
        /// The connection is already closed.
        case closed
        /// A deadline passed.
        case timedOut
        /// No connection: the name does not resolve, or the address refuses or cannot be reached.
        case connectFailed
        /// The two ends share no application protocol.
        case alpnMismatch
        /// A bound was reached: too many bytes wait for a peer that does not read, or for a handshake.
        case limitExceeded
        /// The caller's argument cannot be used.
        case invalidArgument
        /// OpenSSL or the kernel failed for want of memory, entropy or descriptors.
        case resourceExhausted
    }

    public let code: Code
    /// Cause and way out. Holds no secrets.
    public let message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public static func == (lhs: TLSError, rhs: TLSError) -> Bool { lhs.code == rhs.code }

    public var description: String { "\(code.rawValue): \(message)" }

    /// The same failure with what was being done in front.
    public func prefixed(_ context: String) -> TLSError { TLSError(code, "\(context): \(message)") }
}
