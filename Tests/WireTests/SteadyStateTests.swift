// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite("Steady state")
struct SteadyStateTests {
    @Test("at most 8 bytes per container and sample, whole frames counted", arguments: [60, 250])
    func bytesPerContainer(containers: Int) throws {
        var load = SteadyLoad(containers: containers)
        var encoder = SampleEncoder()
        var session = Session()
        var batch = SampleBatch()
        load.sweep(&encoder)
        let complete = try encoder.finish()
        #expect(try session.feed(complete, into: &batch) == .samples)
        let sweeps = 200
        var bytes = 0
        for _ in 0..<sweeps {
            load.sweep(&encoder)
            let frame = try encoder.finish()
            bytes += frame.bytes.count
            #expect(try session.feed(frame, into: &batch) == .samples)
            #expect(batch.points.count == containers)
        }
        let hundredths = bytes * 100 / (sweeps * containers)
        print(
            "\(containers) containers: \(Double(hundredths) / 100) bytes per container and sample,",
            "complete frame \(complete.bytes.count / containers)")
        #expect(hundredths <= 800)
        #expect(hundredths >= 300, "less than one byte a column: the load is no load")
    }
}
