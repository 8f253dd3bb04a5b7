// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import AggregatorMain

@Suite("Arguments kept from metrics-server")
struct MigrationFlagsTests {
    @Test("the arguments of its Deployment go, each with a word about it, and ours stay in order")
    func manifest() {
        let (rest, warnings) = MigrationFlags.removed(from: [
            "--cert-dir=/tmp", "--secure-port=10250", "--kubelet-preferred-address-types=InternalIP,ExternalIP",
            "--kubelet-use-node-status-port", "--metric-resolution=15s", "--kubelet-insecure-tls",
        ])
        #expect(rest == ["--secure-port=10250"])
        #expect(warnings.count == 5)
        #expect(
            warnings.first == "--cert-dir has no meaning here: the certificate is kept in memory, its CA in a Secret")
        #expect(warnings.last == "--kubelet-insecure-tls has no meaning here: no kubelet is asked")
    }

    @Test("a value of its own goes with its flag")
    func separateValue() {
        let (rest, warnings) = MigrationFlags.removed(from: [
            "--metric-resolution", "15s", "--push-port", "1", "--kubelet-port", "10250",
        ])
        #expect(rest == ["--push-port", "1"])
        #expect(warnings.count == 2)
    }

    @Test("a switch takes no value, unless it is its own")
    func switches() {
        #expect(MigrationFlags.removed(from: ["--kubelet-insecure-tls", "value"]).rest == ["value"])
        #expect(MigrationFlags.removed(from: ["--kubelet-insecure-tls=false", "value"]).rest == ["value"])
    }

    @Test(
        "what only looks like one stays",
        arguments: ["--kubelet", "kubelet-port", "-kubelet-port", "--kubelet-ports=1", "--", "", "--="])
    func others(argument: String) {
        let (rest, warnings) = MigrationFlags.removed(from: [argument, "x"])
        #expect(rest == [argument, "x"])
        #expect(warnings.isEmpty)
    }

    @Test("a flag at the end without its value is no trouble")
    func cutShort() {
        #expect(MigrationFlags.removed(from: ["--metric-resolution"]).rest == [])
    }
}
