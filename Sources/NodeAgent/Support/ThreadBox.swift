// SPDX-License-Identifier: Apache-2.0

/// A thread in a collection, which cannot hold what cannot be copied.
final class ThreadBox {
    private var thread: WorkerThread?

    init(_ thread: consuming WorkerThread) {
        self.thread = consume thread
    }

    func join() {
        thread.take()?.join()
    }

    /// For a thread that ends on its own in its own time.
    func leaveToProcess() {
        thread.take()?.detach()
    }
}
