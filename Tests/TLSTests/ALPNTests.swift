// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

private let pki = TestPKI.shared

@Suite struct ALPNTests {
    private func connect(
        client: [String], server: [String], required: Bool = false
    ) throws -> (EnginePair, chosen: String?) {
        let pair = try EnginePair(
            client: pki.clientContext(alpn: client), server: pki.serverContext(alpn: server, requiresALPN: required))
        pair.handshake()
        #expect(pair.client.negotiatedALPN == pair.server.negotiatedALPN)
        return (pair, pair.client.negotiatedALPN)
    }

    @Test("The server's preference decides")
    func preference() throws {
        #expect(try connect(client: ["http/1.1", "h2"], server: ["h2", "http/1.1"]).chosen == "h2")
        #expect(try connect(client: ["h2", "http/1.1"], server: ["http/1.1", "h2"]).chosen == "http/1.1")
    }

    @Test("Without overlap, without an offer or without support there is no protocol")
    func noProtocol() throws {
        for (client, server) in [(["a"], ["b"]), ([], ["b"]), (["a"], []), ([], [])] {
            let (pair, chosen) = try connect(client: client, server: server)
            #expect(pair.clientError == nil && pair.serverError == nil)
            #expect(chosen == nil)
        }
    }

    @Test("Where it is required, no overlap is an alert both ends understand")
    func requiredNoOverlap() throws {
        let (pair, _) = try connect(client: ["a"], server: ["b"], required: true)
        #expect(pair.serverError?.code == .alpnMismatch)
        #expect(pair.clientError?.code == .alpnMismatch)
    }

    @Test("Where it is required, no offer is refused the same way")
    func requiredNotOffered() throws {
        let (pair, _) = try connect(client: [], server: ["b"], required: true)
        #expect(pair.serverError?.code == .alpnMismatch)
        #expect(pair.clientError?.code == .alpnMismatch)
        #expect(try connect(client: ["b"], server: ["b"], required: true).chosen == "b")
    }

    @Test("Names that cannot be sent are refused")
    func badNames() throws {
        for names in [[""], [String(repeating: "a", count: 256)], Array(repeating: "abcdefgh", count: 8000)] {
            #expect(tlsError { try pki.clientContext(alpn: names) }?.code == .invalidArgument)
        }
        #expect(try connect(client: [String(repeating: "a", count: 255)], server: []).chosen == nil)
        #expect(tlsError { try pki.serverContext(requiresALPN: true) }?.code == .invalidArgument)
    }
}
