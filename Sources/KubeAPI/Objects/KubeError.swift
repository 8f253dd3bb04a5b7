// SPDX-License-Identifier: Apache-2.0

/// Why the API server did not do what was asked.
///
/// `==` compares the code only, so callers and tests match on the kind and people read the message.
public struct KubeError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// No connection: name, network, or TLS.
        case unreachable
        /// No answer in time.
        case timedOut
        /// 401: our credentials are not accepted.
        case unauthorized
        /// 403: we may not do this.
        case forbidden
        case notFound
        /// 409 when creating.
        case alreadyExists
        /// 409 when writing: somebody else was faster; read again.
        case conflict
        /// 410: this resourceVersion or continue token is history; list again.
        case gone
        /// 429, or too many requests of our own are waiting.
        case tooManyRequests
        /// Another 4xx: the server does not understand what we ask.
        case invalid
        /// 5xx.
        case serverError
        /// What came is not an answer of a Kubernetes API server.
        case badAnswer
        /// The answer is beyond its cap.
        case tooLarge
        /// The task was cancelled, or the client is shut down.
        case cancelled
    }

    public let code: Code
    /// Names the request, the server and the way out. Holds no secrets.
    public let message: String
    /// How long the server asks us to wait.
    public let retryAfter: Duration?

    public init(_ code: Code, _ message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    public static func == (lhs: KubeError, rhs: KubeError) -> Bool { lhs.code == rhs.code }

    public var description: String { "\(code.rawValue): \(message)" }

    /// The same with what was being done in front.
    func prefixed(_ context: String) -> KubeError {
        KubeError(code, "\(context): \(message)", retryAfter: retryAfter)
    }
}
