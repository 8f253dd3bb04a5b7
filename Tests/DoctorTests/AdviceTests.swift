// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Aggregator

@Suite("What to do about an APIService that is not available")
struct AdviceTests {
    private func advice(_ reason: String, _ message: String = "", addresses: Set<String>? = ["10.1.2.3"]) -> String {
        APIServiceAdvice.fix(
            reason: reason, message: message, service: "kube-system/metrics-push", addresses: addresses
        ).joined(separator: "\n")
    }

    @Test(
        "each reason has a way out",
        arguments: [
            ("ServiceNotFound", "aggregator-services.yaml"), ("ServicePortError", "lacks the APIService's port"),
            ("EndpointsNotFound", "selector"), ("MissingEndpoints", "no replica of the aggregator is ready"),
            ("ServiceAccessError", "its own log"), ("SomethingNew", "\"SomethingNew\""),
        ])
    func reasons(_ reason: String, _ words: String) { #expect(advice(reason).contains(words)) }

    private static func discovery(_ host: String, _ cause: String) -> String {
        "failing or missing response from https://\(host)/apis/metrics.k8s.io/v1beta1: "
            + "Get \"https://\(host)/apis/metrics.k8s.io/v1beta1\": \(cause)"
    }

    @Test(
        "a call that fails is told by its cause",
        arguments: [
            (discovery("10.1.2.3:4443", "x509: certificate signed by unknown authority"), "does not trust"),
            (discovery("10.1.2.3:4443", "dial tcp 10.1.2.3:4443: connect: connection refused"), "firewalls"),
            (discovery("10.1.2.3:4443", "context deadline exceeded"), "firewalls"),
            ("bad status from https://10.1.2.3:4443/apis/metrics.k8s.io/v1: 401", "--requestheader-allowed-names"),
            ("bad status from https://10.1.2.3:4443/apis/metrics.k8s.io/v1: 403", "--proxy-client-cert-file"),
            ("bad status from https://10.1.2.3:4443/apis/metrics.k8s.io/v1: 404", "something else"),
            ("bad status from https://10.1.2.3:4443/apis/metrics.k8s.io/v1: 503", "not well"), ("", "replicas below"),
        ])
    func causes(_ message: String, _ words: String) {
        #expect(advice("FailedDiscoveryCheck", message).contains(words))
    }

    @Test("a cluster IP that nothing proxies needs --enable-aggregator-routing; a pod's address does not")
    func routing() {
        let refused = "connect: connection refused"
        let flag = "--enable-aggregator-routing=true"
        #expect(advice("FailedDiscoveryCheck", Self.discovery("10.96.7.7:443", refused)).contains(flag))
        #expect(!advice("FailedDiscoveryCheck", Self.discovery("10.1.2.3:4443", refused)).contains(flag))
        #expect(
            advice("FailedDiscoveryCheck", Self.discovery("10.1.2.3:4443", refused), addresses: nil).contains(flag))
    }

    @Test(
        "the host of a message's URL",
        arguments: [
            ("from https://10.1.2.3:4443/apis", "10.1.2.3"), ("https://[fd00::1]:4443/apis", "fd00::1"),
            ("https://name", "name"), ("https://", nil), ("http://10.1.2.3", nil), ("", nil), ("https://[", nil),
        ])
    func hosts(_ message: String, _ host: String?) { #expect(APIServiceAdvice.host(in: message) == host) }
}
