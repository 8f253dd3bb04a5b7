// SPDX-License-Identifier: Apache-2.0
import TLS
import TLSTestSupport

/// `aggregator --standalone` on free loopback ports, with a state directory that may outlive it.
final class AggregatorProcess {
    /// What the tests call the node whose agent pushes.
    static let node = "pipeline-node"

    let state: TemporaryDirectory
    private(set) var program: Program
    /// HOST:PORT of either port.
    let push: String
    let api: String

    /// - Parameters:
    ///   - ports: of one that ran before; nil: free ones.
    ///   - runner: what to start it with, such as another user.
    ///   - flags: beyond those that every test needs; of two equal ones the last counts.
    init(
        state: TemporaryDirectory = TemporaryDirectory(), ports: AggregatorProcess? = nil, runner: [String] = [],
        flags: [String] = []
    ) async throws {
        self.state = state
        var tries = 0
        while true {
            tries += 1
            let program = try Program(
                runner + [
                    Programs.aggregator, "--standalone", "--state-dir", state.path,
                    "--secure-port", Self.port(ports?.api), "--push-port", Self.port(ports?.push),
                    "--node-name", Self.node,
                ] + flags)
            try await program.until("aggregator that is ready") {
                program.text.contains("aggregator ready") || !program.isRunning
            }
            self.program = program
            if program.isRunning { break }
            guard ports == nil, tries < 5, program.text.contains("the port is in use") else {
                throw Program.Failure(description: "it ended: \(program.text)")
            }
        }
        push = Self.word(after: " push=", in: program.text)
        api = Self.word(after: " api=", in: program.text)
    }

    /// - Parameter address: nil for a port of a range from which neither the kernel nor another test takes one, since it
    ///   must still be free when an aggregator is started on it again.
    private static func port(_ address: String?) -> String {
        address.flatMap { $0.split(separator: ":").last.map(String.init) }
            ?? "\(LoopbackServer.closedPort(in: 21_000..<32_000))"
    }

    private static func word(after key: String, in text: String) -> String {
        guard let found = text.firstRange(of: key) else { return "" }
        return String(text[found.upperBound...].prefix { $0 != " " && $0 != "\n" && $0 != "\"" })
    }

    var caFile: String { state.file("ca.crt") }
    var kubeconfig: String { state.file("kubeconfig") }

    var pushPort: UInt16 { UInt16(Self.port(push)) ?? 0 }
    var apiPort: UInt16 { UInt16(Self.port(api)) ?? 0 }

    /// The flags with which an agent gets in.
    /// - Parameter address: where else to push; nil: here.
    func agentFlags(to address: String? = nil) -> [String] {
        [
            "--aggregator", address ?? push, "--ca-file", caFile, "--token-file", state.file("agent-token"),
            "--node-name", Self.node,
        ]
    }

    func client() throws -> APIClient {
        let token = TemporaryDirectory.read(state.file("user-token")).filter { $0 > 0x20 }
        return APIClient(
            port: apiPort, context: try .client(trust: .file(caFile), alpn: ["http/1.1"]),
            token: String(decoding: token, as: UTF8.self))
    }

    func kill() async throws {
        program.signal(9)
        _ = try await program.end()
    }
}
