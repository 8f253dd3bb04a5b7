// SPDX-License-Identifier: Apache-2.0

/// Decides whether a container's `memory.stat` is read in this sweep.
///
/// On some kernels that one file takes milliseconds: before Linux 4.16 its cost grew with the cgroups that are gone but
/// not forgotten, later ones first bring the sums of all CPUs up to date. Where it is slow it is read in one sweep of
/// four, and what it said of the inactive page cache is used until then; usage and CPU stay exact.
struct StatPacing {
    /// One read in a hundred that takes longer makes the file slow, ns.
    var threshold: UInt64 = 5_000_000
    /// In the sweeps that have to do without; a container's turn comes after as many.
    static let period = 4
    /// Reads after which is judged; fewer in a sweep are judged with those of the next.
    static let sampleSize = 200
    /// What all reads of one sweep may take together, ns; then the rest has to do with what is known.
    static let budget: UInt64 = 500_000_000

    private(set) var isPaced = false
    private var sweep = 0
    private var spent: UInt64 = 0
    private var reads = 0
    private var slowReads = 0

    mutating func beginSweep() {
        sweep &+= 1
        spent = 0
        guard reads >= Self.sampleSize else { return }
        isPaced = slowReads * 100 > reads
        reads = 0
        slowReads = 0
    }

    /// - Parameter isKnown: an earlier figure is there. Without one there would be no working set.
    func mayRead(slot: Int, isKnown: Bool) -> Bool {
        if !isKnown { return true }
        return spent < Self.budget && (!isPaced || (slot &+ sweep) % Self.period == 0)
    }

    mutating func took(_ nanoseconds: UInt64) {
        spent &+= nanoseconds
        reads &+= 1
        if nanoseconds > threshold { slowReads &+= 1 }
    }
}
