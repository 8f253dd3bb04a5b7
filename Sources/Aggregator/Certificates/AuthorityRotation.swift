// SPDX-License-Identifier: Apache-2.0
import TLS

/// When CAs are made, begin to sign, and are forgotten. Decides only; replicas that decide at the same time are kept apart
/// by the Secret's resourceVersion.
struct AuthorityRotation: Sendable {
    /// Of a CA.
    var lifetime: Duration = .seconds(365 * 86_400)
    /// The next CA is made this long before the end of the current one.
    var renewBefore: Duration = .seconds(73 * 86_400)
    /// A CA is known to peers for this long before it signs. Kubelet carries a ConfigMap into a running pod within two
    /// minutes or so; an API server behind a stuck controller takes longer.
    var publication: Duration = .seconds(3600)

    enum Step: Sendable {
        case nothing
        /// Write this set in place of the one that was read; `why` is for the log.
        case replace(AuthoritySet, why: String)
    }

    /// - Parameter nowUnixSeconds: Unix time in seconds.
    func step(from set: AuthoritySet, nowUnixSeconds now: Int64) throws(TLSError) -> Step {
        guard set.current.notAfterUnixSeconds > now else {
            // Nobody can be connected by it any more, so there is nothing to wait for.
            let successor = if let next = set.next, next.notAfterUnixSeconds > now { next } else { try make() }
            return .replace(AuthoritySet(current: successor), why: "the CA had expired")
        }
        if let next = set.next {
            guard now - next.notBeforeUnixSeconds >= publication.components.seconds else { return .nothing }
            return .replace(
                AuthoritySet(current: next, previousPEM: set.current.certificatePEM), why: "the next CA signs now")
        }
        guard set.current.notAfterUnixSeconds - now <= renewBefore.components.seconds else { return .nothing }
        var renewed = set
        renewed.next = try make()
        // It has expired long ago.
        renewed.previousPEM = nil
        return .replace(renewed, why: "the CA ends soon: its successor is published")
    }

    /// A set for a Secret that is not there, or of no use.
    /// - Parameter known: the bundle that peers have had until now, if this replica knows one.
    func fresh(after known: AuthoritySet?) throws(TLSError) -> AuthoritySet {
        var previous = known?.current.certificatePEM
        // What the one before signed may be in use too, when this comes twice in a few minutes.
        if let older = known?.previousPEM, older.count <= Self.longestPrevious { previous? += older }
        return AuthoritySet(current: try make(), previousPEM: previous)
    }

    /// A handful of certificates, in bytes of PEM; who replaces the CA more often must live with a gap.
    static let longestPrevious = 4096

    private func make() throws(TLSError) -> CertificateAuthority {
        try CertificateAuthority.create(commonName: "metrics-push", validFor: lifetime)
    }
}
