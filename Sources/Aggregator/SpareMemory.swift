// SPDX-License-Identifier: Apache-2.0
import CKernel
import Synchronization

/// Gives back to the kernel what a burst of work leaves behind: a list of all pods is decoded at once and most of it thrown
/// away, and malloc keeps what lies below anything that stays, in arenas that no later work may use.
public struct SpareMemory: Sendable {
    /// Blocks of so many bytes are the figures and answers of large lists, and tables of a cluster. Smaller ones are worth
    /// keeping: each mapping costs its page faults anew.
    static let mappedBlocks = 512 << 10

    /// For the whole process, at its start.
    public static func mapLargeBlocks() { CKernel_map_blocks(Int32(mappedBlocks)) }

    /// From one look to the next.
    static let lookInterval: Duration = .seconds(2)

    /// Says when to give back: once a burst is over, now and then while it lasts, and not often.
    struct Pacing: Sendable {
        /// From one time to the next: each takes malloc's locks for some milliseconds, and the pages of code that are in use
        /// come back by some hundred minor faults.
        static let pause: Duration = .seconds(10)

        /// At the last look.
        private var seen = 0
        /// When memory was last given back and nothing was under way.
        private var settled = 0
        /// When the first burst was seen, and when memory was last given back.
        private var began: ContinuousClock.Instant?
        private var last: ContinuousClock.Instant?

        /// - Parameter work: how many pieces of such work have been done since the start.
        mutating func isDue(work: Int, now: ContinuousClock.Instant) -> Bool {
            defer { seen = work }
            guard work != settled else { return false }
            let isOver = work == seen
            let since = last ?? began ?? now
            if began == nil { began = now }
            guard now - since >= Self.pause || (last == nil && isOver) else { return false }
            last = now
            // What a burst under way still holds is for the next time.
            if isOver { settled = work }
            return true
        }
    }

    /// How many pieces of work have been done that need memory for a short time; only whether it changes counts.
    let work: @Sendable () -> Int

    /// Sessions that began or ended, large lists that were answered, and `others`.
    init(_ ingest: IngestMetrics, others: @escaping @Sendable () -> Int = { 0 }) {
        work = {
            let begun = ingest.sessionsAccepted.load(ordering: .relaxed)
            let ended = begun - ingest.sessionsOpen.load(ordering: .relaxed)
            return begun + ended + HeavyWork.largeLists.load(ordering: .relaxed) + others()
        }
    }

    /// Until the task is cancelled. Not on an event loop: it blocks for some milliseconds at a time.
    func giveBackUntilCancelled() async {
        var pacing = Pacing()
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.lookInterval)
            if pacing.isDue(work: work(), now: .now) { _ = CKernel_give_back_pages() }
        }
    }
}
