// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("When a CA is made, signs and is forgotten")
struct AuthorityRotationTests {
    private let rotation = AuthorityRotation()
    private let current = TestPKI.shared.authority
    private let other = TestPKI.shared.stranger

    /// A CA of this suite ends a day after it was made, so time is told from its ends.
    private func step(_ set: AuthoritySet, at now: Int64, _ rotation: AuthorityRotation? = nil) throws
        -> (set: AuthoritySet, why: String)?
    {
        switch try (rotation ?? self.rotation).step(from: set, nowUnixSeconds: now) {
        case .nothing: nil
        case .replace(let set, let why): (set, why)
        }
    }

    private var short: AuthorityRotation {
        AuthorityRotation(
            lifetime: .seconds(86_400), renewBefore: .seconds(20_000), publication: .seconds(3_600))
    }

    @Test("there is nothing to do while the CA is young")
    func nothing() throws {
        #expect(try step(AuthoritySet(current: current), at: current.notAfterUnixSeconds - 20_001, short) == nil)
    }

    @Test("its successor is published in time, and does not sign yet")
    func next() throws {
        let set = AuthoritySet(current: current, previousPEM: other.certificatePEM)
        let step = try #require(try step(set, at: current.notAfterUnixSeconds - 20_000, short))
        #expect(step.set.current.certificatePEM == current.certificatePEM)
        let next = try #require(step.set.next)
        #expect(step.set.bundlePEM == current.certificatePEM + next.certificatePEM)
        #expect(step.why.contains("successor is published"))
    }

    @Test("the successor signs when it has been published for long enough, and the old CA is still trusted")
    func promotion() throws {
        let set = AuthoritySet(current: current, next: other)
        #expect(try step(set, at: other.notBeforeUnixSeconds + 3_599, short) == nil)
        let step = try #require(try step(set, at: other.notBeforeUnixSeconds + 3_600, short))
        #expect(step.set.current.certificatePEM == other.certificatePEM && step.set.current.keyPEM == other.keyPEM)
        #expect(step.set.next == nil && step.set.previousPEM == current.certificatePEM)
    }

    @Test("an expired CA gives way at once: to its successor, or to a new one")
    func expired() throws {
        let end = current.notAfterUnixSeconds
        let alone = try #require(try step(AuthoritySet(current: current, previousPEM: other.certificatePEM), at: end))
        #expect(alone.set.current.certificatePEM != current.certificatePEM)
        #expect(alone.set.bundlePEM == alone.set.current.certificatePEM)
        let later = try CertificateAuthority.create(commonName: "next", validFor: .seconds(2 * 86_400))
        let withNext = try #require(try step(AuthoritySet(current: current, next: later), at: end))
        #expect(withNext.set.current.certificatePEM == later.certificatePEM)
        #expect(withNext.why == "the CA had expired")
    }

    @Test("a successor that has expired as well does not become the CA")
    func bothExpired() throws {
        let now = max(current.notAfterUnixSeconds, other.notAfterUnixSeconds)
        let step = try #require(try step(AuthoritySet(current: current, next: other), at: now))
        #expect(step.set.current.certificatePEM != other.certificatePEM)
    }

    @Test("of sets that are lost again and again a handful stays trusted")
    func again() throws {
        var set = AuthoritySet(current: current)
        for _ in 0..<12 { set = try rotation.fresh(after: set) }
        let previous = try #require(set.previousPEM)
        #expect(previous.count <= AuthorityRotation.longestPrevious + 2 * current.certificatePEM.count)
        #expect(previous.count >= 2 * current.certificatePEM.count)
        #expect(try AuthoritySet(data: set.data).bundlePEM == set.bundlePEM)
    }

    @Test("the set in place of a lost one trusts what signed before, if that is known")
    func fresh() throws {
        #expect(try rotation.fresh(after: nil).previousPEM == nil)
        let known = AuthoritySet(current: current, next: other)
        let fresh = try rotation.fresh(after: known)
        #expect(fresh.previousPEM == current.certificatePEM && fresh.next == nil)
        #expect(fresh.current.certificatePEM != current.certificatePEM)
        // For a year.
        let lifetime = fresh.current.notAfterUnixSeconds - fresh.current.notBeforeUnixSeconds
        #expect(lifetime == 365 * 86_400 + 300)
    }
}
