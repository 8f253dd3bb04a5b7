// SPDX-License-Identifier: Apache-2.0
import TLS

/// `Bench storm` and the flags of ``ClusterSetup``: all connections of the agents break at once. Until the last agent is
/// back, ns, as storm.recovery; and the slowest answer meanwhile to who asks for a deployment's pods five times a second, as
/// storm.slowest.
enum StormBench {
    /// How long the load stands before that, and the longest that is waited for after it.
    private static let calmSeconds = 10
    private static let mostSeconds = 120
    private static let step = 200

    static func run(_ flags: inout Flags) throws {
        let setup = try ClusterSetup(&flags)
        try flags.finish()
        guard let deployment = try Deployment.all(in: setup.directory).first else {
            throw BenchError("the cluster has no deployment")
        }
        let swarm = try setup.swarm(
            churn: 0, seconds: calmSeconds + mostSeconds, ["--reconnect-storm", "\(calmSeconds)s"])
        Clocks.sleep(milliseconds: (calmSeconds - 1) * 1_000)
        let end = Clocks.monotonic + Int64(mostSeconds) * 1_000_000_000
        var connection = try setup.aggregator.api.connect(deadline: .after(milliseconds: 10_000))
        let question = Question(name: "a deployment", path: deployment.path, items: Deployment.pods)
        var slowest: Int64 = 0
        while true {
            let asked = Clocks.monotonic
            let answer = try question.ask(&connection)
            slowest = max(slowest, Clocks.monotonic - asked)
            guard answer.status == 200 else { throw BenchError("a question in the storm: \(answer.status)") }
            if let recovery = try swarm.stormRecovery() {
                try record("storm.recovery", recovery)
                break
            }
            guard asked < end else { throw BenchError("not all agents are back after \(mostSeconds) s") }
            Clocks.sleep(until: asked + Int64(step) * 1_000_000)
        }
        connection.close(deadline: .after(milliseconds: 1_000))
        try record("storm.slowest", slowest)
    }
}
