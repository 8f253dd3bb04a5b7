// SPDX-License-Identifier: Apache-2.0
import Testing

/// Agent or aggregator is killed or held up, and goes on: whatever was served meanwhile and afterwards must be right.
@Suite(
    .serialized, .enabled(if: KernelTrees.obstacle == nil, Comment(rawValue: KernelTrees.obstacle ?? "")),
    .timeLimit(.minutes(5)))
struct InterruptionTests {
    private let container = PodCgroups.Container(
        pod: "web-0", uid: "0d0d2a9e-1111-4e0a-9d53-0c6d1f7a8b21", name: "app", id: id(7))

    /// Each rate is the kernel's over its own window, and no time went backwards.
    private func expectRight(_ scene: KernelScene, atLeast samples: Int) {
        let judged = scene.served.expectRates(KernelHistory(scene.record)) { $0.name == container.servedName }
        #expect(judged >= samples)
        scene.served.expectForwardTime()
    }

    @Test("An aggregator that is killed and started again has its agent back within two intervals")
    func aggregator() async throws {
        if try await isBackInTime() { return }
        // Where this machine holds one of them up, the next ones must be in time.
        for _ in 0..<2 { #expect(try await isBackInTime()) }
    }

    /// Restarts it at once and after a pause.
    /// - Returns: whether the agent was back as soon as it is to be both times; all else is judged.
    private func isBackInTime() async throws -> Bool {
        let interval = 2.0
        let scene = try await KernelScene(
            "aggregator", container, interval: "\(Int(interval))s", flags: ["--rate-window", "3s"])
        try await scene.ask("whole window") { $0.contains { $0.windowNanoseconds >= 3_000_000_000 } }
        var isInTime = true
        for pause in [Duration.zero, .seconds(2)] {
            try await scene.restartAggregator(after: pause)
            let ready = RealTime.now()
            let began = scene.served.figures.count
            try await scene.ask("figures after the restart") { !$0.isEmpty }
            // By its own clock: how soon this test looks is no matter.
            let back = try scene.aggregator.program.seconds(from: "aggregator ready", to: "session open")
            let end = scene.served.figures[began].end.lowerBound
            if back > 2 * interval || end > ready + Int64(3 * interval) * RealTime.second {
                print("back after \(back) s, first figure \(scene.served.figures[began]); \(scene.agent.text)")
                isInTime = false
            }
            try await scene.ask(samples: 3, since: began, judgedBy: scene.record)
        }
        expectRight(scene, atLeast: 4)
        #expect(scene.agent.lines(with: "session open").count == 3, "\(scene.agent.text)")
        return isInTime
    }

    @Test("An agent that is killed and started again goes on where it was")
    func agent() async throws {
        let scene = try await KernelScene("agent", container)
        try await scene.ask("whole window") { $0.contains { $0.windowNanoseconds >= 2_000_000_000 } }
        try await scene.restartAgent()
        try await scene.agent.awaitLine("session open")
        try await scene.ask(samples: 4, since: scene.served.figures.count, judgedBy: scene.record)
        expectRight(scene, atLeast: 2)
    }

    @Test("An agent that is held up is not served once it is stale, and its first rate afterwards spans the pause")
    func stopped() async throws {
        let scene = try await KernelScene("stopped", container, flags: ["--rate-window", "2s", "--stale-after", "3s"])
        try await scene.ask("whole window") { $0.contains { $0.windowNanoseconds >= 2_000_000_000 } }
        scene.agent.signal(19)
        try await scene.ask("staleness") { $0.isEmpty }
        try await Task.sleep(for: .milliseconds(500))
        scene.agent.signal(18)
        let began = scene.served.figures.count
        try await scene.ask("figures again") { !$0.isEmpty }
        try await scene.ask(samples: 4, since: began, judgedBy: scene.record)
        expectRight(scene, atLeast: 2)
        // It never lost its session.
        #expect(scene.agent.lines(with: "session open").count == 1, "\(scene.agent.text)")
    }
}
