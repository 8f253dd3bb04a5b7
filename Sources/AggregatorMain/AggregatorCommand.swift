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
        let (arguments, warnings) = MigrationFlags.removed(from: Array(CommandLine.arguments.dropFirst()))
        do {
            var command = try AggregatorCommand.parseAsRoot(EmptyValues.separated(arguments))
            guard let aggregator = command as? AggregatorCommand else { return try command.run() }
            for warning in warnings { StandardError.write("aggregator: \(warning)\n") }
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
            In a cluster it is an extension API server: it follows the cluster's nodes and pods, lets the API server say \
            who may ask and who may push, and answers kubectl top and the autoscalers.

            With --standalone it needs no cluster: it listens on the loopback address, makes its own CA, tokens and \
            a kubeconfig in --state-dir, and answers kubectl top for the nodes whose agents push to it.
            """,
        version: "aggregator \(Version.text)")

    @Flag(
        help: ArgumentHelp(
            "Do not serve: look whether everything is as it must be in the cluster, say what to do about what is not, "
                + "and exit with 0 if nothing failed and 1 otherwise."))
    var check = false

    @OptionGroup var common: CommonOptions
    @OptionGroup(title: "In a cluster") var cluster: ClusterOptions
    @OptionGroup(title: "Who may ask") var authentication: AuthenticationOptions
    @OptionGroup(title: "Without a cluster") var alone: StandaloneOptions

    /// What the command line asks for.
    enum Mode {
        case standalone(StandaloneConfiguration)
        case cluster(ClusterConfiguration)
        case check(ClusterConfiguration)
    }

    /// - Throws: `ValidationError` that names the flag.
    func mode() throws -> Mode {
        if alone.standalone {
            guard !check else {
                throw ValidationError("--check looks at a cluster, which --standalone has none of; leave one out")
            }
            return .standalone(try alone.configuration(common))
        }
        var configuration = ClusterConfiguration(common: try common.configuration(defaultAddress: "::"))
        try cluster.apply(to: &configuration)
        configuration.authentication = try authentication.settings()
        return check ? .check(configuration) : .cluster(configuration)
    }

    /// Serves until a signal, or checks and exits.
    func serve() async throws {
        SpareMemory.mapLargeBlocks()
        switch try mode() {
        case .standalone(let configuration): try await StandaloneAggregator.main(configuration)
        case .cluster(let configuration): try await ClusterAggregator.main(configuration)
        case .check(let configuration):
            let style = ReportStyle.ofStandardOutput { name in getenv(name).map { String(cString: $0) } }
            if try await !Doctor.main(configuration, style: style) { Glibc.exit(ExitStatus.failure) }
        }
    }
}
