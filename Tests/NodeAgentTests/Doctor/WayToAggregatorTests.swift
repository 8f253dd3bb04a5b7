// SPDX-License-Identifier: Apache-2.0
import Console
import Formats
import TLS
import TLSTestSupport
import Testing
import Wire

@testable import NodeAgent

@Suite("agent --doctor on the way to the aggregator")
struct WayToAggregatorTests {
    private let pki = TestPKI.shared
    private let directory = TemporaryDirectory()

    private func options(_ port: UInt16, _ change: (inout AgentOptions) -> Void = { _ in }) -> AgentOptions {
        var options = AgentOptions()
        options.aggregators = [Endpoint(host: "127.0.0.1", port: port)]
        options.serverName = "localhost"
        options.caFile = directory.write("ca.pem", pki.authority.certificatePEM)
        options.tokenFile = directory.write("token", Array("opaque\n".utf8))
        change(&options)
        return options
    }

    /// Completes the handshake and says nothing; what comes in before the goodbye is not wanted.
    private func server(_ context: TLSContext) -> LoopbackServer {
        LoopbackServer { connection in
            try connection.handshake(context)
            #expect(try connection.read().isEmpty, "the doctor sent something")
            try connection.sendCloseNotify()
        }
    }

    private func push(_ context: TLSContext, _ change: (inout AgentOptions) -> Void = { _ in }) throws -> Finding {
        let server = server(context)
        return try AggregatorCheck.run(options(server.port, change)).finding("push to 127.0.0.1:\(server.port)")
    }

