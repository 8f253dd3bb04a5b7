// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport
import Testing

/// What the aggregator does with a command line or a state directory that cannot work.
@Suite struct AggregatorCommandLineTests {
    @Test("The aggregator ends with a status and a message that names the culprit and the way out", arguments: cases)
    func badInput(_ bad: BadCommandLine) async throws {
        let place = BadInputPlace()
        let (status, text) = try await Program.run(bad.arguments(place))
        #expect(status == bad.status, "\(text)")
        for part in bad.message { #expect(text.contains(part), "\(text)") }
        #expect(!text.contains("aggregator ready"), "\(text)")
    }

    static let cases: [BadCommandLine] = usage + state

    private static func line(_ more: String...) -> [String] {
        [Programs.aggregator, "--standalone", "--secure-port", "0", "--push-port", "0"] + more
    }

    static let usage: [BadCommandLine] = [
        .init("an unknown flag", status: 2, "--verbose", "--help") { line("--state-dir", $0.folder, "--verbose") },
        .init("a flag without its value", status: 2, "--state-dir", "--help") { _ in line("--state-dir") },
        .init("no cluster and no other mode", status: 1, "--kubeconfig", "--standalone --state-dir DIR") { _ in
            [Programs.aggregator]
        },
        .init("no state directory", status: 2, "--state-dir DIR") { _ in line() },
        .init("no duration", status: 2, "--rate-window: \"soon\"", "s") {
            line("--state-dir", $0.folder, "--rate-window", "soon")
        },
        .init("a duration out of range", status: 2, "--stale-after: ", "2s", "1h") {
            line("--state-dir", $0.folder, "--stale-after", "1ms")
        },
        .init("a port that is none", status: 2, "--push-port", "99999") {
            line("--state-dir", $0.folder, "--push-port", "99999")
        },
        .init("an unknown log level", status: 2, "--log-level: \"loud\"", "debug, info, warning, error") {
            line("--state-dir", $0.folder, "--log-level", "loud")
        },
        .init("an address that others reach", status: 2, "--bind-address: \"0.0.0.0\"", "loopback") {
            line("--state-dir", $0.folder, "--bind-address", "0.0.0.0")
        },
        .init("an address that only looks like loopback", status: 2, "--bind-address: \"127.example.com\"", "loopback")
        {
            line("--state-dir", $0.folder, "--bind-address", "127.example.com")
        },
        .init("no node", status: 2, "--node-name") { line("--state-dir", $0.folder, "--node-name", ",") },
    ]

    static let state: [BadCommandLine] = [
        .init("a state directory in nowhere", status: 1, "--state-dir: ", "/missing/deeper", "No such file") {
            line("--state-dir", $0.missing + "/deeper")
        },
        .init(
            "a state directory that is a file", status: 1, "--state-dir: ", "/garbage", "Not a directory",
            "name a directory"
        ) {
            line("--state-dir", $0.garbage)
        },
        .init("a CA of garbage", status: 1, "/folder/ca.crt and ca.key are not a usable CA", "to start anew") { place in
            state(place, ["ca.crt": place.garbage, "ca.key": place.garbage])
        },
        .init(
            "a CA whose key is another's", status: 1, "/folder/ca.crt and ca.key are not a usable CA", "to start anew"
        ) {
            place in state(place, ["ca.crt": place.ca, "ca.key": place.otherKey])
        },
        .init("a token of nothing", status: 1, "/folder/agent-token holds no token", "delete it") { place in
            state(place, ["agent-token": place.empty])
        },
    ]

    /// With files that were put into its state directory.
    private static func state(_ place: BadInputPlace, _ files: [String: String]) -> [String] {
        for (name, source) in files { _ = try? ChildProcess.check(["cp", source, "\(place.folder)/\(name)"]) }
        return line("--state-dir", place.folder)
    }

    @Test("A port in use is named, with the flag for another one", arguments: ["--push-port", "--secure-port"])
    func portInUse(flag: String) async throws {
        let running = try await AggregatorProcess()
        let state = TemporaryDirectory()
        let port = flag == "--push-port" ? running.pushPort : running.apiPort
        let other = flag == "--push-port" ? "--secure-port" : "--push-port"
        let (status, text) = try await Program.run(
            [Programs.aggregator, "--standalone", "--state-dir", state.path, flag, "\(port)", other, "0"])
        #expect(status == 1)
        #expect(
            text.contains("cannot listen on 127.0.0.1:\(port): the port is in use; choose another with \(flag)"),
            "\(text)")
        #expect(running.program.isRunning)
    }

    @Test("Any loopback address will do, and agents and users can verify it")
    func otherLoopback() async throws {
        let aggregator = try await AggregatorProcess(flags: ["--bind-address", "127.0.0.2"])
        #expect(aggregator.push.hasPrefix("127.0.0.2:"))
        let place = BadInputPlace()
        let agent = try startAgent(aggregator, node: place.node.flags)
        try await agent.awaitLine("session open")
        try ChildProcess.check(["curl", "--silent", "--cacert", aggregator.caFile, "https://\(aggregator.api)/livez"])
    }

    @Test("A second aggregator on the same state directory does not spoil the first one's files")
    func stateInUse() async throws {
        let running = try await AggregatorProcess()
        let before = TemporaryDirectory.read(running.kubeconfig)
        let (status, text) = try await Program.run(
            [
                Programs.aggregator, "--standalone", "--state-dir", running.state.path, "--push-port",
                "\(running.pushPort)", "--secure-port", "\(running.apiPort)",
            ])
        #expect(status == 1, "\(text)")
        #expect(TemporaryDirectory.read(running.kubeconfig) == before)
    }

    @Test("Help and version go to standard output and end with 0", arguments: ["--help", "-h", "--version"])
    func help(flag: String) async throws {
        let (status, text) = try await Program.run(
            ["sh", "-c", "exec \"$0\" \"$1\" 2>/dev/null", Programs.aggregator, flag])
        #expect(status == 0)
        #expect(text.contains(flag == "--version" ? "aggregator " : "USAGE: aggregator "))
    }
}
