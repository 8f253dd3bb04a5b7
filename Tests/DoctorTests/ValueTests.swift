// SPDX-License-Identifier: Apache-2.0
import Console
import Testing

@testable import Aggregator

@Suite("What the doctor reads")
struct ValueTests {
    @Test("dates are what the C library makes of them")
    func dates() {
        for seconds in stride(from: Int64(0), to: 4_102_444_800, by: 86_400 * 13 + 3_607) {
            #expect(HTTPDate.unixSeconds(HTTPDateText.of(seconds)) == seconds)
        }
    }

    @Test(
        "what is no date is none",
        arguments: [
            "", "Sun", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov -1 08:49:37 GMT",
            "Sun, 06 Nov 99999999999999999999 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
        ])
    func noDates(_ text: String) { #expect(HTTPDate.unixSeconds(text) == nil) }

    @Test("versions compare by number, whatever follows it")
    func versions() throws {
        #expect(try #require(ServerVersion("v1.9.11")) < .oldest)
        #expect(try #require(ServerVersion("v1.30.0-gke.17")) >= .nodeClaims)
        #expect(try #require(ServerVersion("v1.29+")) < .nodeClaims)
        #expect(ServerVersion("v1") == nil && ServerVersion("") == nil && ServerVersion("v1.x") == nil)
    }

    @Test("a difference of the clocks counts beyond what a round trip and whole seconds explain")
    func clocks() {
        func verdict(_ theirs: Int64, _ before: Int64, _ after: Int64) -> Finding {
            APIServerCheck.clock(HTTPDateText.of(theirs), between: before, and: after)
        }
        #expect(verdict(1000, 1000, 1008).verdict == .ok)
        #expect(verdict(1005, 1000, 1008).verdict == .ok)
        #expect(verdict(999, 1000, 1000).verdict == .ok)
        #expect(verdict(1060, 1000, 1000).found == "60 s behind the API server's")
        #expect(verdict(1000, 1060, 1060).found == "60 s ahead of the API server's")
        #expect(verdict(1060, 1000, 1000).verdict == .warn)
        #expect(verdict(1600, 1000, 1000).verdict == .fail)
        #expect(APIServerCheck.clock("soon", between: 0, and: 0).verdict == .warn)
    }

    @Test("old servers are said to be so")
    func oldServers() {
        #expect(APIServerCheck.version("v1.19.3", "it").verdict == .warn)
        #expect(APIServerCheck.version("v1.20.2", "it").found.contains("pod is looked up instead"))
        #expect(APIServerCheck.version("v1.31.0", "it") == .ok("API server", "it, v1.31.0"))
    }

    @Test("rights are named with their objects, the verbs of each together")
    func rights() {
        let rights = RightsCheck.purposes(.ofTests, namespace: "ns")
        #expect(RightsCheck.text(rights[0].rights) == "list, watch nodes; list, watch, get pods")
        #expect(
            rights.map { RightsCheck.text($0.rights) }.contains(
                "get, update secrets ns/metrics-push-ca; get, update configmaps ns/metrics-push-ca"))
    }

    @Test("of a client certificate that has expired it is said when")
    func certificates() {
        #expect(CredentialsCheck.certificate("CN=admin", 86_400, now: 0).verdict == .ok)
        #expect(
            CredentialsCheck.certificate("CN=admin", 86_400, now: 86_400).found
                == "client certificate CN=admin, expired 1970-01-02")
    }
}
