// SPDX-License-Identifier: Apache-2.0
import TLSTestSupport
import Testing

/// Containers that come and go below an agent that keeps running.
@Suite(
    .serialized, .enabled(if: KernelTrees.obstacle == nil, Comment(rawValue: KernelTrees.obstacle ?? "")),
    .timeLimit(.minutes(5)))
struct ContainerLifeTests {
    private let first = PodCgroups.Container(
        pod: "web-0", uid: "11111111-5c1b-4e0a-9d53-0c6d1f7a8b21", name: "app", id: id(1))

    @Test("A container that restarts has its new id's rate only, from its first figure on")
    func restart() async throws {
        let scene = try await KernelScene("restarted", first)
        try await scene.ask("figure of the first container") { $0.contains { $0.windowNanoseconds > 2_000_000_000 } }
        var second = first
        second.id = id(2)
        let new = scene.record(second)
        try scene.pods.end(first)
        let ended = scene.served.figures.count
        let born = RealTime.now()
        try scene.pods.start(second, percent: 5, mebibytes: 4)
        // Its window begins with it, by a clock as coarse as the kernel's ticks; the old one's spans 2 s of before. A sweep
        // may have seen the old one between the end of its process and that of its cgroup, when its memory was as small.
        func isSecond(_ figure: ServedFigure) -> Bool {
            figure.end.upperBound - figure.windowNanoseconds >= born - 20_000_000
        }
        try await scene.ask("figure of the second container") { $0.contains(where: isSecond) }
        let began = scene.served.figures.count - 1
        try await scene.ask(samples: 4, since: began, judgedBy: new)

        let figures = scene.served.figures
        // The old one's is 24 MiB and more.
        #expect(figures[began...].allSatisfy { $0.memoryBytes < 20 << 20 }, "the old one's memory came back")
        let boundary = figures[began]
        // Before the first figure of the new one only the sample that had come before the end is served.
        #expect(figures[ended..<began].allSatisfy { $0.end.lowerBound <= born }, "\(figures[ended..<began])")
        #expect(Set(figures[ended..<began].map(\.windowNanoseconds)).count <= 2)
        scene.served.expectRates(KernelHistory(scene.record)) { $0.seen < boundary.seen }
        let judged = scene.served.expectRates(KernelHistory(new)) { $0.seen >= boundary.seen }
        #expect(judged >= 2)
        scene.served.expectForwardTime()
    }

    @Test("A container that dies is gone with the next sample, and its sibling stays")
    func death() async throws {
        var sibling = first
        sibling.name = "sidecar"
        sibling.id = id(3)
        let scene = try await KernelScene("death", first)
        try scene.pods.start(sibling, percent: 5, mebibytes: 4)
        let record = scene.record(sibling)
        try await scene.ask("figures of both") { $0.count == 2 }
        try scene.pods.end(first)
        let died = RealTime.now()
        var swept: Int64 = 0
        try await scene.ask("figures without the dead one") { served in
            let isGone = served.map(\.name) == [sibling.servedName]
            // A sweep of after its end was there before this was asked.
            #expect(isGone || swept < died, "\(served)")
            swept = (try? scene.client.nodes().first?.timestampSeconds).map { $0 * RealTime.second } ?? 0
            return isGone
        }
        let end = scene.served.figures.count
        try await scene.ask(for: .milliseconds(2500))
        #expect(scene.served.figures[end...].allSatisfy { $0.name == sibling.servedName })
        scene.served.expectRates(KernelHistory(record)) { $0.name == sibling.servedName }
        scene.served.expectForwardTime()

        try scene.pods.end(sibling, andPod: true)
        try await scene.ask("answers without the pod") { $0.isEmpty }
        #expect(
            try scene.client.get(APIClient.pods.replacing("/pods", with: "/namespaces/pipe/pods/web-0")).status == 404)
    }

    @Test("A pod made anew under its name with another uid never shows the old one's figures again")
    func recreated() async throws {
        let scene = try await KernelScene("recreated", first)
        try await scene.ask("figure of the first pod") { $0.contains { $0.windowNanoseconds > 2_000_000_000 } }
        var second = first
        second.uid = "22222222-5c1b-4e0a-9d53-0c6d1f7a8b21"
        second.id = id(4)
        let record = scene.record(second)
        // For a moment both are there, as when the old one takes its time to end.
        try scene.pods.start(second, percent: 10, mebibytes: 4)
        try await scene.ask("figure of the second pod") { $0.contains { $0.podUID == second.uid } }
        let began = scene.served.figures.count - 1
        try await scene.ask(for: .milliseconds(1500))
        try scene.pods.end(first, andPod: true)
        try await scene.ask(for: .seconds(2))
        // On a busy machine sweeps come late.
        try await scene.ask(samples: 5, since: began, judgedBy: record)
        let later = scene.served.figures[began...]
        #expect(later.allSatisfy { $0.podUID == second.uid }, "\(later.filter { $0.podUID != second.uid })")
        #expect(later.allSatisfy { $0.memoryBytes < 20 << 20 })
        let judged = scene.served.expectRates(KernelHistory(record)) { $0.podUID == second.uid }
        #expect(judged >= 2)
        scene.served.expectForwardTime()
    }
}
