// SPDX-License-Identifier: Apache-2.0
import TLS

/// `Bench answers` and the flags of ``ClusterSetup``, `--rounds N --scratch FILE`: what answers cost an aggregator that knows
/// every pod and has fresh samples of all, as answer.NAME.cpu and answer.NAME.wall, ns, and answer.NAME.bytes.
///
/// While a question is answered no node pushes: the swarm is stopped 100 ms before it, and goes on 20 ms after the last
/// byte, so that all CPU in between is the answer's. One question is asked at a time, two seconds after the answer to the
/// one before, during which new samples come: none can be given another's answer.
enum AnswerBench {
    private static let settleMilliseconds = 100
    private static let restMilliseconds = 20
    private static let pauseMilliseconds = 2_000
    /// What a question may take, with the pause, so that the swarm lasts; it is stopped when all have been asked.
    private static let mostSecondsEach = 15

    static func run(_ flags: inout Flags) throws {
        let setup = try ClusterSetup(&flags)
        let rounds = try flags.number("rounds", 1...100)
        let scratch = try flags.text("scratch")
        try flags.finish()
        try record("answer.pods", setup.cluster.pods)
        let questions = try questions(setup)
        let load = try setup.load(churn: 0, for: rounds * questions.count * mostSecondsEach)
        var connection = try setup.aggregator.api.connect(deadline: .after(milliseconds: 10_000))
        for _ in 0..<rounds {
            for question in questions { try measure(question, setup, load.swarm, &connection, scratch: scratch) }
        }
        connection.close(deadline: .after(milliseconds: 1_000))
    }

    private static func questions(_ setup: ClusterSetup) throws -> [Question] {
        guard let deployment = try Deployment.all(in: setup.directory).first else {
            throw BenchError("the cluster has no deployment")
        }
        let pods = setup.cluster.pods
        // The namespaces are as large as each other.
        let some = pods / SimulatedCluster.namespaces
        return [
            Question(name: "pods.protobuf", path: "pods", items: pods),
            Question(name: "pods.json", path: "pods", encoding: .json, items: pods),
            Question(name: "pods.table", path: "pods", encoding: .table, items: pods),
            Question(name: "pods.protobuf.gzip", path: "pods", isCompressed: true, items: pods),
            Question(name: "pods.json.gzip", path: "pods", encoding: .json, isCompressed: true, items: pods),
            Question(name: "namespace", path: deployment.namespacePath, items: some),
            Question(name: "namespace.all", path: deployment.commonPath, items: some),
            Question(name: "namespace.ten", path: deployment.path, items: Deployment.pods),
            Question(name: "nodes", path: "nodes", items: setup.cluster.nodes),
        ]
    }

    private static func measure(
        _ question: Question, _ setup: ClusterSetup, _ swarm: SwarmProcess, _ connection: inout APIConnection,
        scratch: String
    ) throws {
        Clocks.sleep(milliseconds: pauseMilliseconds)
        swarm.pause()
        defer { swarm.goOn() }
        Clocks.sleep(milliseconds: settleMilliseconds)
        let start = Clocks.monotonic
        let cpu = try setup.process.cpuNanoseconds()
        let answer = try question.ask(&connection)
        let wall = Clocks.monotonic - start
        Clocks.sleep(milliseconds: restMilliseconds)
        let used = try setup.process.cpuNanoseconds() - cpu
        swarm.goOn()
        try question.check(answer, scratch: scratch)
        try record("answer.\(question.name).cpu", used)
        try record("answer.\(question.name).wall", wall)
        try record("answer.\(question.name).bytes", answer.body.count)
    }
}
