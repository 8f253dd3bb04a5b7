// SPDX-License-Identifier: Apache-2.0
import Synchronization
import TLSTestSupport
import Testing

@testable import Aggregator

@Suite("Memory that a burst leaves behind")
struct SpareMemoryTests {
    /// At which seconds memory is given back, with so much work done at each.
    private func due(_ looks: [(second: Int, work: Int)]) -> [Int] {
        var pacing = SpareMemory.Pacing()
        let start = ContinuousClock.now
        return looks.filter { pacing.isDue(work: $0.work, now: start + .seconds($0.second)) }.map(\.second)
    }

    @Test("it is given back once the burst is over, and once")
    func over() {
        #expect(due([(0, 0), (2, 5), (4, 9), (6, 9)] + (7...60).map { ($0, 9) }) == [6])
    }

    @Test("not where nothing was done")
    func idle() { #expect(due((0...60).map { ($0, 0) }).isEmpty) }

    @Test("the next time is no sooner than after the pause, and is not forgotten")
    func pause() { #expect(due([(0, 1), (2, 1), (4, 2), (6, 2), (11, 2), (12, 2), (14, 2)]) == [2, 12]) }

    @Test("while a burst lasts it is given back, too, and once more when that is over")
    func lasting() {
        let burst = stride(from: 0, through: 30, by: 2).map { ($0, $0 + 1) }
        #expect(due(burst + (31...90).map { ($0, 31) }) == [10, 20, 30, 40])
    }

    @Test("sessions that begin and that end, lists of a cluster and large answers are such work")
    func work() {
        let metrics = IngestMetrics()
        let directory = ClusterDirectory()
        let spare = SpareMemory(metrics, others: { directory.replacements.load(ordering: .relaxed) })
        var seen = [spare.work()]
        metrics.sessionsAccepted.add(1, ordering: .relaxed)
        metrics.sessionsOpen.add(1, ordering: .relaxed)
        seen.append(spare.work())
        metrics.sessionsOpen.subtract(1, ordering: .relaxed)
        seen.append(spare.work())
        directory.replacePods([])
        seen.append(spare.work())
        directory.replaceNodes([:])
        seen.append(spare.work())
        HeavyWork.largeLists.add(1, ordering: .relaxed)
        seen.append(spare.work())
        // Other tests answer large lists meanwhile: more is not less.
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test("a large block leaves the process when it is freed, also after others of its size")
    func large() async {
        await #expect(processExitsWith: .success) {
            SpareMemory.mapLargeBlocks()
            for _ in 0..<3 {
                var block = [UInt8](repeating: 1, count: 16 << 20)
                // Below this one in malloc's arena the first would stay.
                let above = [UInt8](repeating: 1, count: 400 << 10)
                let before = try #require(Self.anonymous())
                block = []
                #expect(try #require(Self.anonymous()) < before - 15_000)
                #expect(block.isEmpty && above.count == 400 << 10)
            }
        }
    }

    /// Of `/proc/self/status`, in kB.
    private static func anonymous() -> Int? {
        let text = String(decoding: TemporaryDirectory.read("/proc/self/status"), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return line?.split(separator: " ").dropLast().last.flatMap { Int($0) }
    }

    @Test("what lies below something that stays leaves the process all the same")
    func leaves() async {
        await #expect(processExitsWith: .success) {
            // Small enough that malloc does not map each by itself, and one in a hundred stays.
            var blocks = (0..<40_000).map { [UInt8](repeating: UInt8(truncatingIfNeeded: $0), count: 1_000) }
            let kept = stride(from: 0, to: blocks.count, by: 100).map { blocks[$0] }
            blocks = []
            let before = try #require(Self.anonymous())
            #expect(before > 30_000)
            let metrics = IngestMetrics()
            metrics.sessionsAccepted.add(1, ordering: .relaxed)
            let giving = Task { await SpareMemory(metrics).giveBackUntilCancelled() }
            for _ in 0..<300 where try #require(Self.anonymous()) > before / 2 {
                try await Task.sleep(for: .milliseconds(100))
            }
            giving.cancel()
            #expect(try #require(Self.anonymous()) <= before / 2)
            #expect(kept.count == 400)
        }
    }
}
