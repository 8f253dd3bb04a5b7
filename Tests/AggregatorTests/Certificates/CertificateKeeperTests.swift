// SPDX-License-Identifier: Apache-2.0
import KubeAPI
import Synchronization
import TLS
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("Replicas that share a CA")
struct CertificateKeeperTests {
    private let store = FakeAuthorityStore()
    private let clock = UnixClock()

    /// A clock that a test turns.
    private final class UnixClock: Sendable {
        private let seconds = Mutex(Int64(TestPKI.shared.authority.notBeforeUnixSeconds + 300))
        var now: Int64 { seconds.withLock { $0 } }
        func advance(_ by: Int64) { seconds.withLock { $0 += by } }
    }

    /// One replica.
    private struct Replica {
        let log = LogCapture()
        let contexts: ServingContexts
        let keeper: CertificateKeeper

        init(_ store: FakeAuthorityStore, _ clock: UnixClock) throws {
            contexts = try ServingContexts(identity: TestPKI.shared.serverIdentity(), isTemporary: true)
            keeper = CertificateKeeper(
                store: store,
                policy: LeafPolicy(dnsNames: ["localhost"], ipAddresses: []), contexts: contexts, logger: log.logger,
                nowUnixSeconds: { clock.now })
        }

        /// Whether a client that trusts this bundle takes what the replica serves.
        func isTrusted(by bundle: [UInt8]) throws -> Bool {
            let pair = try EnginePair(
                client: .client(trust: .pem(bundle), alpn: ["http/1.1"]), server: contexts.api)
            pair.handshake()
            return pair.clientError == nil
        }
    }

    private func replica() throws -> Replica { try Replica(store, clock) }

