// SPDX-License-Identifier: Apache-2.0

/// A node with real pods, its agent and aggregator, and everything that is served of it.
final class KernelScene {
    let pods: PodCgroups
    private(set) var aggregator: AggregatorProcess
    private(set) var agent: Program
    let client: APIClient
    /// What the kernel says of the first container, from its birth on.
    let record: KernelRecord
    private(set) var served = ServedRates()
    private let interval: String
    private let flags: [String]

    /// - Parameters:
    ///   - test: names the cgroups.
    ///   - flags: of the aggregator.
    init(
        _ test: String, _ container: PodCgroups.Container, interval: String = "1s",
        flags: [String] = ["--rate-window", "2s"]
    ) async throws {
        self.interval = interval
        self.flags = flags
        pods = try PodCgroups(test)
        record = KernelRecord(pods.path(of: container), in: pods.trees)
        try pods.start(container, percent: 30, mebibytes: 24)
        aggregator = try await AggregatorProcess(flags: flags)
        agent = try startAgent(aggregator, node: pods.flags, interval: interval)
        client = try aggregator.client()
    }

    /// What the kernel says of another container from now on.
    func record(_ container: PodCgroups.Container) -> KernelRecord {
        KernelRecord(pods.path(of: container), in: pods.trees)
    }

    /// Asks 20 times a second until an answer suits; an aggregator that is down gives none.
    func ask(_ what: String, until done: ([ServedFigure]) -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            if let answer = served.ask(client), done(answer) { return }
            guard ContinuousClock.now < deadline else {
                throw Program.Failure(
                    description: "no \(what); \(served.figures.suffix(3)); \(agent.text) \(aggregator.program.text)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    func ask(for duration: Duration) async throws {
        let deadline = ContinuousClock.now + duration
        try await ask("time") { _ in ContinuousClock.now >= deadline }
    }

    /// Asks until so many different samples have come since `began`, and the record reaches beyond the last of them.
    /// - Parameter began: of `served.figures`.
    func ask(samples: Int, since began: Int, judgedBy record: KernelRecord) async throws {
        try await ask("\(samples) samples") { _ in
            Set(served.figures[began...].map(\.timestampSeconds)).count >= samples
        }
        let end = (served.figures.last?.seen ?? 0) + 60_000_000
        try await agent.until("a record beyond the last sample") { (record.points.last?.before ?? 0) >= end }
    }

    /// Kills the aggregator and starts it again on its ports and its state directory; returns when it is ready.
    func restartAggregator(after pause: Duration) async throws {
        try await aggregator.kill()
        try await Task.sleep(for: pause)
        aggregator = try await AggregatorProcess(state: aggregator.state, ports: aggregator, flags: flags)
    }

    /// Kills the agent and starts another one.
    func restartAgent() async throws {
        agent.signal(9)
        _ = try await agent.end()
        agent = try startAgent(aggregator, node: pods.flags, interval: interval)
    }
}
