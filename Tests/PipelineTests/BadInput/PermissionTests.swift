// SPDX-License-Identifier: Apache-2.0
import Glibc
import TLSTestSupport
import Testing

/// What both programs say when the kernel does not let them.
@Suite(
    .enabled(
        if: Unprivileged.isPossible,
        "needs root, setpriv and a build directory that everybody may read: the programs are run as uid 65534"))
struct PermissionTests {
    @Test("Files that the agent may not read are named, and so is the way out")
    func agentFiles() async throws {
        let place = BadInputPlace()
        let unreadable: [(flag: String, arguments: [String])] = [
            ("--ca-file", place.agent),
            ("--dump", [Programs.agent, "--dump"] + place.node.flags),
        ]
        for (flag, arguments) in unreadable {
            // The directories of this test are 0700 and root's.
            let (status, text) = try await Program.run(Unprivileged.prefix + arguments)
            #expect(status == 1, "\(flag): \(text)")
            #expect(text.contains("ermi"), "\(flag): \(text)")
            #expect(text.contains("/tmp/"), "\(flag): \(text)")
        }
    }

    @Test("An aggregator needs no privilege to serve agents and users")
    func unprivilegedAggregator() async throws {
        let state = TemporaryDirectory()
        try #require(chown(state.path, 65534, 65534) == 0)
        let aggregator = try await AggregatorProcess(state: state, runner: Unprivileged.prefix)
        let place = BadInputPlace()
        let agent = try startAgent(aggregator, node: place.node.flags)
        try await agent.awaitLine("session open")
        let client = try aggregator.client()
        try await agent.until("a node") { try client.nodes().map(\.name) == [AggregatorProcess.node] }
    }

    @Test("A state directory that cannot be written is named")
    func stateDirectory() async throws {
        let directory = TemporaryDirectory()
        chmod(directory.path, 0o755)
        for path in [directory.path, directory.file("new")] {
            let (status, text) = try await Program.run(
                Unprivileged.prefix + [
                    Programs.aggregator, "--standalone", "--state-dir", path, "--secure-port", "0", "--push-port", "0",
                ])
            #expect(status == 1)
            #expect(text.contains("--state-dir"), "\(text)")
            #expect(text.contains("\(path)") && text.contains("Permission denied"), "\(text)")
            #expect(text.contains("name a directory that can be "), "\(text)")
        }
    }
}
