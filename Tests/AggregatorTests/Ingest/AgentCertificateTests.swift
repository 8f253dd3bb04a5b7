// SPDX-License-Identifier: Apache-2.0
import TLS
import Testing
import Wire

@testable import Aggregator

@Suite("Which node a certificate speaks for")
struct AgentCertificateTests {
    private func verdict(_ node: String, _ name: String?, dns: [String] = []) -> AgentVerdict {
        .of(PeerCertificate(commonName: name, dnsNames: dns, notAfterUnixSeconds: 7), node: node)
    }

    @Test("the node in its common name or its DNS names, until it ends")
    func names() {
        #expect(verdict("n1", "system:node:n1") == .accepted(untilUnixSeconds: 7))
        #expect(verdict("n9", "x", dns: ["n8", "n9"]) == .accepted(untilUnixSeconds: 7))
    }

    @Test("no other", arguments: ["system:node:n2", "n1", "system:node:", "system:node:n1.", "SYSTEM:NODE:n1"])
    func foreign(name: String) {
        guard case .refused(let reject) = verdict("n1", name) else {
            Issue.record("accepted")
            return
        }
        #expect(reject.code == .wrongNode)
        #expect(reject.reason.hasPrefix("the client certificate is for \(name), not for system:node:n1; "))
    }

    @Test("one without a common name says so")
    func nameless() {
        guard case .refused(let reject) = verdict("n1", nil) else {
            Issue.record("accepted")
            return
        }
        #expect(reject.reason.contains("no common name"))
    }
}
