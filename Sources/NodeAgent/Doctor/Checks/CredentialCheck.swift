// SPDX-License-Identifier: Apache-2.0
import Console
import TLS

/// The files that the connection to the aggregator takes.
enum CredentialCheck {
    /// - Parameter now: Unix time in seconds.
    static func run(_ options: AgentOptions, now: Int64) -> [Finding] {
        var findings = [authority(options, now)]
        if !options.certificateFile.isEmpty { findings.append(certificate(options.certificateFile, now)) }
        if !options.tokenFile.isEmpty { findings.append(token(options.tokenFile, now)) }
        if options.tokenFile.isEmpty, options.certificateFile.isEmpty {
            findings.append(
                .fail(
                    "credential", "neither --token-file nor --cert-file is given, so no aggregator accepts this agent",
                    fix: ["give the flags that the agent runs with"]))
        }
        return findings
    }

    private static func authority(_ options: AgentOptions, _ now: Int64) -> Finding {
        guard !options.caFile.isEmpty else {
            return .fail("CA", "--ca-file is not given", fix: ["give the flags that the agent runs with"])
        }
        do throws(TLSError) {
            return validity("CA", try facts(options.caFile), now)
        } catch {
            let fix = ["name the PEM file of the aggregator's CA; the aggregator publishes it in a ConfigMap"]
            if error.code == .fileUnreadable, options.waitsForCA {
                return .warn("CA", "\(error.message); the agent waits for it (--wait-for-ca)", fix: fix)
            }
            return .fail("CA", error.message, fix: fix)
        }
    }

    private static func certificate(_ path: String, _ now: Int64) -> Finding {
        do throws(TLSError) {
            return validity("client certificate", Array(try facts(path).prefix(1)), now)
        } catch {
            return .fail("client certificate", error.message, fix: ["name the PEM file of the agent's certificate"])
        }
    }

    private static func facts(_ path: String) throws(TLSError) -> [CertificateFacts] {
        try CertificateFacts.read(pem: try SmallFile.read(path), source: path)
    }

    private static func validity(_ subject: String, _ certificates: [CertificateFacts], _ now: Int64) -> Finding {
        let validity = Validity(certificates, now: now)
        switch validity.state {
        case .good: return .ok(subject, validity.text)
        case .endsSoon: return .warn(subject, validity.text, fix: ["it ends soon: replace it"])
        case .notValid:
            return .fail(subject, validity.text, fix: ["replace it, and look at this machine's clock"])
        }
    }

    private static func token(_ path: String, _ now: Int64) -> Finding {
        let token: String
        do {
            token = try CredentialFile(path: path).read()
        } catch {
            return .fail(
                "token", error.description, fix: ["in a pod, a projected ServiceAccount token is mounted there"])
        }
        guard let claims = TokenClaims(token) else {
            return .ok("token", "\(path), not a JSON Web Token, so nothing is known of its end")
        }
        return judge(claims, now)
    }

    static func judge(_ claims: TokenClaims, _ now: Int64) -> Finding {
        let whose = [
            claims.subject, claims.audiences.isEmpty ? nil : "for " + claims.audiences.joined(separator: ", "),
        ]
        .compactMap { $0 }.joined(separator: " ")
        guard let end = claims.expiry else { return .ok("token", "\(whose), without an end") }
        let time = ExplainText.seconds(since1970: end)
        if let start = claims.notBefore, start > now {
            return .fail(
                "token", "\(whose), not valid before \(ExplainText.seconds(since1970: start))",
                fix: ["look at this machine's clock"])
        }
        if end > now { return .ok("token", "\(whose), until \(time)") }
        return .fail(
            "token", "\(whose), expired \(time)",
            fix: ["the kubelet renews projected tokens: is the file mounted whole (no subPath), and the clock right?"])
    }
}
