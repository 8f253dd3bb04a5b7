// SPDX-License-Identifier: Apache-2.0
import NIOPosix
import Synchronization

/// Waits for something another thread is about to do.
/// - Returns: false when it has not come true within so many seconds.
func eventually(within seconds: Int = 10, _ condition: () throws -> Bool) async throws -> Bool {
    for _ in 0..<200 * seconds {
        if try condition() { return true }
        try await Task.sleep(for: .milliseconds(5))
    }
    return false
}

/// Runs what blocks for long where it does not take one of the few threads that all tests share.
func offPool<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await blockingThreads.runIfActive(body)
}

/// Most of them wait for a child process.
private let blockingThreads: NIOThreadPool = {
    let pool = NIOThreadPool(numberOfThreads: 16)
    pool.start()
    return pool
}()

extension Atomic where Value == Int {
    /// What a counter shows now.
    var value: Int { load(ordering: .relaxed) }
}
