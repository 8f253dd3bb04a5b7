// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport
import Testing

/// What the agent does with a command line, a file or a node that cannot work.
@Suite struct AgentCommandLineTests {
    @Test("The agent ends with a status and a message that names the culprit and the way out", arguments: cases)
    func badInput(_ bad: BadCommandLine) async throws {
        let place = BadInputPlace()
        let (status, text) = try await Program.run(bad.arguments(place))
        #expect(status == bad.status, "\(text)")
        for part in bad.message { #expect(text.contains(part), "\(text)") }
        // One line: it ends up in `kubectl logs`.
        #expect(text.hasPrefix("agent: ") && text.split(separator: "\n").count == 1, "\(text)")
    }

    static let cases: [BadCommandLine] = usage + files + node

    static let usage: [BadCommandLine] = [
        .init("an unknown flag", status: 2, "unknown flag --verbose", "agent --help") { $0.agent + ["--verbose"] },
        .init("an argument without a flag", status: 2, "unexpected argument \"now\"", "agent --help") {
            $0.agent + ["now"]
        },
        .init("a flag without its value", status: 2, "--interval needs a value") { $0.agent + ["--interval"] },
        .init("no duration", status: 2, "--interval: \"soon\"", "5s") { $0.agent + ["--interval", "soon"] },
        .init("a duration out of range", status: 2, "--interval: ", "1s", "5m") { $0.agent + ["--interval", "10ms"] },
        .init("a port that is none", status: 2, "--aggregator: ", "99999") {
            $0.agent + ["--aggregator", "localhost:99999"]
        },
        .init("no aggregator", status: 2, "--aggregator is missing", "HOST:PORT") {
            [Programs.agent, "--ca-file", $0.ca, "--token-file", $0.token]
        },
        .init("no CA", status: 2, "--ca-file is missing") {
            [Programs.agent, "--aggregator", "localhost", "--token-file", $0.token]
        },
        .init("no credential", status: 2, "--token-file is missing", "--cert-file and --key-file") {
            $0.agent(ca: $0.ca, credential: [])
        },
        .init("a certificate without its key", status: 2, "--cert-file and --key-file go together") {
            $0.agent(ca: $0.ca, credential: ["--cert-file", $0.certificate])
        },
        .init("an unknown log level", status: 2, "--log-level: \"loud\"", "debug, info, warning, error") {
            $0.agent + ["--log-level", "loud"]
        },
        .init("an unknown format", status: 2, "--output: \"xml\"", "csv or openmetrics") {
            $0.agent + ["--dump", "-o", "xml"]
        },
        .init("a pattern that is none", status: 2, "--pod: \"[\" is not a regular expression: ") {
            [Programs.agent, "--dump", "--pod", "["] + $0.node.flags
        },
        .init("something to watch without a dump", status: 2, "--watch goes with --dump") { $0.agent + ["--watch"] },
        .init("an end that cannot be watched", status: 2, "--watch: ", "# EOF") {
            [Programs.agent, "--dump", "--watch", "-o", "openmetrics"] + $0.node.flags
        },
    ]

    static let files: [BadCommandLine] = [
        .init("a CA that is missing", status: 1, "--ca-file: ", "/missing", "No such file") {
            $0.agent(ca: $0.missing, credential: ["--token-file", $0.token])
        },
        .init("a CA that is a directory", status: 1, "--ca-file: ", "/folder", "directory") {
            $0.agent(ca: $0.folder, credential: ["--token-file", $0.token])
        },
        .init("a CA of garbage", status: 1, "--ca-file: ", "/garbage", "BEGIN CERTIFICATE") {
            $0.agent(ca: $0.garbage, credential: ["--token-file", $0.token])
        },
        .init("a CA file with nothing in it", status: 1, "--ca-file: ", "/empty", "BEGIN CERTIFICATE") {
            $0.agent(ca: $0.empty, credential: ["--token-file", $0.token])
        },
        .init("a CA file with a broken certificate", status: 1, "--ca-file: ", "/broken", "certificate") {
            $0.agent(
                ca: $0.write("broken", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
                credential: ["--token-file", $0.token])
        },
        .init("a token that is missing", status: 1, "--token-file: ", "/missing", "No such file") {
            $0.agent(ca: $0.ca, credential: ["--token-file", $0.missing])
        },
        .init("a token of garbage", status: 1, "--token-file: ", "/garbage", "name the file that holds") {
            $0.agent(ca: $0.ca, credential: ["--token-file", $0.garbage])
        },
        .init("a token file with nothing in it", status: 1, "--token-file: ", "/empty is empty") {
            $0.agent(ca: $0.ca, credential: ["--token-file", $0.empty])
        },
        .init("a certificate that is missing", status: 1, "--cert-file", "/missing", "No such file") {
            $0.agent(ca: $0.ca, credential: ["--cert-file", $0.missing, "--key-file", $0.key])
        },
        .init("a certificate of garbage", status: 1, "--cert-file", "/garbage", "BEGIN CERTIFICATE") {
            $0.agent(ca: $0.ca, credential: ["--cert-file", $0.garbage, "--key-file", $0.key])
        },
        .init("a key that is missing", status: 1, "--key-file", "/missing", "No such file") {
            $0.agent(ca: $0.ca, credential: ["--cert-file", $0.certificate, "--key-file", $0.missing])
        },
        .init("a key of garbage", status: 1, "--key-file", "/garbage", "key") {
            $0.agent(ca: $0.ca, credential: ["--cert-file", $0.certificate, "--key-file", $0.garbage])
        },
        .init(
            "a key of another certificate", status: 1, "--key-file", "/other.key is not the key of", "/client.pem"
        ) { $0.agent(ca: $0.ca, credential: ["--cert-file", $0.certificate, "--key-file", $0.otherKey]) },
    ]

    static let node: [BadCommandLine] = [
        .init("a cgroup root that is missing", status: 1, "/missing", "No such file", "--cgroup-root") {
            $0.agent + ["--cgroup-root", $0.missing]
        },
        .init("no cgroup filesystem", status: 1, "/folder", "neither a cgroup v2 tree", "--cgroup-root") {
            $0.agent + ["--cgroup-root", $0.folder]
        },
        .init("no cgroup filesystem to dump", status: 1, "/folder", "neither a cgroup v2 tree", "--cgroup-root") {
            [Programs.agent, "--dump"] + $0.node.flags + ["--cgroup-root", $0.folder]
        },
        .init("no kubepods", status: 1, "no kubepods", "--cgroup-root", "--kubepods-root") { place in
            place.node.remove("cgroup/kubepods")
            return place.agent
        },
        .init("no kubepods to dump", status: 1, "no kubepods", "--cgroup-root", "--kubepods-root") { place in
            place.node.remove("cgroup/kubepods")
            return [Programs.agent, "--dump"] + place.node.flags
        },
        .init("no kubepods where they are said to be", status: 1, "no directory else/where", "--kubepods-root") {
            $0.agent + ["--kubepods-root", "else/where"]
        },
        .init("no proc filesystem", status: 1, "/folder", "--proc-root") { $0.agent + ["--proc-root", $0.folder] },
    ]

    @Test("Help and version go to standard output and end with 0", arguments: ["--help", "-h", "--version"])
    func help(flag: String) async throws {
        let (status, text) = try await Program.run(["sh", "-c", "exec \"$0\" \"$1\" 2>/dev/null", Programs.agent, flag])
        #expect(status == 0)
        #expect(text.hasPrefix(flag == "--version" ? "agent " : "Usage: agent "))
    }
}