    private func shared() throws -> AuthoritySet { try AuthoritySet(data: #require(store.secret)) }

    @Test("the first makes a CA, publishes it and serves a certificate of it; the next takes it over")
    func twoReplicas() async throws {
        let (first, second) = (try replica(), try replica())
        try await first.keeper.turn()
        let made = try shared()
        #expect(store.published == made.bundlePEM)
        #expect(try !first.contexts.isTemporary && first.isTrusted(by: made.bundlePEM))
        #expect(first.log.lines(with: "notice made a CA") == ["notice made a CA why=there was none yet"])
        try await second.keeper.turn()
        #expect(try second.isTrusted(by: made.bundlePEM))
        #expect(store.writes == 1)
        #expect(second.log.lines(with: "made a CA").isEmpty)
        try await first.keeper.turn()
        #expect(first.log.lines(with: "serving a new certificate").count == 1)
    }

    @Test("two that make one at the same moment end with the same")
    func race() async throws {
        let (first, second) = (try replica(), try replica())
        store.state.withLock { $0.meanwhile = { try? await second.keeper.turn() } }
        try await first.keeper.turn()
        let set = try shared()
        #expect(store.writes == 1)
        #expect(try first.isTrusted(by: set.bundlePEM) && second.isTrusted(by: set.bundlePEM))
        #expect(first.log.lines(with: "made a CA").isEmpty)
    }

    @Test("many at once end with the same")
    func crowd() async throws {
        let replicas = try (0..<8).map { _ in try replica() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for replica in replicas { group.addTask { try await replica.keeper.turn() } }
            try await group.waitForAll()
        }
        let bundle = try shared().bundlePEM
        #expect(store.writes == 1)
        for replica in replicas { #expect(try replica.isTrusted(by: bundle)) }
    }

    @Test("one that repairs the Secret while another does takes what the other wrote")
    func conflict() async throws {
        let (first, second) = (try replica(), try replica())
        store.put(["ca.crt": Array("garbage".utf8)])
        store.state.withLock { $0.meanwhile = { try? await second.keeper.turn() } }
        try await first.keeper.turn()
        #expect(store.writes == 2)
        let bundle = try shared().bundlePEM
        #expect(try first.isTrusted(by: bundle) && second.isTrusted(by: bundle))
    }

    @Test("garbage in the Secret is replaced, and the log says what it was")
    func garbage() async throws {
        store.put(["ca.crt": Array("garbage".utf8), "ca.key": []])
        let replica = try replica()
        try await replica.keeper.turn()
        #expect(try replica.isTrusted(by: shared().bundlePEM))
        let lines = replica.log.lines(with: "wrote the Secret of the CA")
        #expect(lines.count == 1)
        #expect(lines.first?.contains("it held no usable CA: ca.crt and ca.key: ") == true, "\(lines)")
    }

    @Test("an empty Secret, as a manifest may make it, is filled")
    func empty() async throws {
        store.put([:])
        let replica = try replica()
        try await replica.keeper.turn()
        #expect(try replica.isTrusted(by: shared().bundlePEM))
    }

    @Test("a deleted Secret gives a new CA; the old one stays trusted, and what it signed is served for the grace only")
    func deleted() async throws {
        let replica = try replica()
        try await replica.keeper.turn()
        let old = try shared().current.certificatePEM
        store.put(nil)
        try await replica.keeper.turn()
        let set = try shared()
        #expect(set.current.certificatePEM != old && set.previousPEM == old)
        #expect(store.published == set.bundlePEM)
        #expect(replica.log.lines(with: "made a CA").last?.contains("the one before was deleted") == true)
        #expect(try replica.isTrusted(by: old))
        clock.advance(179)
        try await replica.keeper.turn()
        #expect(try replica.isTrusted(by: old))
        clock.advance(1)
        try await replica.keeper.turn()
        #expect(try !replica.isTrusted(by: old) && replica.isTrusted(by: set.current.certificatePEM))
    }

    @Test("a rotation goes through all its steps without a moment in which peers do not trust what is served")
    func rotation() async throws {
        let replica = try replica()
        try await replica.keeper.turn()
        let first = try shared().current.certificatePEM
        // In the certificates' own time nothing ages, so only ten months are turned in one go.
        clock.advance(300 * 86_400)
        try await replica.keeper.turn()
        let next = try #require(try shared().next)
        #expect(try shared().current.certificatePEM == first)
        #expect(try replica.isTrusted(by: first))
        try await replica.keeper.turn()
        #expect(try shared().current.certificatePEM == next.certificatePEM)
        #expect(try shared().bundlePEM == next.certificatePEM + first)
    }

    @Test("when the world cannot be told the certificate is renewed all the same")
    func publishFails() async throws {
        let replica = try replica()
        store.state.withLock { $0.publishFailure = KubeError(.forbidden, "configmaps is forbidden") }
        await #expect(throws: KubeError(.forbidden, "")) { try await replica.keeper.turn() }
        #expect(try !replica.contexts.isTemporary && replica.isTrusted(by: shared().bundlePEM))
        clock.advance(3 * 86_400)
        await #expect(throws: KubeError(.forbidden, "")) { try await replica.keeper.turn() }
        #expect(replica.log.lines(with: "serving a new certificate").count == 2)
    }

    @Test("when the API server is away the certificate is renewed by the CA that is known")
    func readFails() async throws {
        let replica = try replica()
        store.state.withLock { $0.readFailure = KubeError(.unreachable, "connection refused") }
        await #expect(throws: KubeError(.unreachable, "")) { try await replica.keeper.turn() }
        #expect(replica.contexts.isTemporary)
        store.state.withLock { $0.readFailure = nil }
        try await replica.keeper.turn()
        store.state.withLock { $0.readFailure = KubeError(.unreachable, "connection refused") }
        clock.advance(3 * 86_400)
        await #expect(throws: KubeError(.unreachable, "")) { try await replica.keeper.turn() }
        #expect(replica.log.lines(with: "serving a new certificate").count == 2)
    }

    @Test("a Secret that never stays as it was read is given up for this turn, with a hint")
    func restless() async throws {
        let replica = try replica()
        let restless = RestlessStore()
        let keeper = CertificateKeeper(
            store: restless, policy: LeafPolicy(dnsNames: ["localhost"], ipAddresses: []),
            contexts: replica.contexts, logger: replica.log.logger)
        await #expect(throws: KubeError(.conflict, "")) { try await keeper.turn() }
        #expect(restless.reads.value == 5)
    }

    private final class RestlessStore: AuthorityStore {
        let reads = Atomic(0)
        func read() async throws(KubeError) -> Secret? {
            reads.add(1, ordering: .relaxed)
            return nil
        }
        func create(_ data: [String: [UInt8]]) async throws(KubeError) { throw KubeError(.alreadyExists, "again") }
        func update(_ secret: Secret) async throws(KubeError) { throw KubeError(.conflict, "again") }
        func publish(bundle: [UInt8]) async throws(KubeError) {}
    }

    @Test("trouble is logged once, and so is its end; a shutdown is no trouble")
    func complaints() async throws {
        let replica = try replica()
        store.state.withLock { $0.publishFailure = KubeError(.forbidden, "configmaps is forbidden") }
        let task = Task { await replica.keeper.run() }
        #expect(try await eventually { !replica.log.lines(with: "cannot be looked after").isEmpty })
        store.state.withLock { $0.publishFailure = nil }
        #expect(try await eventually { !replica.log.lines(with: "in order again").isEmpty })
        #expect(replica.log.lines(with: "warning").count == 1)
        task.cancel()
        await task.value
        #expect(replica.log.lines(with: "warning").count == 1)
    }
}
