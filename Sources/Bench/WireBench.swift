// SPDX-License-Identifier: Apache-2.0
import Wire

/// `Bench wire --containers N --sweeps N`: the size of the frames of a node in its everyday life, without TLS.
enum WireBench {
    static func run(_ flags: inout Flags) throws {
        let containers = try flags.number("containers", 1...WireLimits.slots)
        let sweeps = try flags.number("sweeps", 1...100_000)
        try flags.finish()
        var load = SteadyLoad(containers: containers)
        var encoder = SampleEncoder()
        load.sweep(&encoder)
        let complete = try encoder.finish().bytes.count
        var bytes = 0
        for _ in 0..<sweeps {
            load.sweep(&encoder)
            bytes += try encoder.finish().bytes.count
        }
        try record("wire.bytes.\(containers)", Double(bytes) / Double(sweeps * containers))
        try record("wire.complete.\(containers)", Double(complete) / Double(containers))
    }
}
