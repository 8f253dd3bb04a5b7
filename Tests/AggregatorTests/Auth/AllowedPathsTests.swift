// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Aggregator

@Suite("Paths that need no permission")
struct AllowedPathsTests {
    @Test("a path is allowed whole, or up to a star")
    func patterns() {
        let paths = AllowedPaths(["/livez", "metrics", "/debug/*"])
        for allowed in ["/livez", "/metrics", "/debug/", "/debug/a/b"] {
            #expect(paths.contains(allowed), "\(allowed)")
        }
        for other in ["/livez/ping", "/livez/", "/", "/debug", "/metricsx", "//livez"] {
            #expect(!paths.contains(other), "\(other)")
        }
        #expect(!AllowedPaths([]).contains("/"))
    }
}
