// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing
import Wire

/// Hundreds of cgroups a second that come, go and are renamed below an agent that sweeps and pushes. `Tests/EndToEnd` does
/// this for a minute.
@Suite(
    .serialized, .enabled(if: KernelTrees.obstacle == nil, Comment(rawValue: KernelTrees.obstacle ?? "")),
    .timeLimit(.minutes(5)))
struct ChurnTests {
    private static let seconds = 8
    private static let interval: Int64 = 1_000_000_000

    private let steady = [
        PodCgroups.Container(
            pod: "steady-0", uid: "3f0d2a9e-3333-4e0a-9d53-0c6d1f7a8b21", name: "busy", id: id(1)),
        PodCgroups.Container(
            pod: "steady-1", uid: "3f0d2a9e-4444-4e0a-9d53-0c6d1f7a8b21", name: "idle", id: id(2)),
    ]

    @Test("While containers churn, those that stay are right, none has another's figures, and nothing leaks")
    func churn() async throws {
        let pods = try PodCgroups("churn")
        let records = steady.map { KernelRecord(pods.path(of: $0), in: pods.trees) }
        try pods.start(steady[0], percent: 30, mebibytes: 24)
        try pods.start(steady[1], percent: 0, mebibytes: 40)
        let peer = try RecordingPeer()
        let agent = try Program([Programs.agent] + peer.flags + pods.flags + ["--interval", "1s"])
        try await agent.until("two sweeps") { peer.sweeps.count >= 2 }
        let descriptors = try await Self.restingDescriptors(agent)
        let memory = try #require(agent.anonymousBytes)

        let place = TemporaryDirectory()
        let churn = try Program(
            [Programs.churn] + pods.kubepods.flatMap { ["--tree", $0] } + [
                "--logs", pods.logRoot, "--journal", place.file("journal"), "--seconds", "\(Self.seconds)",
            ])
        #expect(try await churn.end() == 0, "\(churn.text)")
        // All of it is gone now; the sweep that begins next sees nothing but what stays.
        let over = RealTime.now()
        try await agent.until("a sweep after the churn") { peer.sweeps.last?.time ?? 0 > over }

        #expect(agent.isRunning)
        try await agent.until("as many descriptors as before") { agent.descriptors == descriptors }
        let grown = try #require(agent.anonymousBytes) - memory
        #expect(grown < 4 << 20, "\(grown >> 10) KiB more after the churn")
        #expect(agent.lines(with: "level=warning") + agent.lines(with: "level=error") == [], "\(agent.text)")
        #expect(peer.sessions == 1 && peer.violations == [], "\(peer.violations)")

        let sweeps = peer.sweeps
        #expect(sweeps.count >= Self.seconds)
        let lengths = sweeps.map(\.length).sorted()
        let longest = lengths.last ?? 0
        // One may be held up by others on this machine.
        #expect(lengths[lengths.count / 2] < Self.interval / 10, "\(lengths)")
        #expect(lengths.dropLast().last ?? 0 < Self.interval / 2 && longest < 5 * Self.interval, "\(lengths)")
        #expect(Set(sweeps.last?.samples.map(\.identity.containerID) ?? []) == Set(steady.map(\.id)))
        let samples = sweeps.flatMap(\.samples)
        let journal = try ChurnJournal(file: place.file("journal"))
        let seen = journal.expectPossible(sweeps, interval: Self.interval)
        #expect(seen > 50, "of \(journal.lives.count) containers only \(seen) were there in a sweep")
        for (container, record) in zip(steady, records) {
            Self.compare(samples.filter { $0.identity.containerID == container.id }, with: KernelHistory(record))
        }
        agent.signal(15)
        #expect(try await agent.end() == 0)
        print(
            churn.lines(with: "done:").joined(), "sweeps=\(sweeps.count) longest=\(longest / 1_000)µs",
            "lives=\(journal.lives.count) sampled=\(seen) grown=\(grown >> 10)KiB")
    }

    /// How many files it has open between two sweeps; in one there is one more at a time.
    private static func restingDescriptors(_ agent: Program) async throws -> Int {
        var least = Int.max
        for _ in 0..<5 {
            least = min(least, try #require(agent.descriptors))
            try await Task.sleep(for: .milliseconds(70))
        }
        return least
    }

    /// Each counter is one that the kernel had when it was read; so is each working set, within 1 MiB.
    private static func compare(_ samples: [RecordingPeer.Sample], with history: KernelHistory) {
        #expect(samples.count >= seconds)
        var compared = 0
        for sample in samples {
            guard let cpu = sample.cpuNanoseconds, let memory = sample.memoryBytes else {
                Issue.record("no figure: \(sample)")
                continue
            }
            guard let counter = history.counter(at: sample.time, slack: 50_000_000),
                let workingSet = history.workingSet(around: sample.time, margin: 50_000_000)
            else { continue }
            compared += 1
            // The wire has whole µs, rounded down.
            #expect((counter.lowerBound / 1_000 * 1_000...counter.upperBound).contains(cpu), "\(sample), \(counter)")
            let mebibyte: UInt64 = 1 << 20
            #expect(
                memory + mebibyte >= workingSet.lowerBound && memory <= workingSet.upperBound + mebibyte,
                "\(sample), the kernel counted \(workingSet)")
        }
        #expect(compared >= seconds / 2)
    }
}
