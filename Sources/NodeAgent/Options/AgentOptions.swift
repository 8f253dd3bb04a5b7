// SPDX-License-Identifier: Apache-2.0
package import Console

/// What the agent's command line asks for.
package struct AgentOptions: Equatable, Sendable {
    package var aggregators: [Endpoint] = []
    package var interval: Duration = .seconds(5)
    package var nodeName = ""
    package var caFile = ""
    /// The CA's file may come later: the aggregator publishes it when it has made its CA.
    package var waitsForCA = false
    /// The name that the aggregator's certificate must carry; empty: the host of `--aggregator`.
    package var serverName = ""
    package var tokenFile = ""
    package var certificateFile = ""
    package var keyFile = ""
    /// What a node's own paths are below; empty: this machine's `/`.
    package var root = ""
    private var givenCgroupRoot: String?
    private var givenProcRoot: String?
    private var givenLogRoot: String?
    /// The pods' cgroup below each mount; empty: it is searched for.
    package var kubepodsRoot = ""
    /// The agent's own pod, which tells its node's kubepods root from a nested one's.
    package var podUID = ""
    package var logLevel = LogLevel.info
    /// Where to tell of ourselves over HTTP; nil: nowhere. An empty host is every address.
    package var metricsAddress: Endpoint?
    /// Each container's figures as well.
    package var metricsDetail = false
    package var action = AgentAction.push
    package var dump = DumpOptions()
    /// Where `--capture` writes; "-": standard output.
    package var captureFile = ""

    /// Shorter would measure the scheduler, longer would starve the autoscaler.
    package static let intervalRange: ClosedRange<Duration> = .seconds(1) ... .seconds(300)
    package static let defaultPort: UInt16 = 4444

    package init() {}

    package var cgroupRoot: String {
        get { givenCgroupRoot ?? root + "/sys/fs/cgroup" }
        set { givenCgroupRoot = newValue }
    }

    package var procRoot: String {
        get { givenProcRoot ?? root + "/proc" }
        set { givenProcRoot = newValue }
    }

    package var logRoot: String {
        get { givenLogRoot ?? root + "/var/log" }
        set { givenLogRoot = newValue }
    }

    /// A run does one thing.
    mutating func choose(_ action: AgentAction) throws(FlagError) {
        guard self.action == .push || self.action == action else {
            throw FlagError("a run does one thing only; give one of these flags")
        }
        self.action = action
    }
}

/// What a run does with the node's accounting.
package enum AgentAction: Equatable, Sendable {
    /// Sample and push until a signal.
    case push
    /// Print what was found, and exit.
    case dump
    /// Print how the figures of one pod or container come about, and exit.
    case explain(String)
    /// Print what is right and what is wrong on this node, and exit.
    case doctor
    /// Write what is read to an archive, and exit.
    case capture
    /// Print agent(8).
    case manual
    /// Print what makes a shell complete our flags.
    case completion(CompletionShell)
}

/// What the process is to do.
package enum AgentCommand: Equatable, Sendable {
    case run(AgentOptions)
    case help
    case version
}
