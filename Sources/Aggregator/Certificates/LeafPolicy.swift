// SPDX-License-Identifier: Apache-2.0
import TLS

/// The certificate that this replica serves: what is in it, and when it is replaced.
struct LeafPolicy: Sendable {
    /// Short, so that a key that leaked is soon worth nothing.
    var lifetime: Duration = .seconds(3 * 86_400)
    var renewBefore: Duration = .seconds(86_400)
    /// After the Secret was replaced behind our back, what an earlier CA signed is served for this long, if peers still
    /// trust it: they need a moment to learn the new one.
    var grace: Duration = .seconds(180)

    var dnsNames: [String]
    var ipAddresses: [String]

    /// A certificate and the CA that signed it.
    struct Leaf: Sendable {
        let identity: TLSIdentity
        let authorityPEM: [UInt8]
    }

    /// - Parameters:
    ///   - secondsKnown: for how long this replica has seen the set's current CA as the one that signs.
    /// - Returns: whether `leaf` must be replaced by one that the current CA signs.
    func mustReplace(_ leaf: Leaf, in set: AuthoritySet, nowUnixSeconds now: Int64, secondsKnown: Int64) -> Bool {
        if leaf.identity.notAfterUnixSeconds - now <= renewBefore.components.seconds { return true }
        if leaf.authorityPEM == set.current.certificatePEM { return false }
        guard set.previouslyTrusted(leaf.authorityPEM) else { return true }
        return secondsKnown >= grace.components.seconds
    }

    func issue(by authority: CertificateAuthority) throws(TLSError) -> Leaf {
        let issued = try authority.issue(
            .init(
                commonName: "metrics-push aggregator", dnsNames: dnsNames, ipAddresses: ipAddresses, usage: .server,
                validFor: lifetime))
        return Leaf(
            identity: try TLSIdentity(certificatePEM: issued.certificatePEM, keyPEM: issued.keyPEM),
            authorityPEM: authority.certificatePEM)
    }
}
