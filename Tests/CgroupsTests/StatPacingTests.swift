// SPDX-License-Identifier: Apache-2.0
import Testing

@testable import Cgroups

@Suite("A slow memory.stat")
struct StatPacingTests {
    private func sweep(_ pacing: inout StatPacing, reads: Int, slow: Int) {
        pacing.beginSweep()
        for index in 0..<reads { pacing.took(index < slow ? 6_000_000 : 20_000) }
    }

    @Test("one slow read in a hundred is no reason, more are", arguments: [(1, false), (2, false), (3, true)])
    func judged(_ slow: Int, _ isPaced: Bool) {
        var pacing = StatPacing()
        sweep(&pacing, reads: 200, slow: slow)
        #expect(!pacing.isPaced)
        pacing.beginSweep()
        #expect(pacing.isPaced == isPaced)
    }

    @Test("a few reads are judged with those of the next sweeps")
    func fewReads() {
        var pacing = StatPacing()
        for _ in 0..<10 { sweep(&pacing, reads: 20, slow: 20) }
        #expect(!pacing.isPaced)
        pacing.beginSweep()
        #expect(pacing.isPaced)
    }

    @Test("then each container's is read once in four sweeps, a quarter of them in each")
    func turns() {
        var pacing = StatPacing()
        sweep(&pacing, reads: 200, slow: 200)
        var turns = [Int](repeating: 0, count: 8)
        for _ in 0..<4 {
            pacing.beginSweep()
            var thisSweep = 0
            for slot in 0..<8 where pacing.mayRead(slot: slot, isKnown: true) {
                turns[slot] += 1
                thisSweep += 1
            }
            #expect(thisSweep == 2)
        }
        #expect(turns == Array(repeating: 1, count: 8))
    }

    @Test("one of which nothing is known is read at once")
    func unknown() {
        var pacing = StatPacing()
        sweep(&pacing, reads: 200, slow: 200)
        pacing.beginSweep()
        #expect((0..<4).allSatisfy { pacing.mayRead(slot: $0, isKnown: false) })
    }

    @Test("all of them are read again when it is fast again")
    func recovered() {
        var pacing = StatPacing()
        sweep(&pacing, reads: 200, slow: 200)
        sweep(&pacing, reads: 200, slow: 0)
        #expect(pacing.isPaced)
        pacing.beginSweep()
        #expect(!pacing.isPaced)
    }

    @Test("a sweep reads no more of them once they took half a second together")
    func budget() {
        var pacing = StatPacing()
        pacing.beginSweep()
        pacing.took(StatPacing.budget - 1)
        #expect(pacing.mayRead(slot: 0, isKnown: true))
        pacing.took(1)
        #expect(!pacing.mayRead(slot: 0, isKnown: true))
        pacing.beginSweep()
        #expect(pacing.mayRead(slot: 0, isKnown: true))
    }

    @Test(
        "meanwhile the working set is the new usage less the old inactive part, and marked",
        arguments: FakeNode.Version.allCases)
    func reused(_ version: FakeNode.Version) throws {
        let node = FakeNode(version)
        // Slot 0 has its turn in the fourth sweep; all are read in the first.
        let path = "kubepods/pod1/\(id(1))"
        node.container(path, usage: 10_000, inactive: 4000)
        let sampler = try node.sampler()
        sampler.pacing.threshold = 0
        _ = try sampler.sweep()
        #expect(sampler.containers.first?.workingSetBytes == 6000)
        #expect(sampler.containers.first?.isInactiveFileStale == false)
        for _ in 0..<StatPacing.sampleSize { sampler.pacing.took(1) }

        node.container(path, usage: 20_000, inactive: 9000)
        var workingSets: [UInt64?] = []
        var stale: [Bool] = []
        for _ in 0..<4 {
            _ = try sampler.sweep()
            let record = try #require(sampler.containers.first)
            #expect(record.usageBytes == 20_000)
            workingSets.append(record.workingSetBytes)
            stale.append(record.isInactiveFileStale)
        }
        #expect(sampler.pacesMemoryStat)
        #expect(workingSets == [16_000, 16_000, 11_000, 11_000])
        #expect(stale == [true, true, false, true])
    }
}
