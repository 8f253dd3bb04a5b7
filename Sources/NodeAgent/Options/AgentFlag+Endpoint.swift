// SPDX-License-Identifier: Apache-2.0
import Console

extension AgentFlag {
    static let endpoint: [AgentFlag] = [
        AgentFlag(
            name: "metrics-address", argument: "HOST:PORT",
            help: "serve /livez and /metrics about this agent over plain HTTP to whoever asks; "
                + ":PORT is every address, port 0 any free port (default: off)"
        ) { options, text throws(FlagError) in options.metricsAddress = try Endpoint.parseListening(text) },
        AgentFlag(
            name: "metrics-detail",
            help: "also serve each container's figures at /metrics, read when they are asked for"
        ) { options, _ throws(FlagError) in options.metricsDetail = true },
    ]
}
