// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import TLS
import TLSTestSupport
import Testing

@testable import Aggregator

private let pki = TestPKI.shared

@Suite("Who spoke for others and was not believed")
struct RefusedProxiesTests {
    private let log = LogCapture()

    private func authenticate(
        _ headers: HTTPHeaders, _ client: ShownClient, _ trust: ClientTrust, _ refused: RefusedProxies
    ) async throws {
        let authenticator = DelegatedAuthenticator(
            trust: CurrentClientTrust(trust),
            tokens: TokenReviews(
                reviewer: FakeReviewer(), lifetime: .zero, gate: ReviewGate(atATime: 1, waiting: 1)),
            logger: log.logger, refusedProxies: refused)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        _ = try await authenticator.authenticate(RequestCredentials(headers: headers, client: client), on: loop).get()
    }

    private func trust() throws -> ClientTrust {
        ClientTrust(
            frontProxy: .init(
                verifier: try pki.verifier(), allowedNames: ["front-proxy-client"], headers: FrontProxyHeaders()))
    }

    private func counts(_ refused: RefusedProxies) -> [String] {
        refused.counts.filter { $0.count > 0 }.map { "\($0.reason) \($0.count)" }
    }

    @Test("the log names the certificate and why it does not count")
    func named() async throws {
        let refused = RefusedProxies(logger: log.logger)
        let jane: HTTPHeaders = ["X-Remote-User": "jane"]
        try await authenticate(jane, pki.shown(commonName: "another-proxy"), trust(), refused)
        #expect(counts(refused) == ["name 1"])
        let line = log.lines(with: "front proxy refused").first ?? ""
        #expect(line.contains("subject=CN=another-proxy") && line.contains("issuer=CN=test CA"))
        #expect(line.contains("--requestheader-allowed-names"))
        #expect(refused.recent?.hasPrefix("refused CN=another-proxy, issued by CN=test CA: its common name") == true)

        try await authenticate(jane, pki.shown(commonName: "front-proxy-client", byStranger: true), trust(), refused)
        try await authenticate(jane, pki.shown(commonName: "front-proxy-client"), ClientTrust(), refused)
        #expect(counts(refused) == ["unconfigured 1", "untrusted 1", "name 1"])
    }

    @Test("a proxy that is accepted, and a client that speaks for nobody, are no refusals")
    func others() async throws {
        let refused = RefusedProxies(logger: log.logger)
        try await authenticate(
            ["X-Remote-User": "jane"], pki.shown(commonName: "front-proxy-client"), trust(), refused)
        try await authenticate([:], pki.shown(commonName: "somebody", byStranger: true), trust(), refused)
        #expect(counts(refused).isEmpty && refused.recent == nil && log.lines.isEmpty)
    }

    @Test("a storm of refusals is a line now and then, and old ones are no news")
    func seldom() throws {
        let start = ContinuousClock.now
        let now = Clock(start)
        let refused = RefusedProxies(logger: log.logger, now: { now.value })
        let claims = try #require(CertificateFacts.read(pem: pki.client.certificatePEM, source: "it").first)
        for _ in 0..<1000 { refused.refused(.untrusted, claims) }
        #expect(log.lines.count == 1)
        now.value = start + RefusedProxies.quiet
        refused.refused(.untrusted, claims)
        #expect(log.lines.count == 2 && log.lines.last?.contains("unsaid=999") == true)
        now.value = start + RefusedProxies.quiet + RefusedProxies.memory
        #expect(refused.recent == nil && counts(refused) == ["untrusted 1001"])
    }
}

private final class Clock: Sendable {
    private let time: Mutex<ContinuousClock.Instant>

    init(_ time: ContinuousClock.Instant) { self.time = Mutex(time) }

    var value: ContinuousClock.Instant {
        get { time.withLock { $0 } }
        set { time.withLock { $0 = newValue } }
    }
}
