// SPDX-License-Identifier: Apache-2.0
import Formats

/// When a token that the API server has accepted ends (RFC 7519 §4.1.4): a TokenReview does not say.
///
/// The signature is not looked at; the API server has done that.
enum TokenExpiry {
    /// - Returns: Unix time in seconds; nil when the token is not a JSON Web Token, or has no end.
    static func unixSeconds(of token: String) -> Int64? {
        switch claims(of: token)?["exp"] {
        case .int(let seconds): return seconds
        case .decimal(let text): return Double(text).flatMap { Int64(exactly: $0.rounded(.down)) }
        case .null, .bool, .string, .array, .object, nil: return nil
        }
    }

    /// Whom the token names, such as `system:serviceaccount:kube-system:metrics-push-aggregator`.
    static func subject(of token: String) -> String? { claims(of: token)?["sub"]?.text }

    private static func claims(of token: String) -> JSONValue? {
        let parts = token.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64.decode(parts[1]) else { return nil }
        return JSONValue(parsing: payload)
    }
}