    @Test("one that answers is left at the handshake, without a Hello")
    func well() throws {
        let found = try push(pki.serverContext(alpn: [PushProtocol.alpn]))
        // The certificate of these tests is valid for an hour.
        #expect(found.verdict == .warn, "\(found)")
        #expect(
            found.found.hasPrefix(
                "TLSv1.3, metrics-push/1; certificate for localhost, *.example.com, 127.0.0.1, ::1 until "))
        #expect(found.found.hasSuffix("no Hello was sent, as it would end the running agent's session"))
        let certificate = PeerCertificate(commonName: nil, dnsNames: ["a"], notAfterUnixSeconds: 100_000)
        let good = AggregatorCheck.judge("s", alpn: PushProtocol.alpn, version: "v", certificate, now: 1_000)
        #expect(good.verdict == .ok)
    }

    @Test("another CA's certificate")
    func wrongCA() throws {
        let found = try push(pki.serverContext(alpn: [PushProtocol.alpn])) {
            $0.caFile = directory.write("other.pem", pki.stranger.certificatePEM)
        }
        #expect(found.verdict == .fail && found.found.contains("unknown CA"))
        #expect(found.fix.first?.hasPrefix("--ca-file must hold the CA") == true)
    }

    @Test("an expired certificate, in the handshake and as the CA's file")
    func expired() throws {
        let expired = try ExpiredCertificate(in: directory)
        let identity = try TLSIdentity(certificateFile: expired.certificateFile, keyFile: expired.keyFile)
        let found = try push(.server(identity: identity, alpn: [PushProtocol.alpn])) {
            $0.caFile = expired.certificateFile
        }
        #expect(found.verdict == .fail && found.found.contains("has expired at 2020-01-02T03:04:05Z"))
        let authority = try CredentialCheck.run(options(1) { $0.caFile = expired.certificateFile }, now: 1_800_000_000)
            .finding("CA")
        #expect(authority.verdict == .fail && authority.found == "CN=localhost expired 2020-01-02")
    }

    @Test("a certificate for another name")
    func wrongName() throws {
        let found = try push(pki.serverContext(alpn: [PushProtocol.alpn])) { $0.serverName = "aggregator.svc" }
        #expect(found.verdict == .fail && found.found.contains("hostname mismatch: checked 'aggregator.svc'"))
        #expect(found.fix.contains("the certificate must be for aggregator.svc; --server-name checks for another name"))
    }

    @Test("another protocol on the port")
    func wrongPort() throws {
        let found = try push(pki.serverContext())
        #expect(found.verdict == .fail && found.found == "speaks TLS, and not metrics-push/1")
        let plain = LoopbackServer { try $0.sendRaw(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)) }
        let other = try AggregatorCheck.run(options(plain.port)).finding("push to 127.0.0.1:\(plain.port)")
        #expect(other.verdict == .fail && other.found.contains("plain HTTP"))
    }

    @Test("nobody listens, and no such name")
    func unreachable() throws {
        let port = LoopbackServer.closedPort()
        let refused = try AggregatorCheck.run(options(port)).finding("push to 127.0.0.1:\(port)")
        #expect(refused.verdict == .fail && refused.fix.first?.contains("NetworkPolicy") == true)
        let nowhere = Endpoint(host: "no..such", port: 1)
        let unresolved = try AggregatorCheck.run(options(1) { $0.aggregators = [nowhere] })
            .finding("aggregator no..such:1")
        #expect(unresolved.verdict == .fail && unresolved.found.contains("does not resolve"))
    }

    @Test("files that are missing, and flags that are")
    func files() throws {
        let missing = AggregatorCheck.run(options(1) { $0.caFile = "/nonexistent/ca.pem" })
        #expect(try missing.finding("CA").verdict == .fail)
        #expect(try missing.finding("aggregator 127.0.0.1:1").verdict == .warn)
        let waiting = AggregatorCheck.run(options(1) { ($0.caFile, $0.waitsForCA) = ("/nonexistent/ca.pem", true) })
        #expect(try waiting.finding("CA").verdict == .warn)
        let none = AggregatorCheck.run(options(1) { ($0.caFile, $0.tokenFile) = ("", "") })
        #expect(try none.finding("CA").verdict == .fail && none.finding("credential").verdict == .fail)
        let token = CredentialCheck.run(options(1) { $0.tokenFile = "/nonexistent/token" }, now: 0)
        #expect(try token.finding("token").verdict == .fail)
        let garbage = CredentialCheck.run(options(1) { $0.caFile = directory.write("x", [1, 2]) }, now: 0)
        #expect(try garbage.finding("CA").verdict == .fail)
        let client = CredentialCheck.run(
            options(1) { $0.certificateFile = directory.write("c.pem", pki.client.certificatePEM) },
            now: LogLine.now() / 1_000_000_000)
        #expect(try client.finding("client certificate").verdict == .warn)
    }

    private func token(_ payload: String) -> String {
        "eyJhbGciOiJub25lIn0.\(Base64.encode(Array(payload.utf8))).c2ln"
    }

    @Test("a token's end is read from it, and its holder")
    func claims() throws {
        let claims = try #require(
            TokenClaims(token(#"{"aud":["metrics-push"],"exp":2000,"nbf":1000,"sub":"system:serviceaccount:a:b"}"#)))
        #expect(
            claims
                == TokenClaims(
                    subject: "system:serviceaccount:a:b", audiences: ["metrics-push"], notBefore: 1000, expiry: 2000))
        #expect(CredentialCheck.judge(claims, 1_500).verdict == .ok)
        let late = CredentialCheck.judge(claims, 2_000)
        #expect(late.verdict == .fail && late.found.hasSuffix("expired 1970-01-01T00:33:20Z"))
        #expect(late.found.hasPrefix("system:serviceaccount:a:b for metrics-push, "))
        #expect(CredentialCheck.judge(claims, 999).found.contains("not valid before"))
        #expect(TokenClaims(token(#"{"aud":"one"}"#)) == TokenClaims(audiences: ["one"]))
    }

    @Test("a token can be any text", arguments: ["", "a", "a.b.c", "...", "a.!.c", "eyJ9.W10.x", "a.b"])
    func opaque(_ text: String) { #expect(TokenClaims(text) == nil) }
}
