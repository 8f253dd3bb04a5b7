// SPDX-License-Identifier: Apache-2.0
import NIOCore
import TLS
import Wire

/// What an agent shows to prove which node it may report.
struct AgentClaim: Sendable {
    var nodeName: String
    /// The bearer token of its Hello or Credential; empty when there is none.
    var credential: String
    /// The client certificate of its TLS handshake, verified against the agents' CA.
    var certificate: PeerCertificate?
}

enum AgentVerdict: Equatable, Sendable {
    case accepted
    case refused(Reject)
}

/// Decides whether a session may report the node that it names.
protocol AgentAuthenticator: Sendable {
    /// May take its time (a review by the API server), but answers on the event loop given, and never fails: an error
    /// on the way is a refusal with its reason.
    func authenticate(_ claim: AgentClaim, on eventLoop: any EventLoop) -> EventLoopFuture<AgentVerdict>
}

/// One token and one CA, both known from the start: what `--standalone` hands out.
struct StaticAgentAuthenticator: AgentAuthenticator {
    /// SHA-256 of the token, so that the comparison takes the same time whatever is presented.
    private let tokenDigest: [UInt8]
    private let nodes: Set<String>

    /// - Parameter nodes: the nodes that the token speaks for.
    init(token: [UInt8], nodes: Set<String>) {
        tokenDigest = Crypto.sha256(token)
        self.nodes = nodes
    }

    func authenticate(_ claim: AgentClaim, on eventLoop: any EventLoop) -> EventLoopFuture<AgentVerdict> {
        eventLoop.makeSucceededFuture(verdict(claim))
    }

    func verdict(_ claim: AgentClaim) -> AgentVerdict {
        if !claim.credential.isEmpty { return tokenVerdict(claim) }
        if let certificate = claim.certificate { return Self.certificateVerdict(certificate, node: claim.nodeName) }
        return .refused(
            Reject(
                code: .unauthenticated,
                reason: "no token and no client certificate; start the agent with --token-file, "
                    + "or with --cert-file and --key-file"))
    }

    private func tokenVerdict(_ claim: AgentClaim) -> AgentVerdict {
        guard Crypto.constantTimeEquals(Crypto.sha256(Array(claim.credential.utf8)), tokenDigest) else {
            return .refused(
                Reject(
                    code: .unauthenticated,
                    reason: "the token is not the one this aggregator made; "
                        + "give the agent the agent-token file of its state directory"))
        }
        guard nodes.contains(claim.nodeName) else {
            let names = nodes.sorted().joined(separator: ", ")
            return .refused(
                Reject(
                    code: .wrongNode,
                    reason: "the token speaks for \(names), not for \(claim.nodeName); "
                        + "correct the agent's --node-name, or name the node to the aggregator's --node-name"))
        }
        return .accepted
    }

    /// A kubelet-style certificate, `CN=system:node:NAME`, speaks for that node; so does a DNS name equal to it.
    static func certificateVerdict(_ certificate: PeerCertificate, node: String) -> AgentVerdict {
        let prefix = "system:node:"
        if certificate.commonName == prefix + node || certificate.dnsNames.contains(node) { return .accepted }
        return .refused(
            Reject(
                code: .wrongNode,
                reason: "the client certificate is for \(certificate.commonName ?? "no common name"), "
                    + "not for \(prefix)\(node); correct the agent's --node-name or its certificate"))
    }
}
