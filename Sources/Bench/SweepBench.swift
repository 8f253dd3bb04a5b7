// SPDX-License-Identifier: Apache-2.0
import Cgroups

/// `Bench sweep --kubepods PATH --log-root DIR --containers N --sweeps N`: CPU of the agent's sampler by itself, sweep
/// after sweep, as sweep.N.ns. `Benchmarks/read_files.c` does the same with the same files and makes nothing of them.
enum SweepBench {
    /// Descriptors are held and names known from then on.
    static let warmUp = 20

    static func run(_ flags: inout Flags) throws {
        let roots = try flags.roots()
        let containers = try flags.number("containers", 1...20_000)
        let sweeps = try flags.number("sweeps", 1...100_000)
        try flags.finish()
        let sampler = try NodeSampler(roots: roots)
        for _ in 0..<warmUp { _ = try sampler.sweep() }
        let before = Clocks.ownCPU
        for _ in 0..<sweeps { _ = try sampler.sweep() }
        let used = Clocks.ownCPU - before
        try check(sampler, containers)
        try record("sweep.\(containers).ns", Double(used) / Double(sweeps))
    }

    /// Nothing was left out.
    static func check(_ sampler: NodeSampler, _ containers: Int) throws {
        let complete = sampler.slots.count {
            $0?.cpuNanoseconds != nil && $0?.workingSetBytes != nil && $0?.name != nil
        }
        guard complete == containers else {
            throw BenchError("the sampler read and named \(complete) of \(containers) containers")
        }
    }
}

extension Flags {
    mutating func roots() throws -> NodeRoots {
        NodeRoots(logs: try text("log-root"), kubepods: try text("kubepods"))
    }
}
