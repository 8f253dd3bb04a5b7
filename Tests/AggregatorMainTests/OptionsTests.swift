// SPDX-License-Identifier: Apache-2.0
import Aggregator
import ArgumentParser
import Testing

@testable import AggregatorMain

@Suite("The aggregator's command line")
struct OptionsTests {
    /// What is wrong about a command line, in the words that its user reads; nil: nothing.
    private func complaint(_ arguments: String...) -> String? {
        do {
            _ = try configuration(arguments)
            return nil
        } catch {
            return AggregatorCommand.message(for: error)
        }
    }

    private func cluster(_ arguments: String...) throws -> ClusterConfiguration {
        guard case .cluster(let configuration) = try configuration(arguments) else { throw OtherMode() }
        return configuration
    }

    private func standalone(_ arguments: String...) throws -> StandaloneConfiguration {
        guard case .standalone(let configuration) = try configuration(arguments) else { throw OtherMode() }
        return configuration
    }

    private func configuration(_ arguments: [String]) throws -> AggregatorCommand.Mode {
        try AggregatorCommand.parse(EmptyValues.separated(arguments)).mode()
    }

    private struct OtherMode: Error {}

    @Test("nothing is needed in a cluster, and all addresses are listened on")
    func defaults() throws {
        let configuration = try cluster()
        #expect(configuration.common.bindAddress == "::")
        #expect(configuration.common.securePort == 4443 && configuration.common.pushPort == 4444)
        #expect(configuration.kubeconfig == nil && configuration.namespace == nil)
        #expect(configuration.serviceName == "metrics-push" && configuration.authorityName == "metrics-push-ca")
        #expect(configuration.authentication.tokenLifetime == .seconds(10))
        #expect(configuration.authentication.alwaysAllowedPaths == ["/healthz", "/readyz", "/livez"])
        #expect(configuration.authentication.allowedNames == nil)
    }

    @Test("requests and watches in flight are bounded unless 0 says otherwise")
    func inFlight() throws {
        let defaults = try cluster().common
        #expect(defaults.maxRequestsInFlight == 400 && defaults.maxWatches == 1_000)
        let common = try cluster("--max-requests-inflight", "7", "--max-watches=0").common
        #expect(common.maxRequestsInFlight == 7 && common.maxWatches == 0)
        #expect(complaint("--max-requests-inflight", "-1") != nil)
    }

    @Test("lists are split at commas; an empty one is not the same as none")
    func lists() throws {
        let configuration = try cluster(
            "--requestheader-allowed-names", "", "--requestheader-username-headers=X-A,X-B",
            "--certificate-names", "10.0.0.1,pod.example", "--authorization-always-allow-paths=")
        #expect(configuration.authentication.allowedNames == [])
        #expect(configuration.authentication.usernameHeaders == ["X-A", "X-B"])
        #expect(configuration.authentication.groupHeaders == nil)
        #expect(configuration.extraNames == ["10.0.0.1", "pod.example"])
        #expect(configuration.authentication.alwaysAllowedPaths == [])
    }

    @Test("only a flag that ends in its equals sign is taken apart")
    func emptyValues() {
        #expect(
            EmptyValues.separated(["--a=", "--b=c=", "d=", "--", "=", "--=", "--e"])
                == ["--a", "", "--b=c=", "d=", "--", "=", "--=", "--e"])
    }

    @Test("half a certificate is refused, and the missing half is named")
    func certificate() {
        #expect(
            complaint("--tls-cert-file", "a")
                == "--tls-cert-file and --tls-private-key-file go together; --tls-private-key-file is missing")
        #expect(
            complaint("--tls-private-key-file", "a")
                == "--tls-cert-file and --tls-private-key-file go together; --tls-cert-file is missing")
        #expect(complaint("--tls-cert-file", "a", "--tls-private-key-file", "b") == nil)
    }

    @Test("without a lookup there has to be a front proxy's CA")
    func skipLookup() {
        #expect(
            complaint("--authentication-skip-lookup")?.hasPrefix(
                "--authentication-skip-lookup needs --requestheader-client-ca-file FILE") == true)
        #expect(complaint("--authentication-skip-lookup", "--requestheader-client-ca-file", "f") == nil)
    }

    @Test(
        "a value that is none is refused with its flag",
        arguments: [
            ("--rate-window", "15"), ("--rate-window", "0s"), ("--stale-after", "1s"),
            ("--shutdown-delay-duration", "-1s"), ("--log-level", "loud"),
            ("--authentication-token-webhook-cache-ttl", "2h"),
            ("--authorization-webhook-cache-authorized-ttl", "soon"),
            ("--authorization-webhook-cache-unauthorized-ttl", ""), ("--secure-port", "65536"), ("--push-port", "-1"),
        ])
    func values(flag: String, value: String) throws {
        let text = try #require(complaint("\(flag)=\(value)"))
        #expect(text.contains(flag), "\(text)")
    }

    @Test("without a cluster a state directory is needed, and only the loopback address is served")
    func standaloneOnly() throws {
        #expect(complaint("--standalone")?.contains("--state-dir DIR") == true)
        #expect(complaint("--standalone", "--state-dir", "")?.contains("--state-dir DIR") == true)
        for address in ["0.0.0.0", "::", "192.0.2.1", "localhost"] {
            let text = complaint("--standalone", "--state-dir", "d", "--bind-address", address)
            #expect(text?.contains("\"\(address)\" is not a loopback address") == true, "\(address)")
        }
        for address in ["127.0.0.1", "127.1.2.3", "::1"] {
            #expect(
                try standalone("--standalone", "--state-dir", "d", "--bind-address", address)
                    .common.bindAddress == address)
        }
        #expect(
            complaint("--standalone", "--state-dir", "d", "--node-name", ",")?.contains("--node-name: no name") == true)
        #expect(try standalone("--standalone", "--state-dir", "d", "--node-name", "a,b").nodeNames == ["a", "b"])
    }

    @Test("names of nodes may come from a file, alone or with others")
    func nodeNamesFile() throws {
        let alone = try standalone("--standalone", "--state-dir", "d", "--node-names-file", "f")
        #expect(alone.nodeNamesFile == "f" && alone.nodeNames == [])
        let both = try standalone("--standalone", "--state-dir", "d", "--node-names-file", "f", "--node-name", "a")
        #expect(both.nodeNamesFile == "f" && both.nodeNames == ["a"])
        #expect(try standalone("--standalone", "--state-dir", "d").nodeNames.count == 1)
    }

    @Test("agent connections are bounded, by default generously")
    func maxAgents() throws {
        #expect(try cluster().common.maxAgents == 20_000)
        #expect(try cluster("--max-agents", "7").common.maxAgents == 7)
        for value in ["0", "-1", "1000001"] {
            #expect(complaint("--max-agents=\(value)")?.contains("--max-agents: \(value) is not between") == true)
        }
    }
}
