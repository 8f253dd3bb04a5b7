// SPDX-License-Identifier: Apache-2.0
import Synchronization
import TLS

/// Which client certificates count, and for what: replaced whole when the cluster's configuration changes.
struct ClientTrust: Sendable {
    /// Who may speak for others.
    struct FrontProxy: Sendable {
        let verifier: CertificateVerifier
        /// Common names; none means any that the CA issued.
        let allowedNames: [String]
        let headers: FrontProxyHeaders

        func allows(_ certificate: PeerCertificate) -> Bool {
            allowedNames.isEmpty || certificate.commonName.map(allowedNames.contains) == true
        }
    }

    /// nil: nobody speaks for others.
    var frontProxy: FrontProxy?
    /// The CA of users' own certificates (name: CN, groups: O); nil: those do not count.
    var users: CertificateVerifier?
}

/// The trust of the day, shared by all connections.
final class CurrentClientTrust: Sendable {
    private let trust: Mutex<ClientTrust>

    init(_ trust: ClientTrust = ClientTrust()) {
        self.trust = Mutex(trust)
    }

    var value: ClientTrust {
        get { trust.withLock { $0 } }
        set { trust.withLock { $0 = newValue } }
    }
}
