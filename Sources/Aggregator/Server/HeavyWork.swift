// SPDX-License-Identifier: Apache-2.0
import NIOPosix
import Synchronization

/// Where answers are made that would keep an event loop, and with it the agents on it, waiting.
///
/// Each answer has at most one piece of work here at a time, so the queue is as long as there are such answers.
enum HeavyWork {
    /// Two: one large list does not hold up the next, and ingest keeps the rest of the machine. They live as long as the
    /// process, and sleep when there is nothing to do.
    static let pool: NIOThreadPool = {
        let pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
        return pool
    }()

    /// Large lists whose figures have been freed, since the start.
    static let largeLists = Atomic(0)
}
