// SPDX-License-Identifier: Apache-2.0
import Console

/// One flag of the agent: how it is spelled, what it is for, and what it does to the options.
struct AgentFlag: Sendable {
    let name: String
    var short: Character?
    /// nil for a switch.
    /// FILE, DIR and DURATION are what they say (`FlagValue`).
    var argument: String?
    /// The only values that it takes, where there are so few.
    var choices: [String] = []
    let help: String
    let apply: @Sendable (inout AgentOptions, String) throws(FlagError) -> Void
}

extension AgentFlag {
    /// Everything the agent understands, in the order in which `--help` shows it.
    static let all: [AgentFlag] =
        connection + node + endpoint + output + dumping + explain + doctor + capture + about

    static let connection: [AgentFlag] = [
        AgentFlag(
            name: "aggregator", argument: "HOST:PORT[,...]",
            help: "where to push; every address that a name resolves to gets every sample (default port 4444)"
        ) { options, text throws(FlagError) in
            for part in text.split(separator: ",", omittingEmptySubsequences: false) {
                let endpoint = try Endpoint.parse(String(part), defaultPort: AgentOptions.defaultPort)
                // Two sessions for one node would push each other out of the aggregator.
                if !options.aggregators.contains(endpoint) { options.aggregators.append(endpoint) }
            }
        },
        AgentFlag(
            name: "interval", argument: "DURATION", help: "time between two samples, 1s to 5m (default 5s)"
        ) { options, text throws(FlagError) in
            options.interval = try DurationFlag.parse(text, in: AgentOptions.intervalRange)
        },
        AgentFlag(
            name: "ca-file", argument: "FILE",
            help: "CA certificates that the aggregator's certificate must chain to; read again when they change"
        ) { options, text throws(FlagError) in options.caFile = try notEmpty(text) },
        AgentFlag(
            name: "wait-for-ca", help: "start although the file of --ca-file is not there yet, and wait for it"
        ) { options, _ throws(FlagError) in options.waitsForCA = true },
        AgentFlag(
            name: "server-name", argument: "NAME",
            help: "name that the aggregator's certificate must carry (default: the host of --aggregator)"
        ) { options, text throws(FlagError) in options.serverName = try notEmpty(text) },
        AgentFlag(
            name: "token-file", argument: "FILE",
            help: "bearer token that speaks for this node; read again when it changes"
        ) { options, text throws(FlagError) in options.tokenFile = try notEmpty(text) },
        AgentFlag(
            name: "cert-file", argument: "FILE",
            help: "client certificate that speaks for this node, instead of a token"
        ) { options, text throws(FlagError) in options.certificateFile = try notEmpty(text) },
        AgentFlag(name: "key-file", argument: "FILE", help: "the certificate's private key") {
            options, text throws(FlagError) in options.keyFile = try notEmpty(text)
        },
    ]

    static let node: [AgentFlag] = [
        AgentFlag(
            name: "node-name", argument: "NAME", help: "this node's name (default $NODE_NAME, then the host name)"
        ) { options, text throws(FlagError) in options.nodeName = try notEmpty(text) },
        AgentFlag(name: "cgroup-root", argument: "DIR", help: "where cgroups are mounted (default /sys/fs/cgroup)") {
            options, text throws(FlagError) in options.cgroupRoot = try notEmpty(text)
        },
        AgentFlag(name: "proc-root", argument: "DIR", help: "where proc is mounted (default /proc)") {
            options, text throws(FlagError) in options.procRoot = try notEmpty(text)
        },
        AgentFlag(
            name: "log-root", argument: "DIR", help: "the directory that holds containers/ and pods/ (default /var/log)"
        ) { options, text throws(FlagError) in options.logRoot = try notEmpty(text) },
        AgentFlag(
            name: "kubepods-root", argument: "PATH",
            help: "the pods' cgroup, below each cgroup mount (default: it is searched for)"
        ) { options, text throws(FlagError) in options.kubepodsRoot = try notEmpty(text) },
        AgentFlag(
            name: "pod-uid", argument: "UID",
            help: "the agent's own pod (default $POD_UID); picks the kubepods root where there are several"
        ) { options, text throws(FlagError) in options.podUID = try notEmpty(text) },
    ]

    static let output: [AgentFlag] = [
        AgentFlag(name: "dump", help: "read this node twice, a second apart, print what was found, and exit") {
            options, _ throws(FlagError) in try options.choose(.dump)
        },
        AgentFlag(
            name: "output", short: "o", argument: "FORMAT", choices: DumpFormat.allCases.map(\.rawValue),
            help: "how --dump prints: \(names(of: DumpFormat.self)); --doctor: table or json (default table)"
        ) {
            options, text throws(FlagError) in
            guard let format = DumpFormat(rawValue: text) else {
                throw FlagError("\"\(text)\" is not a format; choose \(names(of: DumpFormat.self))")
            }
            options.dump.format = format
        },
        AgentFlag(
            name: "log-level", argument: "LEVEL", choices: LogLevel.allCases.map(\.name),
            help: "debug, info, warning or error (default info)"
        ) {
            options, text throws(FlagError) in options.logLevel = try LogLevel.parse(text)
        },
    ]

    static func notEmpty(_ text: String) throws(FlagError) -> String {
        guard !text.isEmpty else { throw FlagError("the value is empty") }
        return text
    }
}
