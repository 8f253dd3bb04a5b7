// SPDX-License-Identifier: Apache-2.0
import Formats

/// What a JSON Web Token says of itself (RFC 7519). Nobody has verified it: for messages only.
struct TokenClaims: Equatable {
    var subject: String?
    var audiences: [String] = []
    /// Unix time in seconds.
    var notBefore: Int64?
    var expiry: Int64?

    /// nil: it is none, as a token may be any text.
    init?(_ token: String) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let payload = Base64.decode(parts[1].utf8), let claims = JSONValue(parsing: payload),
            case .object = claims
        else { return nil }
        subject = claims["sub"]?.text
        audiences = claims["aud"]?.texts ?? claims["aud"]?.text.map { [$0] } ?? []
        notBefore = claims["nbf"]?.integer
        expiry = claims["exp"]?.integer
    }

    init(subject: String? = nil, audiences: [String] = [], notBefore: Int64? = nil, expiry: Int64? = nil) {
        self.subject = subject
        self.audiences = audiences
        self.notBefore = notBefore
        self.expiry = expiry
    }
}
