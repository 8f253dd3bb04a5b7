// SPDX-License-Identifier: Apache-2.0
import MetricsAPI

/// A named condition that a probe asks for.
struct HealthCheck: Sendable {
    let name: String
    /// nil when it holds, otherwise why not.
    let failure: @Sendable () -> String?
    /// What to know about it although it holds; only `?verbose` says it.
    var note: @Sendable () -> String? = { nil }
}

/// The three probe endpoints, in the words of the Kubernetes API server: `ok`, or with `?verbose` (and always when
/// something fails) a line for each check.
struct HealthChecks: Sendable {
    let live: [HealthCheck]
    let ready: [HealthCheck]
    /// Checks hold their subject weakly; this is what keeps it.
    private let heartbeat: LoopHeartbeat?

    init(live: [HealthCheck], ready: [HealthCheck], keeping heartbeat: LoopHeartbeat? = nil) {
        self.live = live
        self.ready = ready
        self.heartbeat = heartbeat
    }

    /// nil when the path is no probe's.
    func respond(path: String, query: String?) -> APIResponse? {
        let parts = path.split(separator: "/", maxSplits: 1)
        guard path.hasPrefix("/"), let endpoint = parts.first.map(String.init) else { return nil }
        guard let checks = checks(of: endpoint) else { return nil }
        if parts.count == 2 {
            guard let check = checks.first(where: { $0.name == parts[1] }) else { return nil }
            let reason = check.failure()
            return Self.answer(failed: reason != nil, body: reason.map { "internal server error: \($0)\n" } ?? "ok")
        }
        let terms = (query ?? "").split(separator: "&").map(String.init)
        let excluded = Set(terms.filter { $0.hasPrefix("exclude=") }.map { String($0.dropFirst(8)) })
        let isVerbose = terms.contains { $0 == "verbose" || $0.hasPrefix("verbose=") }
        return respond(endpoint: endpoint, checks: checks, excluded: excluded, isVerbose: isVerbose)
    }

    func isProbe(_ path: String) -> Bool {
        path.hasPrefix("/")
            && path.split(separator: "/", maxSplits: 1).first.map { checks(of: String($0)) != nil } ?? false
    }

    private func checks(of endpoint: String) -> [HealthCheck]? {
        switch endpoint {
        case "livez": live
        case "readyz": ready
        case "healthz": live
        default: nil
        }
    }

    private func respond(
        endpoint: String, checks: [HealthCheck], excluded: Set<String>, isVerbose: Bool
    ) -> APIResponse {
        var lines = ""
        var failed = false
        for check in checks {
            if excluded.contains(check.name) {
                lines += "[+]\(check.name) excluded: ok\n"
            } else if let reason = check.failure() {
                failed = true
                lines += "[-]\(check.name) failed: \(reason)\n"
            } else {
                lines += "[+]\(check.name) ok\(check.note().map { " (\($0))" } ?? "")\n"
            }
        }
        if failed { return Self.answer(failed: true, body: lines + "\(endpoint) check failed\n") }
        return Self.answer(failed: false, body: isVerbose ? lines + "\(endpoint) check passed\n" : "ok")
    }

    private static func answer(failed: Bool, body: String) -> APIResponse {
        APIResponse(
            status: failed ? 500 : 200, contentType: "text/plain; charset=utf-8",
            headers: [("Cache-Control", "no-cache, private"), ("X-Content-Type-Options", "nosniff")],
            body: Array(body.utf8))
    }
}
