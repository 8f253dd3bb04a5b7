// SPDX-License-Identifier: Apache-2.0
import Aggregator
import ArgumentParser
import Console
import Glibc

@main
enum Main {
    static func main() async {
        // A peer that goes away while we write is an error of that write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try AggregatorCommand.parseAsRoot()
            guard let aggregator = command as? AggregatorCommand else { return try command.run() }
            try await aggregator.serve()
        } catch {
            // The library exits with 64 for a bad command line; operators' scripts know 2.
            let status = AggregatorCommand.exitCode(for: error)
            if status == .validationFailure {
                StandardError.write(AggregatorCommand.fullMessage(for: error) + "\n")
                exit(ExitStatus.usage)
            }
            if status == .success { AggregatorCommand.exit(withError: error) }
            StandardError.write("aggregator: \(error)\n")
            exit(ExitStatus.failure)
        }
    }
}

struct AggregatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "aggregator",
        abstract: "Takes samples from agents and serves the resource metrics API (metrics.k8s.io).",
        discussion: """
            With --standalone it needs no cluster: it listens on the loopback address, makes its own CA, tokens and \
            a kubeconfig in --state-dir, and answers kubectl top for the nodes whose agents push to it.
            """,
        version: "aggregator \(Version.text)")

    @Flag(help: "Serve without an API server, on the loopback address only.")
    var standalone = false

    @Option(help: ArgumentHelp("Where --standalone keeps its CA, tokens and kubeconfig.", valueName: "dir"))
    var stateDir: String?

    @Option(
        help: ArgumentHelp(
            "The nodes that the standalone agent token speaks for (default: this host's name).", valueName: "name,..."))
    var nodeName: String?

    @Option(help: ArgumentHelp("Address to listen on; with --standalone a loopback address.", valueName: "address"))
    var bindAddress = "127.0.0.1"

    @Option(help: ArgumentHelp("Port of the API; 0 takes any free one.", valueName: "port"))
    var securePort: UInt16 = 4443

    @Option(help: ArgumentHelp("Port that agents push to; 0 takes any free one.", valueName: "port"))
    var pushPort: UInt16 = 4444

    @Option(help: ArgumentHelp("The span that CPU rates are taken over.", valueName: "duration"))
    var rateWindow = "15s"

    @Option(help: ArgumentHelp("A node not heard of for this long is no longer served.", valueName: "duration"))
    var staleAfter = "30s"

    @Option(help: ArgumentHelp("debug, info, warning or error.", valueName: "level"))
    var logLevel = "info"

    /// Serves until a signal.
    func serve() async throws {
        try await StandaloneAggregator.main(try settings())
    }

    private func settings() throws -> AggregatorConfiguration {
        guard standalone else {
            throw ValidationError(
                "--standalone is missing; this version serves without an API server only. "
                    + "Start it with --standalone --state-dir DIR")
        }
        guard let stateDir, !stateDir.isEmpty else {
            throw ValidationError(
                "--standalone needs --state-dir DIR, a directory of its own to keep its CA and tokens in")
        }
        guard Self.isLoopback(bindAddress) else {
            throw ValidationError(
                "--bind-address: \"\(bindAddress)\" is not a loopback address; --standalone serves nothing else, "
                    + "give 127.0.0.1 or ::1")
        }
        return AggregatorConfiguration(
            bindAddress: bindAddress, securePort: Int(securePort), pushPort: Int(pushPort),
            store: StoreConfiguration(
                rateWindow: try flag("--rate-window", rateWindow, .seconds(1) ... .seconds(600)),
                staleAfter: try flag("--stale-after", staleAfter, .seconds(2) ... .seconds(3600))),
            stateDirectory: stateDir, nodeNames: try nodeNames(),
            logLevel: try usage("--log-level") { () throws(FlagError) in try LogLevel.parse(logLevel) })
    }

    /// Only numbers: what a name leads to is not for us to say.
    private static func isLoopback(_ address: String) -> Bool {
        var octets = [UInt8](repeating: 0, count: 4)
        return address == "::1" || inet_pton(AF_INET, address, &octets) == 1 && octets[0] == 127
    }

    private func nodeNames() throws -> [String] {
        let names = (nodeName ?? HostName.current).split(separator: ",").map(String.init)
        guard !names.isEmpty else { throw ValidationError("--node-name: no name given") }
        return names
    }

    private func flag(_ name: String, _ text: String, _ range: ClosedRange<Duration>) throws -> Duration {
        try usage(name) { () throws(FlagError) in try DurationFlag.parse(text, in: range) }
    }

    private func usage<Value>(_ flag: String, _ parse: () throws(FlagError) -> Value) throws -> Value {
        do {
            return try parse()
        } catch {
            throw ValidationError("\(error.of(flag: flag))")
        }
    }
}
