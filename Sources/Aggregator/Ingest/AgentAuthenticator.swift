// SPDX-License-Identifier: Apache-2.0
import NIOCore
import TLS
import Wire

/// What an agent shows to prove which node it may report.
struct AgentClaim {
    var nodeName: String
    /// The bearer token of its Hello or Credential; empty when there is none.
    var credential: String
    /// The client certificate of its TLS handshake, which is not verified yet.
    var client: ShownClient?
}

enum AgentVerdict: Equatable, Sendable {
    /// Until what was shown expires, Unix time in seconds; nil: it does not.
    case accepted(untilUnixSeconds: Int64? = nil)
    case refused(Reject)
}

/// Decides whether a session may report the node that it names.
protocol AgentAuthenticator: Sendable {
    /// Called on the event loop given. May take its time (a review by the API server), but answers on that loop, and
    /// never fails: an error on the way is a refusal with its reason.
    func authenticate(_ claim: AgentClaim, on eventLoop: any EventLoop) -> EventLoopFuture<AgentVerdict>
}

extension AgentVerdict {
    /// A kubelet-style certificate, `CN=system:node:NAME`, speaks for that node; so does a DNS name equal to it.
    static func of(_ certificate: PeerCertificate, node: String) -> AgentVerdict {
        let prefix = "system:node:"
        if certificate.commonName == prefix + node || certificate.dnsNames.contains(node) {
            return .accepted(untilUnixSeconds: certificate.notAfterUnixSeconds)
        }
        return .refused(
            Reject(
                code: .wrongNode,
                reason: "the client certificate is for \(certificate.commonName ?? "no common name"), "
                    + "not for \(prefix)\(node); correct the agent's --node-name or its certificate"))
    }

    /// The verdict on a certificate by the CA that agents' certificates must come from.
    static func of(_ client: ShownClient, verifier: CertificateVerifier, node: String) -> AgentVerdict {
        switch client.verify(by: verifier) {
        case .success(let certificate): of(certificate, node: node)
        case .failure(let error): .refused(Reject(code: .unauthenticated, reason: error.message))
        }
    }
}
