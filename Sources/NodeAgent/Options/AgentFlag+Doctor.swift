// SPDX-License-Identifier: Apache-2.0
import Console

extension AgentFlag {
    static let doctor: [AgentFlag] = [
        AgentFlag(
            name: "doctor",
            help: "look at everything that has to be so for this node to be reported, say what to do about what is "
                + "not, and exit; with --aggregator up to the TLS handshake"
        ) { options, _ throws(FlagError) in try options.choose(.doctor) }
    ]
}
