// SPDX-License-Identifier: Apache-2.0
import Logging
import Synchronization
import TLS

/// Callers that spoke for another user and were not believed: told in the log, at /metrics and at /readyz?verbose, since
/// an API server whose certificate does not fit its own configuration is told nothing but 401.
///
/// What they show is their own word and anybody can cause it, so the log is told seldom, and no label is made of it.
final class RefusedProxies: Sendable {
    enum Reason: String, CaseIterable, Sendable {
        /// There is no CA for front proxies yet, or none is published.
        case unconfigured
        /// The CA did not issue the certificate, or it has expired.
        case untrusted
        /// The CA did, but the name is not among the allowed ones.
        case name

        var text: String {
            switch self {
            case .unconfigured: "no CA of the front proxy is known"
            case .untrusted: "its certificate does not lead to --requestheader-client-ca-file"
            case .name: "its common name is not among --requestheader-allowed-names"
            }
        }
    }

    /// Between two lines of the log.
    static let quiet: Duration = .seconds(30)
    /// A refusal is news for this long.
    static let memory: Duration = .seconds(120)
    /// Of a certificate's name in a message. Characters; a stranger chooses it.
    private static let longestName = 100

    private struct State {
        var counts: [Reason: Int] = [:]
        var last: (text: String, time: ContinuousClock.Instant)?
        var lastLine: ContinuousClock.Instant?
        var unsaid = 0
    }

    private let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    init(logger: Logger, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
        self.logger = logger
        self.now = now
    }

    /// - Parameter detail: what verification said; empty otherwise.
    func refused(_ reason: Reason, _ claims: CertificateFacts, detail: String = "") {
        let now = now()
        let (subject, issuer) = (Self.short(claims.subject), Self.short(claims.issuer))
        let unsaid = state.withLock { state -> Int? in
            state.counts[reason, default: 0] += 1
            state.last = ("\(subject), issued by \(issuer): \(reason.text)", now)
            if let last = state.lastLine, now - last < Self.quiet {
                state.unsaid += 1
                return nil
            }
            defer { (state.lastLine, state.unsaid) = (now, 0) }
            return state.unsaid
        }
        guard let unsaid else { return }
        var metadata: Logger.Metadata = [
            "subject": "\(subject)", "issuer": "\(issuer)", "reason": "\(reason.text)", "unsaid": "\(unsaid)",
        ]
        if !detail.isEmpty { metadata["error"] = "\(detail)" }
        logger.warning("front proxy refused", metadata: metadata)
    }

    /// All reasons, those that never happened with 0.
    var counts: [(reason: String, count: Int)] {
        state.withLock { state in Reason.allCases.map { ($0.rawValue, state.counts[$0] ?? 0) } }
    }

    /// The last refusal, while it is news.
    var recent: String? {
        let now = now()
        return state.withLock { state in
            state.last.flatMap { now - $0.time < Self.memory ? "refused \($0.text)" : nil }
        }
    }

    private static func short(_ name: String) -> String {
        name.count <= longestName ? name : name.prefix(longestName) + "…"
    }
}
