// SPDX-License-Identifier: Apache-2.0
import CKernel
import Cgroups
import Glibc

/// `Bench heap --kubepods PATH --log-root DIR --containers N --early N --late N`: what sweep after sweep adds to the memory
/// of the agent's sampler: bytes that malloc handed out and pages of the process, from the sweep `early` to `late`.
enum HeapBench {
    static func run(_ flags: inout Flags) throws {
        let roots = try flags.roots()
        let containers = try flags.number("containers", 1...20_000)
        let early = try flags.number("early", SweepBench.warmUp...1_000_000)
        let late = try flags.number("late", (early + 1)...1_000_000)
        try flags.finish()
        let sampler = try NodeSampler(roots: roots)
        let own = try ObservedProcess(pid: Int(getpid()))
        // What looking takes is there from then on.
        _ = try held(own)
        for _ in 0..<early { _ = try sampler.sweep() }
        let before = try held(own)
        for _ in early..<late { _ = try sampler.sweep() }
        let after = try held(own)
        try SweepBench.check(sampler, containers)
        try record("heap.bytes", before.heap)
        try record("heap.grown", after.heap - before.heap)
        try record("heap.anonymousGrown", after.pages - before.pages)
    }

    private static func held(_ process: ObservedProcess) throws -> (heap: Int, pages: Int) {
        let pages = try process.memory().anonymous
        return (Int(CKernel_heap_bytes()), pages)
    }
}
