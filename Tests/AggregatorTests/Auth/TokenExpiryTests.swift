// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Aggregator

@Suite("When a token ends")
struct TokenExpiryTests {
    @Test("the claim exp says it, whole or with a fraction")
    func exp() {
        #expect(
            TokenExpiry.unixSeconds(of: token(#"{"aud":["metrics-push"],"exp":1700003600,"iat":1}"#)) == 1_700_003_600)
        #expect(TokenExpiry.unixSeconds(of: token(#"{"exp":1700003600.9}"#)) == 1_700_003_600)
        #expect(TokenExpiry.unixSeconds(of: token(#"{"exp":1.7e9}"#)) == 1_700_000_000)
    }

    @Test(
        "without a claim, or without being a token of that kind, there is no end",
        arguments: [
            "", "opaque", "a.b", "a.b.c", "..", token("{}"), token("[]"), token(#"{"exp":"soon"}"#),
            token(#"{"exp":null}"#),
            token(#"{"exp":1e400}"#), token("not json"), token(#"{"exp":1}"#) + ".x",
        ])
    func none(text: String) {
        #expect(TokenExpiry.unixSeconds(of: text) == nil)
    }
}
