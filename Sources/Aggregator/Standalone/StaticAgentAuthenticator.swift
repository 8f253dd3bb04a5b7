// SPDX-License-Identifier: Apache-2.0
import NIOCore
import TLS
import Wire

/// One token and one CA, both known from the start: what `--standalone` hands out.
struct StaticAgentAuthenticator: AgentAuthenticator {
    /// SHA-256 of the token, so that the comparison takes the same time whatever is presented.
    private let tokenDigest: [UInt8]
    private let nodes: Set<String>
    /// For refusals: thousands of names fit into no message.
    private let shownNodes: String
    private let certificates: CertificateVerifier

    /// - Parameters:
    ///   - nodes: the nodes that the token speaks for.
    ///   - certificates: checks client certificates of agents without a token.
    init(token: [UInt8], nodes: Set<String>, certificates: CertificateVerifier) {
        self.certificates = certificates
        tokenDigest = Crypto.sha256(token)
        self.nodes = nodes
        shownNodes = NodeNames.shown(nodes.sorted())
    }

    func authenticate(_ claim: AgentClaim, on eventLoop: any EventLoop) -> EventLoopFuture<AgentVerdict> {
        eventLoop.makeSucceededFuture(verdict(claim))
    }

    func verdict(_ claim: AgentClaim) -> AgentVerdict {
        if !claim.credential.isEmpty { return tokenVerdict(claim) }
        if let client = claim.client { return .of(client, verifier: certificates, node: claim.nodeName) }
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
            return .refused(
                Reject(
                    code: .wrongNode,
                    reason: "the token speaks for \(shownNodes), not for \(claim.nodeName); "
                        + "correct the agent's --node-name, or name the node to the aggregator's --node-name"))
        }
        return .accepted()
    }
}
