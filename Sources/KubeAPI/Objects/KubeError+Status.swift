// SPDX-License-Identifier: Apache-2.0

extension KubeError {
    /// The error of an answer that is not a success.
    ///
    /// - Parameters:
    ///   - status: what the body says; nil when the answer is not from an API server.
    ///   - retryAfter: of the answer's header.
    init(httpStatus: Int, status: APIStatus?, retryAfter: Duration?, contentType: String) {
        let retryAfter = retryAfter ?? status?.retryAfterSeconds.map { .seconds(max(0, $0)) }
        guard let status else {
            // Only these have a meaning without Kubernetes' own words: a load balancer before the API server says them.
            let code: Code =
                switch httpStatus {
                case 401: .unauthorized
                case 429: .tooManyRequests
                case 502, 503, 504: .serverError
                default: .badAnswer
                }
            self.init(
                code,
                "HTTP \(httpStatus) with a body that is no Kubernetes Status"
                    + (contentType.isEmpty ? "" : " (\(APIStatus.printable(contentType)))")
                    + "; does something else than the API server answer there, such as a proxy?", retryAfter: retryAfter
            )
            return
        }
        let code = Self.code(httpStatus: httpStatus, reason: status.reason)
        let words = status.message.isEmpty ? status.reason : status.message
        var message = words.isEmpty ? "HTTP \(httpStatus)" : "\(words) (HTTP \(httpStatus))"
        switch code {
        case .unauthorized:
            message += "; the token or client certificate is not accepted: expired, or of another cluster?"
        case .forbidden: message += "; grant it to our ServiceAccount with a role and a binding"
        case .unreachable, .timedOut, .notFound, .alreadyExists, .conflict, .gone, .tooManyRequests, .invalid,
            .serverError, .badAnswer, .tooLarge, .cancelled:
            break
        }
        self.init(code, message, retryAfter: retryAfter)
    }

    /// The error of a watch's ERROR event.
    init(event status: APIStatus) {
        self.init(httpStatus: status.code == 0 ? 500 : status.code, status: status, retryAfter: nil, contentType: "")
    }

    /// A reason clarifies an HTTP status, it does not override it (meta/v1 Status).
    private static func code(httpStatus: Int, reason: String) -> Code {
        switch httpStatus {
        case 401: .unauthorized
        case 403: .forbidden
        case 404: .notFound
        case 409: reason == "AlreadyExists" ? .alreadyExists : .conflict
        case 410: .gone
        case 413: .tooLarge
        case 429: .tooManyRequests
        case 400..<500: .invalid
        case 500...: .serverError
        default: .badAnswer
        }
    }
}
