// SPDX-License-Identifier: Apache-2.0
import Formats

/// `Bench ingest` and the flags of ``ClusterSetup``, `--rounds N --cycles N --query-seconds N --lists N`: CPU and memory of
/// an aggregator in a cluster whose nodes push, each at its own moment of the interval, and whose pods come and go. CYCLES
/// intervals are a round.
///
/// Then, under the same load: ROUNDS times so many seconds of queries as autoscalers ask them, and so many lists of all
/// pods, to see how old what is served is. What is recorded starts with `ingest.NODES.`.
enum IngestBench {
    /// Percent a minute.
    private static let churn = 2
    private static let queryRate = 1_000
    private static let queryConnections = 8
    /// From one list to the next.
    private static let listSeconds = 3

    static func run(_ flags: inout Flags) throws {
        let setup = try ClusterSetup(&flags)
        let rounds = try flags.number("rounds", 1...100)
        let cycles = try flags.number("cycles", 1...100)
        let querySeconds = try flags.number("query-seconds", 0...60)
        let lists = try flags.number("lists", 0...100)
        try flags.finish()
        let name = "ingest.\(setup.cluster.nodes)"
        try record("ingest.nodes", setup.cluster.nodes)
        try record("\(name).containers", setup.cluster.containers)

        let load = try setup.load(
            churn: churn,
            for: rounds * cycles * setup.interval + rounds * (querySeconds + 2) + lists * listSeconds + 10)
        try watch(setup, load, name, rounds: rounds, cycles: cycles)
        let memory = try setup.process.memory()
        try record("\(name).rss", memory.resident)
        try record("\(name).bytesPerContainer", Double(memory.resident) / Double(setup.cluster.containers))
        if querySeconds > 0 {
            for _ in 0..<rounds { try query(setup, name, seconds: querySeconds) }
        }
        for _ in 0..<lists { try list(setup, name) }
        // Those pods are known.
        _ = try setup.listPods()
        try record("\(name).rssAfterLists", try setup.process.memory().resident)

        let report = try load.swarm.finish(within: 60)
        guard let sent = report["samples"]?.integer, let due = report["frames_due"]?.integer,
            let frames = report["frames_sent"]?.integer
        else {
            throw BenchError("the swarm does not say how many samples it sent")
        }
        try record("\(name).sent", sent)
        try record("\(name).lost", Int(sent) - setup.aggregator.counters().samples)
        try record("\(name).unsent", max(0, due - frames) * Int64(setup.cluster.containersPerNode))
    }

    private static func watch(
        _ setup: ClusterSetup, _ load: ClusterSetup.Load, _ name: String, rounds: Int, cycles: Int
    ) throws {
        var next = load.since
        var before = try setup.look()
        var sentBefore = try load.swarm.totals()
        for _ in 0..<rounds {
            next += Int64(cycles * setup.interval) * 1_000_000_000
            Clocks.sleep(until: next)
            let after = try setup.look()
            let sent = try load.swarm.totals()
            guard let first = sentBefore, let last = sent, last.samples > first.samples else {
                throw BenchError("the swarm does not say what it sends")
            }
            let samples = after.counters.samples - before.counters.samples
            let cpu = Double(after.cpu - before.resumedCPU)
            try record("\(name).milliCPU", cpu / Double(after.moment - before.moment) * 1e3)
            try record("\(name).nsPerSample", cpu / Double(samples))
            try record(
                "\(name).bytesPerSample", Double(after.counters.bytes - before.counters.bytes) / Double(samples))
            try record(
                "\(name).wireBytesPerSample",
                Double(last.wireBytes - first.wireBytes) / Double(last.samples - first.samples))
            (before, sentBefore) = (after, sent)
        }
    }

    private static func query(_ setup: ClusterSetup, _ name: String, seconds: Int) throws {
        let outcome = try QueryLoad(
            api: setup.aggregator.api, deployments: try Deployment.all(in: setup.directory), rate: queryRate,
            seconds: seconds, connections: queryConnections
        ).run()
        try record("\(name).query.p50", outcome.percentile(50))
        try record("\(name).query.p99", outcome.percentile(99))
        try record("\(name).query.max", outcome.percentile(100))
        try record("\(name).query.rate", Double(outcome.answered) / Double(seconds))
    }

    /// How old each item is for who asks: its timestamp, which Kubernetes' encodings give in whole seconds, is up to one
    /// second before the sample. The aggregator's own account is exact.
    private static func list(_ setup: ClusterSetup, _ name: String) throws {
        let next = Clocks.monotonic + Int64(listSeconds) * 1_000_000_000
        let before = try setup.aggregator.counters()
        let asked = Clocks.real
        let ages = try setup.listPods().map { asked - $0 }.sorted()
        let after = try setup.aggregator.counters()
        try record("\(name).age.mean", Double(ages.reduce(0, +)) / Double(ages.count))
        try record("\(name).age.p99", ages[ages.count * 99 / 100])
        try record(
            "\(name).age.own", (after.servedSeconds - before.servedSeconds) * 1e9 / Double(after.served - before.served)
        )
        Clocks.sleep(until: next)
    }
}
