// SPDX-License-Identifier: Apache-2.0
import CKernel
import Glibc
import TLSTestSupport
import Testing

@testable import NodeAgent

@Suite("What only the start needs")
struct StartupPagesTests {
    /// Of `/proc/self/status`, in kB.
    private static func memory(_ key: String) -> Int? {
        let text = String(decoding: TemporaryDirectory.read("/proc/self/status"), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(key + ":") }
        return line?.split(separator: " ").dropLast().last.flatMap { Int($0) }
    }

    @Test("code that ran once leaves the process' memory, runs again, and nothing that was written is lost")
    func giveBack() async {
        await #expect(processExitsWith: .success) {
            let written = (0..<1_000).map { "number \($0)" }
            let file = try #require(Self.memory("RssFile"))
            let anonymous = try #require(Self.memory("RssAnon"))
            #expect(CKernel_give_back_pages() > 1 << 20)
            #expect(try #require(Self.memory("RssFile")) < file / 2)
            // Relocated pages, data and heap are the process' own.
            #expect(try #require(Self.memory("RssAnon")) > anonymous / 2)
            #expect(written == (0..<1_000).map { "number \($0)" })
            StartupPages.giveBack()
        }
    }

    @Test("a session gives them back once, with its third frame")
    func session() throws {
        let aggregator = try FakeAggregator()
        var rig = try PushRig()
        defer { rig.end() }
        let calls = Watched(0)
        rig.settings.settled = { calls.change { $0 += 1 } }
        try rig.publish(1)
        _ = try rig.session(to: aggregator.address)
        try aggregator.batches(1)
        try rig.publish(2)
        try aggregator.batches(2)
        #expect(calls.now == 0)
        try rig.publish(3)
        try calls.wait(until: "call") { $0 == 1 }
        for time: UInt64 in 4...6 {
            try rig.publish(time)
            try aggregator.batches(Int(time))
        }
        #expect(calls.now == 1)
    }
}
