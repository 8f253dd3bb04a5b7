// SPDX-License-Identifier: Apache-2.0
import TLS

/// What all measurements of an aggregator in a cluster begin with: `--pid PID` of the aggregator, `--cluster DIR` of
/// `BenchCluster`, `--swarm PROGRAM` that pushes and `--report FILE` that it reports to, `--nodes N`, `--containers N` of each
/// and `--interval SECONDS`.
struct ClusterSetup {
    let process: ObservedProcess
    let directory: String
    let aggregator: AggregatorState
    let cluster: SimulatedCluster
    let interval: Int
    private let program: String
    private let report: String

    /// New sessions a second at the start: what the aggregator can take while it is not what is measured.
    private static let connectRate = 300
    /// So that a busy machine only takes longer: open handshakes that all wait for each other would end by their deadlines.
    private static let connectingAtOnce = 100
    /// Until the aggregator has all points that a rate needs, so that every sample replaces one.
    static let warmUpSeconds = 20
    /// What the swarm pushes longer than it is watched.
    private static let slackSeconds = 5

    init(_ flags: inout Flags) throws {
        process = try ObservedProcess(pid: try flags.number("pid", 1...Int(Int32.max)))
        directory = try flags.text("cluster")
        aggregator = try AggregatorState(cluster: directory)
        program = try flags.text("swarm")
        report = try flags.text("report")
        cluster = try SimulatedCluster(&flags)
        interval = try flags.number("interval", 1...60)
        try aggregator.awaitServing(within: 30)
    }

    /// A load that has been there for a while.
    struct Load {
        let swarm: SwarmProcess
        /// When it was there, ns on CLOCK_MONOTONIC.
        let since: Int64
    }

    /// Starts the load, and waits until all nodes push and the aggregator is ready.
    /// - Parameters:
    ///   - churn: percent of the containers that is replaced a minute, pod by pod; the API server knows of it.
    ///   - seconds: how long it is needed.
    func load(churn: Int, for seconds: Int) throws -> Load {
        let swarm = try swarm(churn: churn, seconds: Self.warmUpSeconds + seconds + Self.slackSeconds)
        let since = Clocks.monotonic + Int64(Self.warmUpSeconds) * 1_000_000_000
        Clocks.sleep(until: since)
        try aggregator.awaitReady(within: 1)
        return Load(swarm: swarm, since: since)
    }

    /// A swarm that has opened its sessions.
    /// - Parameter seconds: how long it pushes from then on.
    func swarm(churn: Int, seconds: Int, _ flags: [String] = []) throws -> SwarmProcess {
        let swarm = try SwarmProcess(
            program: program, report: report, aggregator: aggregator,
            flags: cluster.swarmFlags + flags + [
                "--churn", "\(churn)", "--churn-unit", "pods", "--replaced-file", "\(directory)/replaced-pods",
                "--interval", "\(interval)s", "--connect-rate", "\(Self.connectRate)",
                "--connecting-at-once", "\(Self.connectingAtOnce)", "--duration", "\(seconds)s",
            ])
        try swarm.awaitSessions(within: 180)
        return swarm
    }

    /// The aggregator's state between two rounds.
    struct Look {
        /// ns on CLOCK_MONOTONIC.
        let moment: Int64
        /// CPU time when the round's samples were taken in, ns.
        let cpu: Int64
        /// ... and after it was asked for its counters, which is not part of any round.
        let resumedCPU: Int64
        let counters: AggregatorState.Counters
    }

    /// - Throws: when the load is not what was asked for.
    func look() throws -> Look {
        let moment = Clocks.monotonic
        let cpu = try process.cpuNanoseconds()
        let counters = try aggregator.counters()
        guard counters.resyncs == 0, counters.sessions == cluster.nodes else {
            throw BenchError("\(counters.resyncs) resyncs, \(counters.sessions) of \(cluster.nodes) sessions open")
        }
        return Look(moment: moment, cpu: cpu, resumedCPU: try process.cpuNanoseconds(), counters: counters)
    }

    /// The list of all pods, one question after another on a connection of its own.
    /// - Returns: the items' timestamps, ns since 1970.
    /// - Throws: when more than a hundredth of the pods is missing; those that were born just now are.
    func listPods() throws -> [Int64] {
        let all = Question(name: "all pods", path: "pods", items: cluster.pods)
        var connection = try aggregator.api.connect(deadline: .after(milliseconds: 10_000))
        let answer = try all.ask(&connection)
        connection.close(deadline: .after(milliseconds: 1_000))
        guard answer.status == 200 else { throw BenchError("the list of all pods: \(answer.status)") }
        let times = try ServedList.timestamps(protobuf: answer.body)
        guard times.count * 100 >= cluster.pods * 99, times.count <= cluster.pods else {
            throw BenchError("the list of all pods has \(times.count), not \(cluster.pods)")
        }
        return times
    }
}
