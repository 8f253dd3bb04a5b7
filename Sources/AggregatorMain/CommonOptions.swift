// SPDX-License-Identifier: Apache-2.0
import Aggregator
import ArgumentParser
import Console

/// Flags that count with and without a cluster.
struct CommonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Address to listen on (default: all; with --standalone 127.0.0.1, and no other than loopback).",
            valueName: "address"))
    var bindAddress: String?

    @Option(help: ArgumentHelp("Port of the API; 0 takes any free one.", valueName: "port"))
    var securePort: UInt16 = 4443

    @Option(help: ArgumentHelp("Port that agents push to; 0 takes any free one.", valueName: "port"))
    var pushPort: UInt16 = 4444

    @Option(help: ArgumentHelp("The span that CPU rates are taken over.", valueName: "duration"))
    var rateWindow = "15s"

    @Option(help: ArgumentHelp("A node not heard of for this long is no longer served.", valueName: "duration"))
    var staleAfter = "30s"

    @Option(
        help: ArgumentHelp(
            "Both ports stay open for this long after the signal to end, while readiness fails.", valueName: "duration")
    )
    var shutdownDelayDuration = "0s"

    @Option(
        help: ArgumentHelp("Agent connections at a time; one over it is closed at once.", valueName: "number"))
    var maxAgents = 20_000

    @Option(
        help: ArgumentHelp(
            "Requests answered at a time, watches not among them; more are refused with 429. 0: any number.",
            valueName: "n"))
    var maxRequestsInflight: UInt32 = 400

    @Option(help: ArgumentHelp("Watches answered at a time; 0: any number.", valueName: "n"))
    var maxWatches: UInt32 = 1000

    @Option(help: ArgumentHelp("debug, info, warning or error.", valueName: "level"))
    var logLevel = "info"

    func configuration(defaultAddress: String) throws -> AggregatorConfiguration {
        guard (1...1_000_000).contains(maxAgents) else {
            throw ValidationError("--max-agents: \(maxAgents) is not between 1 and 1000000")
        }
        return AggregatorConfiguration(
            bindAddress: bindAddress ?? defaultAddress, securePort: Int(securePort), pushPort: Int(pushPort),
            store: StoreConfiguration(
                rateWindow: try Usage.duration("--rate-window", rateWindow, .seconds(1) ... .seconds(600)),
                staleAfter: try Usage.duration("--stale-after", staleAfter, .seconds(2) ... .seconds(3600))),
            shutdownDelay: try Usage.duration(
                "--shutdown-delay-duration", shutdownDelayDuration, .zero ... .seconds(300)),
            maxRequestsInFlight: Int(maxRequestsInflight), maxWatches: Int(maxWatches),
            logLevel: try Usage.checked("--log-level") { () throws(FlagError) in try LogLevel.parse(logLevel) },
            maxAgents: maxAgents)
    }
}
