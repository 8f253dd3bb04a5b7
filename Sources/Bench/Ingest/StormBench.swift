// SPDX-License-Identifier: Apache-2.0
import TLS

/// `Bench storm` and the flags of ``ClusterSetup``: all connections of the agents break at once. Until the last agent is
/// back, ns, as storm.recovery; and the slowest answer meanwhile to who asks for a deployment's pods five times a second, as
/// storm.slowest, and how many were not answered, as storm.failed.
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
        var asker = Asker(
            api: setup.aggregator.api, question: Question(name: "", path: deployment.path, items: Deployment.pods))
        let end = Clocks.monotonic + Int64(mostSeconds) * 1_000_000_000
        var recovery = try swarm.stormRecovery()
        while recovery == nil, Clocks.monotonic < end {
            let next = Clocks.monotonic + Int64(step) * 1_000_000
            asker.ask()
            Clocks.sleep(until: next)
            recovery = try swarm.stormRecovery()
        }
        // Not all are back: it takes longer than this.
        try record("storm.recovery", recovery ?? Int64(mostSeconds) * 1_000_000_000)
        try record("storm.slowest", asker.slowest)
        try record("storm.failed", asker.failed)
    }

    /// Somebody who asks again and again, and connects anew when that fails.
    private struct Asker: ~Copyable {
        let api: APIEndpoint
        let question: Question
        /// ns.
        private(set) var slowest: Int64 = 0
        private(set) var failed = 0
        private var connection: APIConnection?

        init(api: APIEndpoint, question: Question) {
            self.api = api
            self.question = question
        }

        mutating func ask() {
            let asked = Clocks.monotonic
            do {
                if connection == nil { connection = try api.connect(deadline: .after(milliseconds: 10_000)) }
                let answer = try question.ask(&connection!)
                if answer.status != 200 { failed += 1 }
            } catch {
                failed += 1
                connection = nil
            }
            slowest = max(slowest, Clocks.monotonic - asked)
        }
    }
}
