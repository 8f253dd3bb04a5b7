// SPDX-License-Identifier: Apache-2.0
import TLS

/// A thread in a collection, which cannot hold what cannot be copied.
final class ThreadBox {
    private var thread: WorkerThread?

    init(_ thread: consuming WorkerThread) {
        self.thread = consume thread
    }

    /// - Returns: whether the thread has ended by then. If not, ask again or ``leaveToProcess()``.
    func join(by deadline: Deadline) -> Bool {
        guard let running = thread.take() else { return true }
        if running.hasEnded(by: deadline) { return true }
        thread = consume running
        return false
    }

    /// For a thread that ends on its own in its own time.
    func leaveToProcess() {
        thread.take()?.detach()
    }
}
