// SPDX-License-Identifier: Apache-2.0

/// What to do about an APIService that is not available, by what the API server says about it
/// (kubernetes/kube-aggregator, `pkg/controllers/status/remote/remote_available_controller.go`).
enum APIServiceAdvice {
    /// - Parameters:
    ///   - reason: and `message`: of the condition `Available`.
    ///   - service: `NAMESPACE/NAME`.
    ///   - addresses: of the replicas; nil: not known.
    static func fix(reason: String, message: String, service: String, addresses: Set<String>?) -> [String] {
        switch reason {
        case "ServiceNotFound": return ["Service \(service) does not exist: kubectl apply -f \(Manifests.services)"]
        case "ServicePortError":
            return ["Service \(service) lacks the APIService's port: kubectl apply -f \(Manifests.services)"]
        case "EndpointsNotFound":
            return ["nothing is selected by Service \(service): compare its selector with the pods' labels"]
        case "MissingEndpoints":
            return [
                "no replica of the aggregator is ready: kubectl -n \(namespace(service)) get pods -l "
                    + "app.kubernetes.io/component=aggregator, and the lines of the replicas below"
            ]
        case "ServiceAccessError", "EndpointsAccessError":
            return ["the API server could not look up the Service: see its own log"]
        case "FailedDiscoveryCheck": return failedCall(message, service: service, addresses: addresses)
        default: return ["the API server's log says more about \"\(reason)\""]
        }
    }

    private static func failedCall(_ message: String, service: String, addresses: Set<String>?) -> [String] {
        let text = message.lowercased()
        func says(_ words: String...) -> Bool { words.contains { text.contains($0) } }
        if says("x509", "certificate", "tls:") {
            return [
                "the API server does not trust the aggregator's certificate: see the line about its trust above",
                "a proxy for clusters' traffic (HTTPS_PROXY of kube-apiserver) must leave Services out: NO_PROXY",
            ]
        }
        if says("connection refused", "timeout", "deadline exceeded", "no route", "unreachable", "canceled") {
            return unreachable(message, service: service, addresses: addresses)
        }
        if says(": 401", "unauthorized") { return FrontProxyAdvice.refused }
        if says(": 403", "forbidden") { return FrontProxyAdvice.absent }
        if says(": 404") { return ["something else than metrics-push answers behind Service \(service)"] }
        if says(": 500", ": 502", ": 503") {
            return ["the aggregator, or a proxy on the way, is not well: see the lines of the replicas below"]
        }
        return ["the API server cannot ask the aggregator: see the lines of the replicas below"]
    }

    private static func unreachable(_ message: String, service: String, addresses: Set<String>?) -> [String] {
        let pods =
            "the API server's host must reach the pods' addresses: look at firewalls (TCP 4443), security groups, "
            + "NetworkPolicies and the pod network's routes there"
        let routing =
            "the API server asked the Service's cluster IP: where no kube-proxy runs on the control plane's "
            + "host, start kube-apiserver with --enable-aggregator-routing=true"
        guard let host = host(in: message) else { return [routing, pods] }
        guard let addresses, !addresses.isEmpty else { return [routing, pods] }
        return addresses.contains(host) ? [pods] : [routing, pods]
    }

    /// Of the first URL.
    static func host(in message: String) -> String? {
        guard let start = message.firstRange(of: "https://")?.upperBound else { return nil }
        let rest = message[start...]
        if rest.hasPrefix("[") { return rest.dropFirst().firstIndex(of: "]").map { String(rest.dropFirst()[..<$0]) } }
        let host = rest.prefix { $0 != ":" && $0 != "/" && $0 != "\"" && !$0.isWhitespace }
        return host.isEmpty ? nil : String(host)
    }

    private static func namespace(_ service: String) -> String {
        String(service.prefix { $0 != "/" })
    }
}
